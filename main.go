// Weightroom runs open-weight language models offline. With no command it opens the window.
package main

import (
	"context"
	"embed"
	"os"

	"weightroom/app"
	"weightroom/app/cli"
)

//go:embed all:frontend/dist
var page embed.FS

func main() {
	if generating {
		// Wails runs main to generate the page's bindings: nothing may be opened then.
		_ = app.RunWindow(app.NewWindow(cli.NoFolders()), page)
		return
	}
	os.Exit(cli.Main(context.Background(), os.Args[1:], page))
}
