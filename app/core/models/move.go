package models

import (
	"context"
	"errors"
	"log/slog"

	"weightroom/backend/download"
)

// Move moves the library to another folder, which has to be new or empty. Downloads wait meanwhile, and the engine
// starts again in the new folder once it is idle.
func (m *Models) Move(ctx context.Context, to string, progress func(done, total int64)) (err error) {
	waiting, err := m.downloads.hold(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.downloads.release(ctx, waiting)) }()
	if err := m.opts.Library.Move(ctx, to, progress); err != nil {
		return err
	}
	m.opts.Engine.SetModels(m.opts.Library.Dir())
	go func() {
		if err := m.opts.Engine.RestartWhenIdle(context.WithoutCancel(ctx)); err != nil {
			slog.Warn("engine not restarted", "error", err)
		}
	}()
	return nil
}

// hold pauses what would write into the library's folder, and closes the queue. It returns what to resume.
func (d *Downloads) hold(ctx context.Context) ([]string, error) {
	if d.opts.History == nil {
		return nil, nil
	}
	n, err := d.net(ctx)
	if err != nil {
		return nil, err
	}
	var waiting []string
	for _, one := range n.queue.List() {
		switch one.State {
		case download.StateQueued, download.StateRunning, download.StateWaiting, download.StateFinishing:
			if err := n.queue.Pause(ctx, one.ID); err != nil {
				return waiting, err
			}
			waiting = append(waiting, one.ID)
		case download.StatePaused, download.StateDone, download.StateFailed:
		}
	}
	err = d.Close()
	d.mu.Lock()
	d.open = nil
	d.mu.Unlock()
	return waiting, err
}

// release opens the queue again, in the library's folder as it is now.
func (d *Downloads) release(ctx context.Context, waiting []string) error {
	if d.opts.History == nil {
		return nil
	}
	ctx = context.WithoutCancel(ctx)
	n, err := d.net(ctx)
	if err != nil {
		return err
	}
	for _, id := range waiting {
		err = errors.Join(err, n.queue.Resume(ctx, id))
	}
	return err
}
