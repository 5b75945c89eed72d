package app

import (
	"context"
	"log/slog"
	"runtime/debug"
	"time"

	"github.com/wailsapp/wails/v2/pkg/runtime"

	"weightroom/app/core"
	"weightroom/backend"
	"weightroom/backend/chat"
	"weightroom/backend/engine"
	"weightroom/backend/platform"
)

// Window is the app behind the page: the bound services, and what they share. It opens the Core when the window starts,
// not before, because Wails also runs main to generate bindings.
type Window struct {
	Chats     *Chats
	Library   *Library
	Machine   *Machine
	Settings  *Settings
	Discover  *Discover
	Downloads *Downloads
	Lab       *Lab
	Tasks     *Tasks
	Page      *Page

	*host
	refused map[string]bool // what a person has stopped that the app does by itself; housekeeping's alone
}

// NewWindow makes the services. Nothing is opened before Startup.
func NewWindow(folders platform.Folders) *Window {
	h := &host{
		began: time.Now(), folders: folders, opened: make(chan struct{}), beat: &heartbeat{signs: newSignal()},
		closing: newClosing(),
	}
	h.page = &Page{host: h}
	h.tasks.host = h
	return &Window{
		Chats: &Chats{h}, Library: &Library{h}, Machine: &Machine{h}, Settings: &Settings{h},
		Discover: &Discover{h}, Downloads: &Downloads{h}, Lab: &Lab{h}, Tasks: &Tasks{h}, Page: h.page,
		host: h,
	}
}

// Bound lists what the page may call.
func (w *Window) Bound() []any {
	return []any{w.Chats, w.Library, w.Machine, w.Settings, w.Discover, w.Downloads, w.Lab, w.Tasks, w.Page}
}

// FailWith makes a window that only shows why the app can't start.
func (w *Window) FailWith(err error) { w.problem = err }

// Startup opens the Core. A failure is kept: every bound method returns it, and the page shows it.
func (w *Window) Startup(ctx context.Context) {
	ctx, w.end = context.WithCancel(ctx)
	w.ctx = ctx
	if w.quit == nil {
		w.quit = func() { runtime.Quit(ctx) }
	}
	if w.send == nil {
		w.send = func(name string, payload any) { runtime.EventsEmit(ctx, name, payload) }
	}
	if w.problem != nil {
		close(w.opened)
		return
	}
	go func() {
		defer close(w.opened)
		c, err := core.Open(ctx, core.OpenOptions{
			Folders: w.folders, History: true, Event: w.chatEvent,
			Planned: func() { w.emit(EventPlans, Changed{Seq: w.next()}) }, // a page or a command has asked
		})
		if err != nil {
			slog.Error("start failed", "error", err)
			w.problem = err
			return
		}
		w.core = c
		zoomWindow(c.Settings(ctx).TextSize)
		c.Engine.OnChange(func(engine.Status) { w.emit(EventEngineChanged, Changed{Seq: w.next()}) })
		go func() {
			if err := c.Engine.Start(ctx); err != nil {
				slog.Error("engine did not start", "error", err)
			}
		}()
		w.Downloads.open(ctx)
		w.work.Go(func() { w.housekeeping(ctx) })
	}()
}

// housekeeping is what can wait until the window stands: the starter, the day's backup, old trash, how long the answers of
// earlier chats thought, the memory's speed, how the engine works fastest, the runs that the estimates rest on, and whether
// the engine still answers as before.
func (w *Window) housekeeping(ctx context.Context) {
	w.addStarter(ctx)
	debug.FreeOSMemory() // what starting took and idling does not need
	timer := time.NewTimer(10 * time.Second)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
			if err := w.core.History.Maintain(ctx); err != nil {
				slog.Error("history maintenance failed", "error", err)
			}
			if err := w.core.Advice.ReadThoughts(ctx); err != nil && ctx.Err() == nil {
				slog.Warn("the lengths of thoughts not read", "error", err)
			}
			w.measureMemory(ctx)
			w.tune(ctx)
			w.fitEstimates(ctx)
			w.checkAnswers(ctx)
			timer.Reset(time.Hour)
		}
	}
}

// Shutdown ends tasks, stores what streams and ends the engine.
func (w *Window) Shutdown(context.Context) {
	<-w.opened
	w.end()
	w.work.Wait()
	if w.core != nil {
		if err := w.core.Close(); err != nil {
			slog.Error("close failed", "error", err)
		}
	}
}

// Command runs what a second start handed over, with a context that ends when the window closes. Shutdown waits for it.
func (w *Window) Command(ctx context.Context, run func(ctx context.Context)) {
	<-w.opened
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	if w.ctx.Err() != nil {
		end(stoppedByClosing())
		run(ctx)
		return
	}
	w.work.Add(1)
	defer w.work.Done()
	defer context.AfterFunc(w.ctx, func() { end(stoppedByClosing()) })()
	run(ctx)
}

func stoppedByClosing() error {
	return backend.Fail(backend.CodeCancelled, nil, "The window was closed, which stopped this command.", "What it had finished is kept. Run it again: it works without the window too.")
}

// Show brings the window to the front, for a second start.
func (w *Window) Show() {
	if w.ctx == nil {
		return
	}
	runtime.WindowUnminimise(w.ctx)
	runtime.WindowShow(w.ctx)
	runtime.WindowSetAlwaysOnTop(w.ctx, true) // some window managers raise no window otherwise
	runtime.WindowSetAlwaysOnTop(w.ctx, false)
}

// chatEvent passes on what happens to an answer.
func (w *Window) chatEvent(e chat.Event) {
	id, chatID := e.Message.ID, e.Message.ChatID
	switch {
	case e.End:
		w.emit(EventChatFinished, ChatEnd{ID: id, ChatID: chatID, Seq: w.next(), State: string(e.Message.State)})
		w.emit(EventChatsChanged, Changed{ID: chatID, Seq: w.next()})
		w.libraryChanged(e.Message.Model) // when it was last used
		if w.ctx.Err() != nil {
			return // Shutdown waits for no more work
		}
		w.work.Go(func() {
			if c, err := w.Core(); err == nil && c.Advice.NoteAnswer(w.ctx, e.Message) {
				w.emit(EventDrives, Changed{Seq: w.next()})
			}
		})
	case e.Phase != "":
		w.emit(EventChatPhase, ChatPhase{ID: id, ChatID: chatID, Seq: w.next(), Phase: string(e.Phase), Progress: e.Progress, Behind: e.Behind})
	default:
		w.emit(EventChatDelta, ChatDelta{
			ID: id, ChatID: chatID, Seq: w.next(),
			Offset: e.Offset, Text: e.Text, ThinkingOffset: e.ThinkingOffset, Thinking: e.Thinking,
		})
	}
}
