package app

import (
	"context"
	"fmt"
	"log/slog"
	goruntime "runtime"
	"strings"
	"time"

	"github.com/wailsapp/wails/v2/pkg/runtime"

	"weightroom/app/webview"
)

const (
	beatEvery    = 2 * time.Second
	beatPatience = 24 * time.Second // a long chat may keep the page busy for seconds, and a busy machine for several times as long
	beatStart    = 90 * time.Second // from loading the page to its first sign of life
	beatSoon     = 2 * time.Minute  // a page that stops again so soon will not be mended by loading it once more
)

// heartbeat notices that the page has ended, hangs or stays blank, and loads it again; when that was tried a moment ago, it
// asks the person first. It counts its own turns, not hours, so that a machine that slept or a window whose loop was busy
// says nothing of the page. The page is asked and does not tell by itself: timers of a hidden page hardly run.
type heartbeat struct {
	ask    func(context.Context)         // asks the page for a sign of life; returns when the window has passed it on
	load   func(context.Context)         // loads the page again
	choose func(why string) (again bool) // lets the person choose between loading again and closing
	quit   func()
	ended  <-chan string // why the page's process has ended, where the system tells
	signs  signal        // signs of life
}

// run watches over the page until the context ends or the person has had enough.
func (b *heartbeat) run(ctx context.Context) {
	turns := time.NewTicker(beatEvery)
	defer turns.Stop()
	silent, patience := time.Duration(0), beatStart
	var loaded time.Time
	for {
		why := ""
		select {
		case <-ctx.Done():
			return
		case <-b.signs:
			silent, patience = 0, beatPatience
		case why = <-b.ended:
		case <-turns.C:
			if silent += beatEvery; silent > patience {
				why = fmt.Sprintf("it has not answered for %.0f seconds", patience.Seconds())
			} else {
				b.ask(ctx)
			}
		}
		if why == "" {
			continue
		}
		slog.Error("page stopped", "why", why)
		if !loaded.IsZero() && time.Since(loaded) < beatSoon && !b.choose(why) {
			b.quit()
			return
		}
		loaded, silent, patience = time.Now(), 0, beatStart
		b.signs.forget() // of the page that is gone
		b.load(ctx)
	}
}

// watchPage keeps the page alive while the window is open.
func (w *Window) watchPage() {
	ctx := w.ctx
	w.beat.ended = webview.Ended()
	w.beat.ask = func(ctx context.Context) {
		webview.Turn(ctx)
		w.emit(EventPageAsked, Changed{Seq: w.next()})
	}
	w.beat.load = func(ctx context.Context) {
		w.page.loadedAgain()
		if !webview.Load(pageAddress) {
			runtime.WindowReloadApp(ctx)
		}
	}
	w.beat.choose = func(why string) bool { return w.chooseAgain(ctx, why) }
	w.beat.quit = func() {
		w.closing.free.Store(true) // there is no page to ask
		w.quit()
	}
	w.beat.run(ctx)
}

// pageAddress is where Wails serves the page.
const pageAddress = "wails://wails/"

// chooseAgain says that the page has stopped again and asks whether to load it once more.
func (w *Window) chooseAgain(ctx context.Context, why string) bool {
	message := "The page in this window has stopped again: " + why + ".\n\n" +
		"Your chats are stored, and so is what you were writing. An answer that is being written goes on.\n\n" +
		"Load the page again? “No” closes Weightroom. If it keeps happening, the log says more:\n" + w.appLog()
	if goruntime.GOOS == "linux" {
		message = strings.ReplaceAll(message, "%", "%%") // GTK's dialog is given it as a format
	}
	answer, err := runtime.MessageDialog(ctx, runtime.MessageDialogOptions{
		Type: runtime.QuestionDialog, Title: "The page has stopped",
		Message: message,
		Buttons: []string{"Yes", "No"}, DefaultButton: "Yes", CancelButton: "No",
	})
	if err != nil {
		slog.Error("dialog failed", "error", err)
	}
	return answer != "No"
}
