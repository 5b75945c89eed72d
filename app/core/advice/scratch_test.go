package advice

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"weightroom/app/core/models"
	"weightroom/backend/advisor"
	"weightroom/backend/testdrive"
)

func TestNothingStaysOfAPlan(t *testing.T) {
	inside := func(a *Advice) []string {
		left, _ := filepath.Glob(filepath.Join(a.scratch.dir, "*"))
		return left
	}
	advice := func(t *testing.T) (*Advice, *testdrive.Header) {
		a := New(Options{Catalog: models.NewCatalog(""), Drives: filepath.Join(t.TempDir(), "drives")})
		h, err := a.header("smollm2-360m", "Q8_0")
		if err != nil {
			t.Fatal(err)
		}
		return a, h
	}
	t.Run("closing while the engine plans waits until its file is gone", func(t *testing.T) {
		a, h := advice(t)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		running, ended := make(chan string, 1), make(chan struct{})
		engine := func(ctx context.Context, _ string, args ...string) (testdrive.Output, error) {
			running <- args[1]
			<-ctx.Done()
			<-ended // it does not end at once
			return testdrive.Output{}, ctx.Err()
		}
		planned, closed := make(chan error, 1), make(chan struct{})
		go func() {
			_, err := a.scratch.plan(ctx, engine, h, advisor.Ask{Context: 512})
			planned <- err
		}()
		if path := <-running; len(inside(a)) != 1 || inside(a)[0] != path {
			t.Errorf("%v beside %s", inside(a), path)
		}
		cancel()
		go func() { a.Close(); close(closed) }()
		select {
		case <-closed:
			t.Error("closed while a plan was under way")
		case <-time.After(50 * time.Millisecond):
		}
		close(ended)
		<-closed
		if left := inside(a); len(left) != 0 {
			t.Errorf("left: %v", left)
		}
		if err := <-planned; err == nil {
			t.Error("planned")
		}
		if _, err := a.scratch.plan(ctx, engine, h, advisor.Ask{Context: 512}); err == nil || len(running) != 0 || len(inside(a)) != 0 {
			t.Errorf("after the end: %v, %d run, %v", err, len(running), inside(a))
		}
	})
	t.Run("what a killed run left is swept, but not under a plan", func(t *testing.T) {
		a, h := advice(t)
		if err := os.MkdirAll(a.scratch.dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if _, err := testdrive.WriteTemp(a.scratch.dir, h); err != nil {
			t.Fatal(err)
		}
		engine := func(context.Context, string, ...string) (testdrive.Output, error) {
			if a.scratch.sweep(); len(inside(a)) != 2 {
				t.Errorf("%v while one is in use", inside(a))
			}
			return testdrive.Output{}, errors.New("exit status 1")
		}
		if _, err := a.scratch.plan(t.Context(), engine, h, advisor.Ask{Context: 512}); err == nil || len(inside(a)) != 1 {
			t.Errorf("%v, %v", err, inside(a))
		}
		if a.scratch.sweep(); len(inside(a)) != 0 {
			t.Errorf("left: %v", inside(a))
		}
	})
}
