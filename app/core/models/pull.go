package models

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"time"

	"weightroom/backend"
	"weightroom/backend/download"
)

// List returns the downloads in the order of the queue.
func (d *Downloads) List(ctx context.Context) ([]download.Download, error) {
	n, err := d.net(ctx)
	if err != nil {
		return nil, err
	}
	return n.queue.List(), nil
}

// Get returns one download.
func (d *Downloads) Get(ctx context.Context, id string) (download.Download, error) {
	n, err := d.net(ctx)
	if err != nil {
		return download.Download{}, err
	}
	return n.queue.Get(id)
}

// Pause stops a download where it is.
func (d *Downloads) Pause(ctx context.Context, id string) error {
	n, err := d.net(ctx)
	if err != nil {
		return err
	}
	return n.queue.Pause(ctx, id)
}

// Resume lets a paused or failed download go on.
func (d *Downloads) Resume(ctx context.Context, id string) error {
	n, err := d.online(ctx)
	if err != nil {
		return err
	}
	if one, err := n.queue.Get(id); err == nil {
		d.want(one.Landing.Ref)
	}
	return n.queue.Resume(ctx, id)
}

// Cancel takes a download off the list, with what is there of it.
func (d *Downloads) Cancel(ctx context.Context, id string) error {
	n, err := d.net(ctx)
	if err != nil {
		return err
	}
	return n.queue.Cancel(ctx, id)
}

// Move changes a download's place in the queue, counted from 0.
func (d *Downloads) Move(ctx context.Context, id string, place int) error {
	n, err := d.net(ctx)
	if err != nil {
		return err
	}
	return n.queue.Move(ctx, id, place)
}

// Waiting says in words what a download that has not failed waits for; empty: nothing.
func Waiting(d download.Download) string {
	if d.Error == nil || d.State == download.StateFailed {
		return ""
	}
	return strings.TrimSpace(d.Error.Message + " " + d.Error.Hint)
}

// SecondsLeft is how long a running download will take; -1: not known.
func SecondsLeft(d download.Download) float64 {
	if d.Left >= 0 && d.State == download.StateRunning {
		return d.Left.Seconds()
	}
	return -1
}

// PullAgain is the next step after a download that ended before it was whole.
const PullAgain = "Run the same command again to go on from what is here."

// pullLook is how often a pull looks whether it has ended.
const pullLook = 100 * time.Millisecond

// Pull downloads one model in this process and waits for its end. When ctx ends it is paused: what is there is kept,
// and the same call goes on from it. progress may be nil.
func (d *Downloads) Pull(ctx context.Context, ref string, accepted bool, progress func(download.Download)) (download.Download, error) {
	one, err := d.Start(ctx, ref, accepted)
	if err != nil || one.State == download.StateDone {
		return one, err
	}
	n, err := d.net(ctx)
	if err != nil {
		return download.Download{}, err
	}
	tick := time.NewTicker(pullLook)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			late, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
			defer cancel()
			if err := n.queue.Pause(late, one.ID); err != nil {
				slog.Warn("download not paused", "error", err)
			}
			return download.Download{}, backend.Fail(backend.CodeCancelled, nil, "Stopped. What is here of "+one.Name+" is kept.", "Run the same command again to go on from it.")
		case <-tick.C:
		}
		if one, err = n.queue.Get(one.ID); err != nil {
			return download.Download{}, err
		}
		if progress != nil {
			progress(one)
		}
		switch one.State {
		case download.StateDone:
			return one, nil
		case download.StateFailed:
			if one.Error == nil {
				return one, errors.New("download failed without a reason")
			}
			return one, backend.Fail(one.Error.Code, one.Error, one.Error.Message, strings.TrimSpace(one.Error.Hint+" "+PullAgain))
		case download.StateQueued, download.StateRunning, download.StateWaiting, download.StatePaused, download.StateFinishing:
		}
	}
}
