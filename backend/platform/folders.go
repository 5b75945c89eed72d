package platform

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"syscall"

	"weightroom/backend"
	"weightroom/backend/fsys"
)

// Folders are the places Weightroom uses. All are below the data folder but Cache.
type Folders struct {
	Data   string // history, settings
	Models string // the library, in Ollama's layout
	Engine string // the engine's private home
	Logs   string
	Cache  string // may be deleted at any time
}

// EnvData is the environment variable that chooses the data folder.
const EnvData = "WEIGHTROOM_DATA"

// Resolve finds the folders without touching the disk. chosen is what the person asked for; empty means EnvData,
// and then the operating system's place for application data.
func Resolve(chosen string) (Folders, error) {
	data := chosen
	if data == "" {
		data = os.Getenv(EnvData)
	}
	if data == "" {
		base, err := dataBase()
		if err != nil {
			return Folders{}, backend.Fail(backend.CodeInvalid, err, "Weightroom does not know where to keep its data: there is no home folder.", "Start Weightroom with another data folder, or set "+EnvData+".")
		}
		data = filepath.Join(base, appFolder())
	}
	data, err := filepath.Abs(data)
	if err != nil {
		return Folders{}, backend.Fail(backend.CodeInvalid, err, "The data folder has no usable path.", "Start Weightroom with another data folder.")
	}
	f := Folders{
		Data:   data,
		Models: filepath.Join(data, "models"),
		Engine: filepath.Join(data, "engine"),
		Logs:   filepath.Join(data, "logs"),
		Cache:  filepath.Join(data, "cache"),
	}
	if cache, err := os.UserCacheDir(); err == nil && chosen == "" && os.Getenv(EnvData) == "" {
		f.Cache = filepath.Join(cache, appFolder())
	}
	return f, nil
}

func appFolder() string {
	if runtime.GOOS == "linux" {
		return "weightroom"
	}
	return "Weightroom"
}

func dataBase() (string, error) {
	switch runtime.GOOS {
	case "windows":
		if dir := os.Getenv("LOCALAPPDATA"); dir != "" {
			return dir, nil
		}
		return os.UserConfigDir()
	case "darwin":
		return os.UserConfigDir() // ~/Library/Application Support
	}
	if dir := os.Getenv("XDG_DATA_HOME"); filepath.IsAbs(dir) {
		return dir, nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(home, ".local", "share"), nil
}

// Make creates the folders, private to this person, and checks that they can be written to.
func (f Folders) Make() error {
	for _, dir := range []string{f.Data, f.Models, f.Engine, f.Logs} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return folderProblem(f.Data, err)
		}
	}
	probe, err := os.CreateTemp(f.Data, ".writable-*")
	if err != nil {
		return folderProblem(f.Data, err)
	}
	_ = probe.Close()
	return os.Remove(probe.Name())
}

func folderProblem(dir string, err error) error {
	switch {
	case errors.Is(err, fs.ErrPermission):
		return backend.Fail(backend.CodeReadOnly, err, "The data folder "+dir+" can't be written to.", "Make it writable, or start Weightroom with another data folder.")
	case errors.Is(err, syscall.ENOTDIR), errors.Is(err, fs.ErrExist):
		return backend.Fail(backend.CodeInvalid, err, "There is a file where the data folder "+dir+" should be.", "Move the file away, or start Weightroom with another data folder.")
	}
	if disk := fsys.Explain(err, "The data folder is "+dir+"; start Weightroom with another data folder."); disk != nil {
		return disk
	}
	return backend.Fail(backend.CodeInvalid, err, "The data folder "+dir+" can't be used.", "Start Weightroom with another data folder.")
}
