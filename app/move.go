package app

import (
	"context"
	"errors"
	"log/slog"

	"weightroom/backend/download"
)

// MoveLibrary moves the library to another folder, which has to be new or empty. Downloads wait meanwhile, and the
// engine starts again in the new place once it is idle.
func (c *Core) MoveLibrary(ctx context.Context, to string, progress func(done, total int64)) (err error) {
	waiting, err := c.holdDownloads(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.releaseDownloads(ctx, waiting)) }()
	if err := c.Models.Move(ctx, to, progress); err != nil {
		return err
	}
	c.Engine.SetModels(c.Models.Dir())
	go func() {
		if err := c.Engine.RestartWhenIdle(context.WithoutCancel(ctx)); err != nil {
			slog.Warn("engine not restarted", "error", err)
		}
	}()
	return nil
}

// holdDownloads pauses what would write into the library's folder, and closes the queue. It gives what to resume.
func (c *Core) holdDownloads(ctx context.Context) ([]string, error) {
	if c.History == nil {
		return nil, nil
	}
	n, err := c.net(ctx)
	if err != nil {
		return nil, err
	}
	var waiting []string
	for _, d := range n.queue.List() {
		switch d.State {
		case download.StateQueued, download.StateRunning, download.StateWaiting, download.StateFinishing:
			if err := n.queue.Pause(ctx, d.ID); err != nil {
				return waiting, err
			}
			waiting = append(waiting, d.ID)
		case download.StatePaused, download.StateDone, download.StateFailed:
		}
	}
	err = c.closeNetwork()
	c.network.mu.Lock()
	c.network.open = nil
	c.network.mu.Unlock()
	return waiting, err
}

// releaseDownloads opens the queue again, in the library's folder as it is now.
func (c *Core) releaseDownloads(ctx context.Context, waiting []string) error {
	if c.History == nil {
		return nil
	}
	ctx = context.WithoutCancel(ctx)
	n, err := c.net(ctx)
	if err != nil {
		return err
	}
	for _, id := range waiting {
		err = errors.Join(err, n.queue.Resume(ctx, id))
	}
	return err
}

// Move moves the library to another folder as a task.
func (s *Library) Move(folder string) (Task, error) {
	return s.job("move", "Moving", func(ctx context.Context, core *Core, progress func(done, total int64)) (string, error) {
		return folder, core.MoveLibrary(ctx, folder, progress)
	})
}
