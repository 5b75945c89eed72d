package advice

import (
	"context"
	"log/slog"
	"os"
	"sync"

	"weightroom/backend"
	"weightroom/backend/advisor"
	"weightroom/backend/testdrive"
)

// scratch is the folder where files without weights live for as long as they are run. Nothing stays in it.
type scratch struct {
	dir    string
	mu     sync.RWMutex // read-held while a file is in use
	closed bool
	swept  bool
}

// enter makes the folder and keeps it until leave is called, which is when what was written is removed again.
func (s *scratch) enter() (leave func(), err error) {
	s.mu.RLock()
	if s.closed {
		s.mu.RUnlock()
		return nil, backend.Fail(backend.CodeCancelled, nil, "Weightroom is closing.", "Start it again.")
	}
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		s.mu.RUnlock()
		return nil, err
	}
	return s.mu.RUnlock, nil
}

// plan has the engine plan the memory of a file without weights.
func (s *scratch) plan(ctx context.Context, engine testdrive.Tool, header *testdrive.Header, ask advisor.Ask) (backend.MemoryPlan, error) {
	leave, err := s.enter()
	if err != nil {
		return backend.MemoryPlan{}, err
	}
	defer leave()
	path, err := testdrive.WriteTemp(s.dir, header)
	if err != nil {
		return backend.MemoryPlan{}, err
	}
	defer os.Remove(path) //nolint:errcheck // swept at the next start
	plan, err := testdrive.Fit(ctx, engine, path, testdrive.FitOptions{Context: ask.Context, KVType: string(ask.KV)})
	return plan.MemoryPlan, err
}

// sweep removes what a killed run left, once, and not while a file is in use.
func (s *scratch) sweep() {
	if !s.mu.TryLock() {
		return
	}
	defer s.mu.Unlock()
	if s.swept || s.closed {
		return
	}
	s.swept = true
	if _, err := testdrive.Sweep(s.dir); err != nil {
		slog.Warn("drives folder not swept", "error", err)
	}
}

// close waits until no file is in use. Nothing enters afterwards.
func (s *scratch) close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
}
