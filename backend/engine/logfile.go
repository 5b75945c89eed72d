package engine

import (
	"os"
	"path/filepath"
	"sync"
)

// maxLogBytes is when the log starts over; one older file is kept beside it.
const maxLogBytes = 4 << 20

// logFile is the engine's own words, in a file a person can open. Writing never fails its caller: an engine on a
// full disk goes on without a log.
type logFile struct {
	heard func([]byte) // gets all of it too; nil: nobody

	mu   sync.Mutex
	path string
	file *os.File
	size int64
}

func openLog(path string) *logFile {
	l := &logFile{path: path}
	_ = os.MkdirAll(filepath.Dir(path), 0o700)
	l.open()
	return l
}

func (l *logFile) open() {
	file, err := os.OpenFile(l.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		l.file = nil
		return
	}
	l.file, l.size = file, 0
	if info, err := file.Stat(); err == nil {
		l.size = info.Size()
	}
}

// Write appends p, and begins a new file first when this one is full.
func (l *logFile) Write(p []byte) (int, error) {
	if l.heard != nil {
		l.heard(p)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file != nil && l.size+int64(len(p)) > maxLogBytes {
		_ = l.file.Close()
		_ = os.Rename(l.path, l.path+".1")
		l.open()
	}
	if l.file != nil {
		n, _ := l.file.Write(p)
		l.size += int64(n)
	}
	return len(p), nil
}

// Close closes the file.
func (l *logFile) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file == nil {
		return nil
	}
	err := l.file.Close()
	l.file = nil
	return err
}
