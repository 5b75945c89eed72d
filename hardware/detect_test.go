package hardware

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

var update = flag.Bool("update", false, "write the golden files from what is detected now")

// TestRecordedMachines compares everything that is detected on each recorded machine with a golden file, which a person
// has read.
func TestRecordedMachines(t *testing.T) {
	for _, name := range recordings(t) {
		t.Run(name, func(t *testing.T) {
			m, err := newDetector(readRecording(t, name).host(t)).detect(t.Context(), Options{ModelsPath: "/models"})
			if err != nil {
				t.Fatal(err)
			}
			got, err := json.MarshalIndent(m, "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, '\n')
			golden := filepath.Join("testdata", "machines", name+".json")
			if *update {
				if err := os.WriteFile(golden, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != string(want) {
				t.Errorf("detected:\n%s\nwant what %s says", got, golden)
			}
		})
	}
}

func TestDetect(t *testing.T) {
	t.Run("this machine is detected with no note but those of limits", func(t *testing.T) {
		start := time.Now()
		m, err := Detect(t.Context(), Options{ModelsPath: t.TempDir(), SkipGPUs: true})
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("took %v", time.Since(start))
		if m.CPU.LogicalCores < 1 || m.CPU.UsableCores < 1 || m.CPU.PhysicalCores > m.CPU.LogicalCores ||
			m.Memory.TotalBytes <= 0 || m.Memory.AvailableBytes <= 0 || m.Memory.AvailableBytes > m.Memory.TotalBytes ||
			m.Disk.FreeBytes <= 0 || m.Disk.FreeBytes > m.Disk.TotalBytes {
			t.Errorf("%+v", m)
		}
		for _, n := range m.Notes {
			if n.Code != NoteMemoryLimited && n.Code != NoteCPULimited && n.Code != NoteTranslated {
				t.Errorf("note %+v", n)
			}
		}
	})

	t.Run("memory is polled on its own", func(t *testing.T) {
		m, err := ReadMemory(t.Context())
		if err != nil || m.TotalBytes <= 0 || m.AvailableBytes <= 0 {
			t.Errorf("%+v, %v", m, err)
		}
	})

	t.Run("graphics processors are polled on their own", func(t *testing.T) {
		h := readRecording(t, "desktop-nvidia-two").host(t)
		gpus, notes, err := ReadGPUs(t.Context(), Options{Root: h.root, Run: h.run})
		if err != nil || gpus == nil || notes == nil {
			t.Errorf("%v, %v, %v", gpus, notes, err)
		}
	})

	t.Run("no list is null in JSON", func(t *testing.T) {
		m, err := newDetector(readRecording(t, "nothing-readable").host(t)).detect(t.Context(), Options{})
		if err != nil {
			t.Fatal(err)
		}
		b, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(b), "null") {
			t.Errorf("%s", b)
		}
	})

	t.Run("a machine survives its JSON", func(t *testing.T) {
		m, err := newDetector(readRecording(t, "laptop-amd-apu").host(t)).detect(t.Context(), Options{})
		if err != nil {
			t.Fatal(err)
		}
		b, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		var again Machine
		if err := json.Unmarshal(b, &again); err != nil || !reflect.DeepEqual(again, m) {
			t.Errorf("got %+v, %v", again, err)
		}
	})

	t.Run("graphics processors are left out when they are not wanted", func(t *testing.T) {
		h := readRecording(t, "desktop-nvidia-two").host(t)
		h.run = func(_ context.Context, name string, _ ...string) ([]byte, error) {
			t.Errorf("%s was run", name)
			return nil, errors.New("no")
		}
		m, err := newDetector(h).detect(t.Context(), Options{SkipGPUs: true})
		if err != nil || len(m.GPUs) != 0 {
			t.Errorf("%+v, %v", m.GPUs, err)
		}
	})

	t.Run("a cancelled detection ends with the context's error", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := newDetector(readRecording(t, "desktop-nvidia-two").host(t)).detect(ctx, Options{}); !errors.Is(err, context.Canceled) {
			t.Errorf("error %v", err)
		}
	})

	t.Run("a tool that hangs is given up and the rest is kept", func(t *testing.T) {
		for _, name := range []string{"desktop-nvidia-two", "laptop-windows-intel-nvidia"} {
			synctest.Test(t, func(t *testing.T) {
				h := readRecording(t, name).host(t)
				h.run = func(ctx context.Context, _ string, _ ...string) ([]byte, error) {
					<-ctx.Done()
					return nil, ctx.Err()
				}
				start := time.Now()
				m, err := newDetector(h).detect(t.Context(), Options{ModelsPath: "/models"})
				if err != nil {
					t.Fatal(err)
				}
				if took := time.Since(start); took > 20*time.Second {
					t.Errorf("%s: took %v", name, took)
				}
				if m.Memory.TotalBytes == 0 || m.CPU.Model == "" || !hasNote(m, NoteNVIDIATool) {
					t.Errorf("%s: %+v", name, m)
				}
			})
		}
	})

	t.Run("a disk that never answers is given up", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			answer := make(chan struct{})
			h := readRecording(t, "laptop-intel-hybrid").host(t)
			h.sys.disk = func(string) (int64, int64, error) {
				<-answer
				return 0, 0, errors.New("late")
			}
			m, err := newDetector(h).detect(t.Context(), Options{ModelsPath: "/models"})
			if err != nil || !hasNote(m, NoteDetectionStuck) {
				t.Errorf("%+v, %v", m.Notes, err)
			}
			close(answer)
		})
	})

	t.Run("a models folder that does not exist yet takes its parent's disk", func(t *testing.T) {
		dir := t.TempDir()
		h := newHost(Options{})
		d, notes := newDetector(h).disk(t.Context(), filepath.Join(dir, "not", "yet", "there"))
		if len(notes) != 0 || d.TotalBytes <= 0 || d.Path != filepath.Join(dir, "not", "yet", "there") {
			t.Errorf("%+v, %v", d, notes)
		}
	})

	t.Run("no models folder named means the home folder", func(t *testing.T) {
		d, notes := newDetector(newHost(Options{})).disk(t.Context(), "")
		if len(notes) != 0 || d.Path == "" || d.TotalBytes <= 0 {
			t.Errorf("%+v, %v", d, notes)
		}
	})
}

func hasNote(m Machine, code string) bool {
	return slices.ContainsFunc(m.Notes, func(n Note) bool { return n.Code == code })
}

func TestNotes(t *testing.T) {
	t.Run("each has a sentence and says what to do", func(t *testing.T) {
		codes := map[string]bool{}
		for _, n := range []Note{
			memoryUnknown(nil), cpuUnknown(nil), diskUnknown(nil), memoryLimited(), cpuLimited(), translated(),
			nvidiaToolFailed(nil), nvidiaSlicesUnknown(nil), gpuListFailed(nil), detectionStuck("disk"),
		} {
			if codes[n.Code] || n.Code == "" || !strings.HasSuffix(n.Title, ".") || !strings.HasSuffix(n.Hint, ".") {
				t.Errorf("%+v", n)
			}
			codes[n.Code] = true
		}
	})
}

func BenchmarkDetectWithoutGPUs(b *testing.B) {
	for b.Loop() {
		if _, err := Detect(b.Context(), Options{SkipGPUs: true}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDetect(b *testing.B) {
	for b.Loop() {
		if _, err := Detect(b.Context(), Options{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkReadMemory(b *testing.B) {
	for b.Loop() {
		if _, err := ReadMemory(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}
