package app

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	goruntime "runtime"

	"github.com/wailsapp/wails/v2/pkg/runtime"

	"weightroom/backend"
)

// chooseFile lets the person pick a file; empty: they cancelled. patterns are separated by semicolons.
func (h *host) chooseFile(title, kind, patterns string) (string, error) {
	return runtime.OpenFileDialog(h.ctx, runtime.OpenDialogOptions{
		Title:   title,
		Filters: []runtime.FileFilter{{DisplayName: kind, Pattern: patterns}, {DisplayName: "All files", Pattern: "*"}},
	})
}

// saveFile asks where to write data and writes it; an empty path: the person cancelled.
func (h *host) saveFile(title, name string, data []byte) (string, error) {
	path, err := runtime.SaveFileDialog(h.ctx, runtime.SaveDialogOptions{Title: title, DefaultFilename: name})
	if err != nil || path == "" {
		return "", err
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		return "", backend.Fail(backend.CodeDenied, err, filepath.Base(path)+" could not be written.", "Choose another folder.")
	}
	return path, nil
}

// openPath opens a file or folder with the program the person's system has for it.
func openPath(ctx context.Context, path string) error {
	ctx = context.WithoutCancel(ctx) // the viewer outlives the call
	var cmd *exec.Cmd
	switch goruntime.GOOS {
	case "darwin":
		cmd = exec.CommandContext(ctx, "open", path)
	case "windows":
		cmd = exec.CommandContext(ctx, "explorer", path)
	default:
		cmd = exec.CommandContext(ctx, "xdg-open", path)
	}
	if err := cmd.Start(); err != nil {
		return backend.Fail(backend.CodeDenied, err, "No program on this system opens "+path+".", "Open it by hand.")
	}
	go func() { _ = cmd.Wait() }()
	return nil
}

// chooseFolder lets the person pick a folder; empty: they cancelled.
func (h *host) chooseFolder(title string) (string, error) {
	return runtime.OpenDirectoryDialog(h.ctx, runtime.OpenDialogOptions{Title: title, CanCreateDirectories: true})
}
