package testdrive

import (
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"

	"weightroom/backend"
	"weightroom/backend/fsys"
	"weightroom/backend/gguf"
)

// The names of weightless files, so that Sweep knows them.
const (
	filePrefix = "weightless-"
	fileSuffix = ".gguf"
)

// Write puts a weightless model at path and gives the disk space it takes. layers cuts it to its first blocks; 0: all
// of them. The weights are a hole, which the engine fills while it reads. Only of a model made of experts the norms and a
// part of each router are on disk, with either sign, so that tokens go to different experts.
// Whatever stops Write, no file is left.
func Write(path string, h *Header, layers int) (diskBytes int64, err error) {
	if layers > 0 {
		if h, err = h.Shorten(layers); err != nil {
			return 0, err
		}
	}
	return write(path, h, true)
}

// WriteTemp is Write to a file of its own in dir, which Sweep finds where the process is killed before the caller has
// removed it.
func WriteTemp(dir string, h *Header) (path string, err error) {
	path, _, err = writeTemp(dir, h, true)
	return path, err
}

func writeTemp(dir string, h *Header, routing bool) (path string, disk int64, err error) {
	f, err := os.CreateTemp(dir, filePrefix+"*"+fileSuffix)
	if err != nil {
		return "", 0, onDisk(err)
	}
	path = f.Name()
	_ = f.Close()
	if err := os.Remove(path); err != nil { // it is made anew
		return "", 0, onDisk(err)
	}
	disk, err = write(path, h, routing)
	return path, disk, err
}

// write is Write. Without routing a model of experts is a hole too, which is enough to be planned for.
func write(path string, h *Header, routing bool) (diskBytes int64, err error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return 0, onDisk(err)
	}
	defer func() {
		err = errors.Join(err, f.Close())
		if err != nil {
			_ = os.Remove(path)
		}
	}()
	if err := holes(f); err != nil {
		return 0, err
	}
	if err := h.File.WriteHeader(f); err != nil {
		return 0, onDisk(err)
	}
	if err := f.Truncate(h.File.Size); err != nil {
		return 0, onDisk(err)
	}
	if experts, _ := h.File.Experts(); routing && experts > 1 {
		if err := writeRouting(f, h.File); err != nil {
			return 0, onDisk(err)
		}
	}
	return fsys.Allocated(f)
}

// holes makes sure that the disk can hold a file with holes, before one of many gigabytes is made.
func holes(f *os.File) error {
	const probe = 32 << 20
	if err := fsys.AllowHoles(f); err != nil {
		return noHoles(err)
	}
	if err := f.Truncate(probe); err != nil {
		return onDisk(err)
	}
	used, err := fsys.Allocated(f)
	if err != nil {
		return onDisk(err)
	}
	if used > probe/2 {
		return noHoles(fmt.Errorf("an empty file of %d bytes takes %d", probe, used))
	}
	return f.Truncate(0)
}

func noHoles(err error) error {
	return backend.Fail(backend.CodeUnsupported, err, "This disk can't hold a model file without its weights.", "Put the data folder on an ordinary disk (not a memory card or a network folder).")
}

func onDisk(err error) error {
	var e *backend.Error
	switch {
	case errors.As(err, &e):
		return err
	case fsys.IsTooLarge(err): // the disk is not full: its file system ends before this length
		return noHoles(err)
	case errors.Is(err, os.ErrPermission):
		return backend.Fail(backend.CodeDenied, err, "The data folder can't be written to.", "Check its permissions.")
	}
	if disk := fsys.Explain(err, ""); disk != nil {
		return disk
	}
	return fsys.BadDisk(err, "")
}

// routerColumns is how many columns of a router are random: a part of each row, to touch few pages of the disk.
const routerColumns = 256

// writeRouting fills what decides which experts a token goes to. The seed is fixed, so that runs can be compared.
func writeRouting(w io.WriterAt, f *gguf.File) error {
	r := rand.NewChaCha8([32]byte{1})
	for _, t := range f.Tensors {
		var err error
		switch at := f.DataOffset + t.Offset; {
		case strings.HasSuffix(t.Name, "ffn_gate_inp.weight") && t.Type == gguf.F32 && len(t.Shape) == 2:
			err = eachRow(w, at, t, min(t.Shape[0], routerColumns), func() float32 { return float32(r.Uint64()>>40)/(1<<23) - 1 })
		case strings.HasSuffix(t.Name, "_norm.weight") && t.Type == gguf.F32 && len(t.Shape) == 1:
			err = eachRow(w, at, t, t.Shape[0], func() float32 { return 1 })
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// eachRow writes the first columns of each row of a 32-bit tensor.
func eachRow(w io.WriterAt, at int64, t gguf.Tensor, columns int64, next func() float32) error {
	rows := t.Elements() / t.Shape[0]
	buf := make([]byte, columns*4)
	for row := range rows {
		for i := range columns {
			putFloat(buf[i*4:], next())
		}
		if _, err := w.WriteAt(buf, at+row*t.Shape[0]*4); err != nil {
			return err
		}
	}
	return nil
}

func putFloat(b []byte, v float32) {
	n := math.Float32bits(v)
	b[0], b[1], b[2], b[3] = byte(n), byte(n>>8), byte(n>>16), byte(n>>24)
}

// Sweep removes the weightless files that a killed run left in dir, and says how many. It must not run while a drive
// does.
func Sweep(dir string) (removed int, err error) {
	left, err := filepath.Glob(filepath.Join(dir, filePrefix+"*"+fileSuffix))
	if err != nil {
		return 0, err
	}
	for _, path := range left {
		if e := os.Remove(path); e != nil && !os.IsNotExist(e) {
			err = errors.Join(err, onDisk(e))
			continue
		}
		removed++
	}
	return removed, err
}
