package store

import (
	"errors"
	"fmt"
	"sync"
	"testing"
)

func TestUpdatesAtTheSameTimeAreAllKept(t *testing.T) {
	t.Parallel()
	s := mustOpen(t, t.TempDir(), Options{})
	ctx := t.Context()
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			var names []string
			if err := s.Update(ctx, "names", &names, func() error { names = append(names, fmt.Sprint(i)); return nil }); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	var names []string
	if _, err := s.Get(ctx, "names", &names); err != nil || len(names) != 20 {
		t.Errorf("%v, %v", names, err)
	}
	no := errors.New("no")
	if err := s.Update(ctx, "names", &names, func() error { names = nil; return no }); !errors.Is(err, no) {
		t.Error(err)
	}
	names = nil
	if _, err := s.Get(ctx, "names", &names); err != nil || len(names) != 20 {
		t.Errorf("a change that failed was stored: %v, %v", names, err)
	}
}
