package cli

import (
	"bytes"
	"context"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"

	"weightroom/app"
	"weightroom/app/core"
	"weightroom/backend"
	"weightroom/backend/platform"
)

// maxLogBytes is when the app's log starts over at the next start.
const maxLogBytes = 4 << 20

// openWindow takes the data folder and opens the window, or asks the process that has the folder to show its own.
func openWindow(ctx context.Context, s *session, page fs.FS) error {
	if runtime.GOOS == "linux" && os.Getenv("DISPLAY") == "" && os.Getenv("WAYLAND_DISPLAY") == "" {
		return backend.Fail(backend.CodeUnsupported, nil, "There is no display to open a window on.",
			`Use a command instead, such as: weightroom run smollm2-135m "What is the capital of France?" (all of them: weightroom --help)`)
	}
	folders, err := platform.Resolve(s.data)
	if err != nil {
		return failWindow(folders, err, page)
	}
	if err := folders.Make(); err != nil {
		return failWindow(folders, err, page)
	}
	instance, reply, err := platform.Acquire(ctx, folders.Data, platform.Request{Dir: s.dir})
	if err != nil {
		return failWindow(folders, err, page)
	}
	if reply != nil {
		return nil // the running window came to the front
	}
	defer instance.Close() //nolint:errcheck // the process ends
	if log := openLog(filepath.Join(folders.Logs, "weightroom.log")); log != nil {
		defer log.Close() //nolint:errcheck // the process ends
		logTo(log, slog.LevelInfo)
	}
	w := app.NewWindow(folders)
	go instance.Serve(func(r platform.Request) platform.Reply {
		if len(r.Args) == 0 {
			w.Show()
			return platform.Reply{}
		}
		var reply platform.Reply
		w.Command(ctx, func(ctx context.Context) { reply = serve(ctx, w.Core, r) })
		return reply
	})
	return app.RunWindow(w, page)
}

// failWindow shows in a window why the app can't start, for those who did not start it from a terminal, and returns
// the error for those who did.
func failWindow(folders platform.Folders, err error, page fs.FS) error {
	w := app.NewWindow(folders)
	w.FailWith(err)
	if windowErr := app.RunWindow(w, page); windowErr != nil {
		slog.Error("window failed", "error", windowErr)
	}
	return err
}

func openLog(path string) *os.File {
	if info, err := os.Stat(path); err == nil && info.Size() > maxLogBytes {
		_ = os.Rename(path, path+".1")
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil // a log is no reason not to start
	}
	return file
}

// serve runs a command that a second start handed over, in the owner's process and with its open Core.
func serve(ctx context.Context, opened func() (*core.Core, error), request platform.Request) platform.Reply {
	var stdout, stderr bytes.Buffer
	s := &session{stdout: &stdout, stderr: &stderr, args: request.Args, dir: request.Dir}
	s.open = func(ctx context.Context, _ *session, _ bool) (*core.Core, func(), error) {
		if ctx.Err() != nil {
			return nil, nil, ctx.Err()
		}
		c, err := opened()
		return c, func() {}, err
	}
	exit := s.run(ctx, func(context.Context) error { return errUsage })
	return platform.Reply{Stdout: stdout.String(), Stderr: stderr.String(), Exit: exit}
}

// WriteBindings has Wails write the page's bindings, where it runs main for that alone.
func WriteBindings(page fs.FS) { _ = app.RunWindow(app.NewWindow(platform.Folders{}), page) }
