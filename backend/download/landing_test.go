package download

import (
	"encoding/json"
	"os"
	"reflect"
	"strings"
	"testing"

	"weightroom/backend"
	"weightroom/backend/download/downloadtest"
	"weightroom/backend/download/web"
)

// TestNotesAreRead reads a list as it was stored when what a download becomes was a text in its note.
func TestNotesAreRead(t *testing.T) {
	old, err := os.ReadFile("testdata/queue/notes.json")
	if err != nil {
		t.Fatal(err)
	}
	store := &downloadtest.Memory{Docs: map[string][]byte{queueKey: old}}
	hold := func(o *QueueOptions) { o.Store, o.Allow = store, func(Download) bool { return false } }
	apache := backend.Licence{Name: "Apache License 2.0", OpenSource: true, Commercial: true}
	page := "https://huggingface.co/Qwen/Qwen3-4B-GGUF"
	revision := "bc640142c66e1fdd12af0bd68f40445458f3869b"
	want := []struct {
		state   State
		landing Landing
	}{
		{StateQueued, Landing{Ref: "qwen3-4b:Q4_K_M", Name: "Qwen3 4B", Named: true, Quant: "Q4_K_M", Host: "huggingface.co", Licence: apache, Page: page, Revision: revision,
			Here: []web.Item{{Name: "mmproj-F16.gguf", Kind: backend.KindProjector, Digest: "sha256:" + strings.Repeat("b", 64), Bytes: 12, Address: page + "/resolve/" + revision + "/mmproj-F16.gguf"}}}},
		{StatePaused, Landing{Ref: "example.org/some.gguf", Name: "Some"}}, // had none
		{StateQueued, Landing{Ref: "llama3.1:8b", Name: "Broken"}},         // had one that can't be read
		{StateFailed, Landing{Ref: "run-failed:latest", Name: "Failed", Host: "example.org"}},
		{StateDone, Landing{Ref: "done:Q8_0", Name: "Done", Quant: "Q8_0", Host: "huggingface.co"}},
	}
	check := func(t *testing.T, list []Download) {
		t.Helper()
		if len(list) != len(want) {
			t.Fatalf("%d downloads, want %d", len(list), len(want))
		}
		for i, d := range list {
			if d.State != want[i].state || !reflect.DeepEqual(d.Landing, want[i].landing) {
				t.Errorf("download %d is %s and becomes %+v, want %s and %+v", i, d.State, d.Landing, want[i].state, want[i].landing)
			}
		}
	}
	b := openBench(t, hold)
	first := b.List()
	check(t, first)
	if d := first[0]; d.Ref != "qwen3-4b:Q4_K_M" || d.Items[0].Bytes != 2497280256 || d.LicenceAccepted.Year() != 2026 || d.Total != 2497280256 {
		t.Errorf("the first download is %+v", d)
	}
	t.Run("and stored as fields", func(t *testing.T) {
		if err := b.Move(t.Context(), first[0].ID, 0); err != nil {
			t.Fatal(err)
		}
		b.Close()
		var stored []map[string]any
		if err := json.Unmarshal(store.Docs[queueKey], &stored); err != nil {
			t.Fatal(err)
		}
		for i, d := range stored {
			if d["note"] != nil || d["landing"] == nil {
				t.Errorf("download %d is stored as %v", i, d)
			}
		}
		b.open()
		check(t, b.List())
	})
}

// TestLandingIsSetForEveryDownload holds what readers of a list rely on.
func TestLandingIsSetForEveryDownload(t *testing.T) {
	b := openBench(t, func(o *QueueOptions) { o.Allow = func(Download) bool { return false } })
	items := []web.Item{{Name: "a.gguf", Kind: backend.KindModel, Bytes: 1, Address: "https://example.org/a.gguf"}}
	for _, c := range []struct {
		name        string
		given, want Landing
	}{
		{"given", Landing{Ref: "a:Q4_0", Name: "A", Quant: "Q4_0"}, Landing{Ref: "a:Q4_0", Name: "A", Quant: "Q4_0"}},
		{"by its reference", Landing{}, Landing{Ref: "by its reference", Name: "B"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, err := b.Add(t.Context(), Download{Ref: c.name, Name: "B", Items: items, Landing: c.given})
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(d.Landing, c.want) {
				t.Errorf("becomes %+v, want %+v", d.Landing, c.want)
			}
		})
	}
}
