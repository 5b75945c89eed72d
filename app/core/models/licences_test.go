package models

import (
	"sync"
	"testing"

	"weightroom/backend/catalog"
	"weightroom/backend/store"
)

func TestLicencesAcceptedAtTheSameTimeAreAllKept(t *testing.T) {
	history, _, err := store.Open(t.Context(), t.TempDir(), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer history.Close()
	d := NewDownloads(Options{History: history})
	ids := []string{"llama3.1", "gemma", "qwen", "llama4"}
	var all sync.WaitGroup
	for _, id := range ids {
		all.Go(func() {
			if _, err := d.accept(t.Context(), resolved{terms: catalog.Licence{ID: id}}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if got := d.accepted(t.Context()); len(got) != len(ids) {
		t.Errorf("%d of %d licences are kept: %v", len(got), len(ids), got)
	}
}
