package app

import (
	"context"
	"io/fs"

	"github.com/wailsapp/wails/v2"
	"github.com/wailsapp/wails/v2/pkg/logger"
	"github.com/wailsapp/wails/v2/pkg/options"
	"github.com/wailsapp/wails/v2/pkg/options/assetserver"
	"github.com/wailsapp/wails/v2/pkg/options/linux"
	"github.com/wailsapp/wails/v2/pkg/options/windows"
	"github.com/wailsapp/wails/v2/pkg/runtime"
)

// paper is the page's background, so that the window does not flash white before the page is there.
var paper = &options.RGBA{R: 0xf7, G: 0xf6, B: 0xf3, A: 0xff} //nolint:gochecknoglobals // Wails wants a pointer

// RunWindow opens the window and returns when it is closed. It must run on the main thread.
func RunWindow(w *Window, page fs.FS) error {
	assets, err := fs.Sub(page, "frontend/dist")
	if err != nil {
		return err
	}
	return wails.Run(&options.App{
		Title:            "Weightroom",
		Width:            1280,
		Height:           820,
		MinWidth:         900,
		MinHeight:        600,
		AssetServer:      &assetserver.Options{Assets: assets},
		BackgroundColour: paper,
		OnStartup: func(ctx context.Context) {
			w.Startup(ctx)
			runtime.OnFileDrop(ctx, func(_, _ int, paths []string) { w.Library.drop(paths) })
			go w.watchPage()
		},
		OnBeforeClose:            w.BeforeClose,
		OnShutdown:               w.Shutdown,
		Bind:                     w.Bound(),
		ErrorFormatter:           FormatError,
		EnableDefaultContextMenu: true,
		DragAndDrop:              &options.DragAndDrop{EnableFileDrop: true},
		LogLevel:                 logger.WARNING,
		LogLevelProduction:       logger.ERROR,
		Linux:                    &linux.Options{ProgramName: "weightroom", WebviewGpuPolicy: linux.WebviewGpuPolicyOnDemand},
		Windows:                  &windows.Options{Theme: windows.SystemDefault},
	})
}
