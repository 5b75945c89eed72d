package app

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"weightroom/backend/library"
)

// TestWhatTheAppDoesByItself holds that it is a task from beginning to end, and is not begun again after a person has
// stopped it.
func TestWhatTheAppDoesByItself(t *testing.T) {
	w, sent := open(t)
	if _, err := w.Core(); err != nil {
		t.Fatal(err)
	}
	begun := 0
	work := func(ctx context.Context, report func(step)) (string, error) {
		begun++
		report(step{waits: "answer"})
		all, err := w.Tasks.List()
		i := slices.IndexFunc(all, func(p TaskProgress) bool { return p.Kind == "bandwidth" && p.Waits == "answer" })
		if err != nil || i < 0 {
			t.Errorf("not listed: %+v, %v", all, err)
			return "", err
		}
		if begun == 1 {
			return "", errors.New("something else")
		}
		if err := w.Tasks.Cancel(all[i].ID); err != nil {
			t.Error(err)
		}
		<-ctx.Done()
		return "", ctx.Err()
	}
	for range 3 {
		w.alone(job{kind: "bandwidth", label: "Measuring memory"}, work)
	}
	if begun != 2 {
		t.Errorf("begun %d times: a failure is tried again, what was stopped is not", begun)
	}
	ended := 0
	for begin := time.Now(); ended < 2 && time.Since(begin) < 10*time.Second; time.Sleep(time.Millisecond) {
		ended = 0
		for _, e := range sent(EventTaskFinished) {
			if e.(TaskEnd).Kind == "bandwidth" {
				ended++
			}
		}
	}
	if ended != 2 {
		t.Errorf("%d endings", ended)
	}
}

// TestTheStarterOfTheFirstStartIsATask holds that the copy can be watched. What lies in the starter's place here is not it,
// so it ends with a sentence.
func TestTheStarterOfTheFirstStartIsATask(t *testing.T) {
	executable, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(filepath.Dir(executable), "share")
	path := filepath.Join(dir, "weightroom", library.StarterFile)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	file, err := os.Create(path)
	if err == nil {
		err = errors.Join(file.Truncate(library.StarterBytes), file.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	_, sent := open(t)
	of := func(name string) (found []any) {
		for _, e := range sent(name) {
			if p, ok := e.(TaskProgress); ok && p.Kind == "starter" && p.Label == "Adding "+library.StarterName {
				found = append(found, e)
			}
			if end, ok := e.(TaskEnd); ok && end.Kind == "starter" && end.Problem.Title != "" {
				found = append(found, e)
			}
		}
		return found
	}
	for begin := time.Now(); len(of(EventTaskFinished)) == 0; time.Sleep(10 * time.Millisecond) {
		if time.Since(begin) > time.Minute {
			t.Fatalf("no end: %+v", sent(EventTaskFinished))
		}
	}
	if len(of(EventTaskProgress)) == 0 {
		t.Error("it was not told of")
	}
}
