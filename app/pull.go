package app

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"weightroom/backend"
	"weightroom/backend/download"
)

// DownloadList gives the downloads in the order of the queue.
func (c *Core) DownloadList(ctx context.Context) ([]Download, error) {
	n, err := c.net(ctx)
	if err != nil {
		return nil, err
	}
	return convert(n.queue.List(), downloadOf), nil
}

// DownloadByID gives one download.
func (c *Core) DownloadByID(ctx context.Context, id string) (Download, error) {
	n, err := c.net(ctx)
	if err != nil {
		return Download{}, err
	}
	d, err := n.queue.Get(id)
	return downloadOf(d), err
}

// BeginDownload is StartDownload for commands.
func (c *Core) BeginDownload(ctx context.Context, ref string, accepted bool) (Download, error) {
	d, err := c.StartDownload(ctx, ref, accepted)
	return downloadOf(d), err
}

// pullLook is how often a pull looks whether it has ended.
const pullLook = 100 * time.Millisecond

// Pull downloads one model in this process and waits for its end; other downloads stay as they are. When ctx ends it
// is paused: what is there is kept, and the same call goes on from it. progress may be nil.
func (c *Core) Pull(ctx context.Context, ref string, accepted bool, progress func(Download)) (Download, error) {
	c.network.mu.Lock()
	c.network.only = true
	c.network.mu.Unlock()
	d, err := c.StartDownload(ctx, ref, accepted)
	if err != nil {
		return Download{}, err
	}
	n, err := c.net(ctx)
	if err != nil {
		return Download{}, err
	}
	if d.State == download.StateDone {
		return downloadOf(d), nil
	}
	tick := time.NewTicker(pullLook)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			late, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
			defer cancel()
			if err := n.queue.Pause(late, d.ID); err != nil {
				slog.Warn("download not paused", "error", err)
			}
			return Download{}, backend.Fail(backend.CodeCancelled, nil, "Stopped. What is here of "+d.Name+" is kept.", "Run the same command again to go on from it.")
		case <-tick.C:
		}
		if d, err = n.queue.Get(d.ID); err != nil {
			return Download{}, err
		}
		out := downloadOf(d)
		if progress != nil {
			progress(out)
		}
		switch d.State {
		case download.StateDone:
			return out, nil
		case download.StateFailed:
			if d.Error == nil {
				return out, errors.New("download failed without a reason")
			}
			hint := "Run the same command again to go on from what is here."
			if d.Error.Hint != "" {
				hint = d.Error.Hint + " " + hint
			}
			return out, backend.Fail(d.Error.Code, d.Error, d.Error.Message, hint)
		case download.StateQueued, download.StateRunning, download.StateWaiting, download.StatePaused, download.StateFinishing:
		}
	}
}
