package hardware

import (
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path"
	"runtime"
	"strconv"
	"strings"
)

// A host is the machine as the probes see it: files, tools and system calls, each replaceable by a recording.
type host struct {
	goos, goarch string
	root         fs.FS
	run          Runner
	env          func(string) string
	sys          system
	log          *slog.Logger
}

// A system holds what comes from system calls. registry, processors, memory and power are Windows's and nil elsewhere.
type system struct {
	disk       func(path string) (total, free int64, err error)
	features   func() []string
	threads    func() int // that this process may run at once, by its affinity
	memory     func() (Memory, error)
	processors func() ([]byte, error)                 // SYSTEM_LOGICAL_PROCESSOR_INFORMATION_EX records
	registry   func(key, value string) (string, bool) // below HKEY_LOCAL_MACHINE
	power      func() Power
}

func newHost(o Options) *host {
	h := &host{
		goos: runtime.GOOS, goarch: runtime.GOARCH,
		root: o.Root, run: o.Run, env: os.Getenv, sys: thisSystem(), log: o.Log,
	}
	if h.root == nil {
		h.root = os.DirFS("/")
	}
	if h.run == nil {
		h.run = RunTool
	}
	if h.log == nil {
		h.log = slog.New(slog.DiscardHandler)
	}
	return h
}

// read returns a file's text without surrounding white space, and "" where it can't be read. Names have no leading
// slash.
func (h *host) read(name string) string {
	text, _ := h.readErr(name)
	return text
}

func (h *host) readErr(name string) (string, error) {
	b, err := fs.ReadFile(h.root, clean(name))
	if err != nil {
		return "", err
	}
	// Firmware strings end in NUL.
	return strings.TrimSpace(strings.TrimRight(string(b), "\x00")), nil
}

// readInt reads a file that holds one number, decimal or 0x…; ok is false where there is none.
func (h *host) readInt(name string) (n int64, ok bool) {
	return parseInt(h.read(name))
}

func (h *host) exists(name string) bool {
	_, err := fs.Stat(h.root, clean(name))
	// A folder that may not be entered is there.
	return err == nil || errors.Is(err, fs.ErrPermission)
}

// list returns the names in a folder, sorted, and none where it can't be read.
func (h *host) list(name string) []string {
	entries, _ := fs.ReadDir(h.root, clean(name))
	names := make([]string, 0, len(entries))
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// clean makes a name that [fs.ValidPath] accepts.
func clean(name string) string {
	return strings.TrimPrefix(path.Clean("/"+name), "/")
}

func parseInt(s string) (int64, bool) {
	n, err := strconv.ParseInt(strings.TrimSpace(s), 0, 64)
	return n, err == nil
}

// field returns the value of "key<sep>value" among the lines of text.
func field(text, key, sep string) string {
	for line := range strings.Lines(text) {
		if k, v, ok := strings.Cut(line, sep); ok && strings.TrimSpace(k) == key {
			return strings.TrimSpace(v)
		}
	}
	return ""
}
