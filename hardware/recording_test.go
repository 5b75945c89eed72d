package hardware

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
)

// A recording is a machine in a text file: sections that begin with a line "-- name --". The name is a file's path, or
// "$ " and the start of a command's line, or one of machine, registry and processors. "(escaped)" after a file's name
// means that its text has Go's escapes, for bytes that are no text. See testdata/README.md.
type recording map[string]string

func readRecording(t testing.TB, name string) recording {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", "machines", name+".txt"))
	if err != nil {
		t.Fatal(err)
	}
	r, err := parseRecording(string(b))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return r
}

func parseRecording(text string) (recording, error) {
	r := recording{}
	section := ""
	for line := range strings.Lines(text) {
		if name, ok := strings.CutPrefix(strings.TrimRight(line, "\n"), "-- "); ok && strings.HasSuffix(name, " --") {
			section = strings.TrimSuffix(name, " --")
			if _, twice := r[section]; twice {
				return nil, fmt.Errorf("section %q is there twice", section)
			}
			r[section] = ""
			continue
		}
		r[section] += line
	}
	for name, text := range r {
		if plain, ok := strings.CutSuffix(name, " (escaped)"); ok {
			s, err := strconv.Unquote(`"` + strings.TrimSuffix(text, "\n") + `"`)
			if err != nil {
				return nil, fmt.Errorf("section %q: %w", name, err)
			}
			delete(r, name)
			r[plain] = s
		}
	}
	return r, nil
}

// host makes the recorded machine one that can be probed.
func (r recording) host(t testing.TB) *host {
	t.Helper()
	files := fstest.MapFS{}
	for name, text := range r {
		if !strings.HasPrefix(name, "$ ") && name != "machine" && name != "registry" && name != "processors" {
			files[name] = &fstest.MapFile{Data: []byte(text)}
		}
	}
	facts, env := map[string]string{}, map[string]string{}
	for line := range strings.Lines(r["machine"]) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		if name, ok := strings.CutPrefix(key, "env "); ok {
			env[name] = value
			continue
		}
		facts[key] = value
	}
	return &host{
		goos: facts["goos"], goarch: facts["goarch"], root: files, run: r.run,
		env: func(key string) string { return env[key] },
		log: slog.New(slog.DiscardHandler),
		sys: r.system(t, facts),
	}
}

func (r recording) system(t testing.TB, facts map[string]string) system {
	numbers := func(key string) []int64 {
		var list []int64
		for w := range strings.FieldsSeq(facts[key]) {
			n, err := strconv.ParseInt(w, 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			list = append(list, n)
		}
		return list
	}
	s := system{
		disk: func(string) (int64, int64, error) {
			if n := numbers("disk"); len(n) == 2 {
				return n[0], n[1], nil
			}
			return 0, 0, errors.New("no disk was recorded")
		},
		features: func() []string { return namesIn(facts["features"]) },
		threads: func() int {
			if n := numbers("threads"); len(n) == 1 {
				return int(n[0])
			}
			return maxCPUs // no affinity was recorded
		},
	}
	if facts["goos"] != "windows" {
		return s
	}
	s.memory = func() (Memory, error) {
		n := numbers("memory")
		if len(n) != 4 {
			return Memory{}, errors.New("no memory was recorded")
		}
		return Memory{TotalBytes: n[0], PhysicalBytes: n[0], AvailableBytes: n[1], SwapTotalBytes: n[2], SwapFreeBytes: n[3]}, nil
	}
	s.processors = func() ([]byte, error) { return processorBytes(t, r["processors"]), nil }
	s.registry = func(key, value string) (string, bool) {
		for line := range strings.Lines(r["registry"]) {
			if text, ok := strings.CutPrefix(strings.TrimRight(line, "\n"), key+"|"+value+"="); ok {
				return text, true
			}
		}
		return "", false
	}
	return s
}

func namesIn(list string) []string {
	have := words(list)
	return namesWhere(func(f feature) bool { return have[f.name] })
}

// run is a [Runner] that prints what was recorded. A command that was not recorded is not installed. The longest
// section that begins the command's line is the one.
func (r recording) run(ctx context.Context, name string, args ...string) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	line := "$ " + strings.Join(append([]string{name}, args...), " ")
	best := ""
	for section := range r {
		if strings.HasPrefix(section, "$ ") && strings.HasPrefix(line, section) && len(section) > len(best) {
			best = section
		}
	}
	if best == "" {
		return nil, &exec.Error{Name: name, Err: exec.ErrNotFound}
	}
	out := r[best]
	if status, rest, ok := strings.Cut(out, "\n"); ok && strings.HasPrefix(status, "# exit ") {
		return []byte(rest), errors.New(strings.TrimPrefix(status, "# "))
	}
	return []byte(out), nil
}

// processorBytes writes lines such as "core class=1 threads=2" as the records Windows would return.
func processorBytes(t testing.TB, text string) []byte {
	t.Helper()
	var out []byte
	first := 0
	for line := range strings.Lines(text) {
		f := map[string]int{}
		kind, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		for w := range strings.FieldsSeq(rest) {
			k, v, _ := strings.Cut(w, "=")
			n, err := strconv.Atoi(v)
			if err != nil {
				t.Fatal(err)
			}
			f[k] = n
		}
		b := make([]byte, 48)
		binary.LittleEndian.PutUint32(b[4:], uint32(len(b)))
		switch kind {
		case "core":
			b[9] = byte(f["class"])
			binary.LittleEndian.PutUint16(b[30:], 1)
			binary.LittleEndian.PutUint64(b[32:], (1<<f["threads"]-1)<<first)
			first += f["threads"]
		case "cache":
			binary.LittleEndian.PutUint32(b, 2)
			b[8] = byte(f["level"])
			binary.LittleEndian.PutUint32(b[12:], uint32(f["size"]))
			binary.LittleEndian.PutUint32(b[16:], uint32(f["type"]))
		default:
			t.Fatalf("unknown record %q", kind)
		}
		out = append(out, b...)
	}
	return out
}

// recordings lists the recorded machines.
func recordings(t testing.TB) []string {
	t.Helper()
	files, err := fs.Glob(os.DirFS("testdata/machines"), "*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no recordings: %v", err)
	}
	for i := range files {
		files[i] = strings.TrimSuffix(files[i], ".txt")
	}
	return files
}
