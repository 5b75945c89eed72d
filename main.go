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
	if app.Generating {
		cli.WriteBindings(page)
		return
	}
	os.Exit(cli.Main(context.Background(), os.Args[1:], page))
}
