package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"weightroom/app/core"
	"weightroom/backend"
	"weightroom/backend/platform"
)

// open makes a window on an empty folder, with a recorder in the place of Wails.
func open(t *testing.T) (*Window, func(name string) []any) {
	t.Helper()
	folders, err := platform.Resolve(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	w := NewWindow(folders)
	var mu sync.Mutex
	sent := map[string][]any{}
	w.send = func(name string, payload any) {
		mu.Lock()
		defer mu.Unlock()
		sent[name] = append(sent[name], payload)
	}
	w.Startup(context.Background())
	t.Cleanup(func() { w.Shutdown(context.Background()) })
	return w, func(name string) []any {
		mu.Lock()
		defer mu.Unlock()
		return append([]any{}, sent[name]...)
	}
}

// dialogs need a desktop.
var dialogs = map[string]bool{"ChooseFile": true, "ChooseFolder": true, "ChooseText": true, "AddAdapter": true, "SaveReport": true, "Export": true, "Reveal": true, "OpenLink": true, "Copy": true, "OpenLog": true, "OpenData": true, "OpenAppLog": true, "ExportAll": true, "ImportFile": true, "RestartEngine": true}

func TestBoundMethodsTakeAnything(t *testing.T) {
	w, _ := open(t)
	forbid := Preferences(core.DefaultSettings())
	forbid.NeverOnline = true
	if _, err := w.Settings.Set(forbid); err != nil {
		t.Fatal(err)
	}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 1))
	text := func() string {
		hostile := []string{"", "\x00", "../../etc/passwd", strings.Repeat("x", 100000), "💪\u202e", "\xff\xfe", "smollm2-135m:Q4_1", "-1", "{}", "a/b:c:d"}
		return hostile[r.IntN(len(hostile))]
	}
	var fill func(v reflect.Value)
	fill = func(v reflect.Value) {
		switch v.Kind() {
		case reflect.String:
			v.SetString(text())
		case reflect.Bool:
			v.SetBool(r.IntN(2) == 0)
		case reflect.Int, reflect.Int64:
			v.SetInt([]int64{0, -1, 1, 8192, 1 << 62, -1 << 62}[r.IntN(6)])
		case reflect.Float64:
			v.SetFloat([]float64{0, -1, 0.5, 1e300, -1e300}[r.IntN(5)])
		case reflect.Slice:
			v.Set(reflect.MakeSlice(v.Type(), r.IntN(6), 6))
			for i := range v.Len() {
				fill(v.Index(i))
			}
		case reflect.Struct:
			for i := range v.NumField() {
				fill(v.Field(i))
			}
		default:
			t.Fatalf("a bound method takes a %s", v.Kind())
		}
	}
	calls := 0
	for _, service := range w.Bound() {
		v := reflect.ValueOf(service)
		for i := range v.NumMethod() {
			method := v.Type().Method(i)
			if dialogs[method.Name] {
				continue
			}
			for range 40 {
				var args []reflect.Value
				for j := 1; j < method.Type.NumIn(); j++ {
					arg := reflect.New(method.Type.In(j)).Elem()
					fill(arg)
					args = append(args, arg)
				}
				done := make(chan []reflect.Value, 1)
				go func() { done <- v.Method(i).Call(args) }()
				select {
				case out := <-done:
					last := out[len(out)-1].Interface()
					if err, ok := last.(error); ok && err != nil {
						var e *backend.Error
						if !errors.As(err, &e) || e.Message == "" {
							t.Errorf("%s: an error without a sentence: %v", method.Name, err)
						}
					}
				case <-time.After(20 * time.Second):
					t.Fatalf("%s does not return", method.Name)
				}
				calls++
			}
		}
	}
	t.Logf("%d calls", calls)
}

func TestNothingReachesThePageAsNull(t *testing.T) {
	w, _ := open(t)
	c, err := w.Chats.Create("")
	if err != nil {
		t.Fatal(err)
	}
	for name, get := range map[string]func() (any, error){
		"Chats.List":        func() (any, error) { return w.Chats.List() },
		"Chats.Trash":       func() (any, error) { return w.Chats.Trash() },
		"Chats.Backups":     func() (any, error) { return w.Chats.Backups() },
		"Chats.Search":      func() (any, error) { return w.Chats.Search("nothing") },
		"Chats.Get":         func() (any, error) { return w.Chats.Get(c.ID) },
		"Library.Get":       func() (any, error) { return w.Library.Get() },
		"Library.Report":    func() (any, error) { return w.Library.VerifyReport() },
		"Downloads.List":    func() (any, error) { return w.Downloads.List() },
		"Downloads.Online":  func() (any, error) { return w.Downloads.Online() },
		"Tasks.List":        func() (any, error) { return w.Tasks.List() },
		"Downloads.Token":   func() (any, error) { return w.Downloads.Token() },
		"Downloads.Ledger":  func() (any, error) { return w.Downloads.Ledger() },
		"Machine.Detect":    func() (any, error) { return w.Machine.Detect() },
		"Machine.Engine":    func() (any, error) { return w.Machine.Engine() },
		"Machine.Recommend": func() (any, error) { return w.Machine.Recommend() },
		"Settings.Get":      func() (any, error) { return w.Settings.Get() },
		"Discover.Quants": func() (any, error) {
			return w.Discover.Quants("smollm2-135m", Ask{Use: "chat", Licence: "any"})
		},
		"Lab.Setup":       func() (any, error) { return w.Lab.Setup() },
		"Lab.Comparisons": func() (any, error) { return w.Lab.Comparisons() },
		"Lab.Blinds":      func() (any, error) { return w.Lab.Blinds() },
		"Lab.Adapters":    func() (any, error) { return w.Lab.Adapters() },
	} {
		t.Run(name, func(t *testing.T) {
			v, err := get()
			if err != nil {
				t.Fatal(err)
			}
			text, err := json.Marshal(v)
			if err != nil || strings.Contains(string(text), "null") {
				t.Errorf("%s, %v", text, err)
			}
		})
	}
}

func TestChatsFromThePage(t *testing.T) {
	w, sent := open(t)
	c, err := w.Chats.Create("")
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Chats.Rename(c.ID, "  Names   for a bakery "); err != nil {
		t.Fatal(err)
	}
	if err := w.Chats.Rename(c.ID, " \n "); backend.Readable(err).Code != backend.CodeInvalid {
		t.Errorf("an empty title: %v", err)
	}
	if err := w.Chats.SetOptions(c.ID, ChatOptions{System: "Be brief.", Temperature: 0, TopP: -1, TopK: -1, MinP: -1, RepeatPenalty: -1, Seed: 7, MaxTokens: 10}); err != nil {
		t.Fatal(err)
	}
	if err := w.Chats.SaveDraft(c.ID, "half a thought"); err != nil {
		t.Fatal(err)
	}
	got, err := w.Chats.Get(c.ID)
	if err != nil || got.Title != "Names for a bakery" || got.System != "Be brief." || got.Temperature != 0 || got.TopP != -1 || got.Seed != 7 || got.Draft != "half a thought" {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := w.Chats.Send(c.ID, "", "hello"); backend.Readable(err).Code != backend.CodeNotFound {
		t.Errorf("without a model: %v", err)
	}
	if err := w.Chats.Delete(c.ID); err != nil {
		t.Fatal(err)
	}
	if trash, err := w.Chats.Trash(); err != nil || len(trash) != 1 || trash[0].DeletedAt == 0 {
		t.Errorf("%+v, %v", trash, err)
	}
	if err := w.Chats.Restore(c.ID); err != nil {
		t.Fatal(err)
	}
	if list, err := w.Chats.List(); err != nil || len(list) != 1 {
		t.Errorf("%+v, %v", list, err)
	}
	if len(sent(EventChatsChanged)) < 4 {
		t.Errorf("the page heard %d times", len(sent(EventChatsChanged)))
	}
}

// TestWorkIsListed holds that all work under way is in one list from its beginning to its end, with what it waits for, and
// that the page is told of both without having asked.
func TestWorkIsListed(t *testing.T) {
	w, sent := open(t)
	if _, err := w.Core(); err != nil {
		t.Fatal(err)
	}
	goOn := make(chan struct{})
	reported := make(chan struct{})
	task := w.tasks.begin(job{kind: "fit", label: "Timing small models"}, func(_ context.Context, report func(step)) (string, error) {
		report(step{done: 1, total: 3, of: "Qwen3 0.6B", waits: "mains"})
		close(reported)
		<-goOn
		return "", nil
	})
	if begun := sent(EventTaskProgress); len(begun) == 0 || begun[0].(TaskProgress).Label != "Timing small models" {
		t.Errorf("the page was told %+v", begun)
	}
	<-reported
	all, err := w.Tasks.List()
	if err != nil || len(all) != 1 {
		t.Fatalf("%+v, %v", all, err)
	}
	p := all[0]
	if p.ID != task.ID || p.Waits != "mains" || p.Of != "Qwen3 0.6B" || p.Done != 1 || p.Label == "" || p.StartedAt == 0 || p.Left != -1 {
		t.Errorf("%+v", p)
	}
	if told := sent(EventTaskProgress); told[len(told)-1].(TaskProgress).Waits != "mains" {
		t.Errorf("the page was not told what it waits for: %+v", told)
	}
	close(goOn)
	for range 500 {
		if all, _ = w.Tasks.List(); len(all) == 0 {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("still listed: %+v", all)
}

func TestWhatIsLeftIsToldOnceItIsKnown(t *testing.T) {
	for _, c := range []struct {
		taken       time.Duration
		done, total int64
		want        float64
	}{
		{time.Second, 50, 100, -1}, {10 * time.Second, 1, 100, -1}, {10 * time.Second, 0, 0, -1}, {10 * time.Second, 25, 100, 30}, {9 * time.Second, 100, 100, 0},
	} {
		if got := left(c.taken, c.done, c.total); got != c.want {
			t.Errorf("%d of %d after %v leaves %v, want %v", c.done, c.total, c.taken, got, c.want)
		}
	}
}

func TestTasksReportAndEnd(t *testing.T) {
	w, sent := open(t)
	if _, err := w.Core(); err != nil {
		t.Fatal(err)
	}
	wait := func(id string) TaskEnd {
		for range 500 {
			for _, e := range sent(EventTaskFinished) {
				if e.(TaskEnd).ID == id {
					return e.(TaskEnd)
				}
			}
			time.Sleep(10 * time.Millisecond)
		}
		t.Fatal("a task does not end")
		return TaskEnd{}
	}
	task, err := w.Library.Import("/nowhere/at/all.gguf", "")
	if err != nil {
		t.Fatal(err)
	}
	if end := wait(task.ID); end.Problem.Code == "" || end.Problem.Title == "" {
		t.Errorf("%+v", end)
	}
	task = w.tasks.start("import", "Copying", func(ctx context.Context, progress func(done, total int64)) (string, error) {
		progress(1, 2)
		<-ctx.Done()
		return "", ctx.Err()
	})
	if err := w.Tasks.Cancel(task.ID); err != nil {
		t.Fatal(err)
	}
	if end := wait(task.ID); end.Problem.Code != string(backend.CodeCancelled) {
		t.Errorf("%+v", end)
	}
	task = w.tasks.start("import", "Copying", func(_ context.Context, progress func(done, total int64)) (string, error) {
		for i := range int64(1001) {
			progress(i, 1000)
		}
		return "it", nil
	})
	if end := wait(task.ID); end.Result != "it" {
		t.Errorf("%+v", end)
	}
	var last TaskProgress
	n := 0
	for _, p := range sent(EventTaskProgress) {
		if p := p.(TaskProgress); p.ID == task.ID {
			last, n = p, n+1
		}
	}
	if last.Done != 1000 || n > 20 {
		t.Errorf("%d reports, the last %+v", n, last)
	}
	task = w.tasks.start("import", "Copying", func(context.Context, func(done, total int64)) (string, error) { panic("oops") })
	if end := wait(task.ID); end.Problem.Code != string(backend.CodeInternal) {
		t.Errorf("a panic: %+v", end)
	}
}

func TestSettingsAreChecked(t *testing.T) {
	w, _ := open(t)
	good, err := w.Settings.Get()
	if err != nil {
		t.Fatal(err)
	}
	good.Theme, good.ContextLength = "dark", 4096
	if got, err := w.Settings.Set(good); err != nil || got != good {
		t.Errorf("%+v, %v", got, err)
	}
	for name, spoil := range map[string]func(*Preferences){
		"theme":       func(p *Preferences) { p.Theme = "pink" },
		"send key":    func(p *Preferences) { p.SendWith = "" },
		"context":     func(p *Preferences) { p.ContextLength = 1 },
		"temperature": func(p *Preferences) { p.Temperature = 3 },
		"keep-alive":  func(p *Preferences) { p.KeepAliveMinutes = -2 },
		"threads":     func(p *Preferences) { p.Threads = -1 },
	} {
		t.Run(name, func(t *testing.T) {
			bad := good
			spoil(&bad)
			got, err := w.Settings.Set(bad)
			if backend.Readable(err).Code != backend.CodeInvalid || got != good {
				t.Errorf("%+v, %v", got, err)
			}
		})
	}
}

func TestAStartThatFailsIsShown(t *testing.T) {
	w := NewWindow(platform.Folders{})
	w.FailWith(backend.Fail(backend.CodeReadOnly, nil, "Read-only.", "Choose another."))
	w.Startup(t.Context())
	if r := w.Settings.Startup(); r.Problem.Code != string(backend.CodeReadOnly) {
		t.Errorf("%+v", r)
	}
	if _, err := w.Chats.List(); backend.Readable(err).Code != backend.CodeReadOnly {
		t.Errorf("%v", err)
	}
	w.Shutdown(t.Context())
}

func TestClosingStopsCommandsThatWereHandedOver(t *testing.T) {
	w, _ := open(t)
	begun, said := make(chan struct{}), make(chan error, 1)
	go w.Command(t.Context(), func(ctx context.Context) {
		close(begun)
		<-ctx.Done()
		time.Sleep(20 * time.Millisecond) // what was written is removed
		if _, err := w.core.History.Chats(t.Context()); err != nil {
			t.Errorf("the history is closed under a command: %v", err)
		}
		said <- context.Cause(ctx)
	})
	<-begun
	w.Shutdown(t.Context())
	select {
	case why := <-said:
		if e := backend.Readable(why); e.Code != backend.CodeCancelled || !strings.Contains(e.Message, "window was closed") {
			t.Errorf("%v", why)
		}
	default:
		t.Error("Shutdown did not wait for the command")
	}
	w.Command(t.Context(), func(ctx context.Context) {
		if ctx.Err() == nil {
			t.Error("a closed window runs a command")
		}
	})
}

func TestErrorsReachThePageAsJSON(t *testing.T) {
	for _, err := range []error{
		backend.Fail(backend.CodeTooBig, errors.New("secret"), "Too big.", "Smaller."),
		errors.New("secret"),
		fmt.Errorf("wrapped: %w", backend.Fail(backend.CodeTooBig, nil, "Too big.", "Smaller.")),
	} {
		text, ok := FormatError(err).(string)
		var e backend.Error
		if !ok || json.Unmarshal([]byte(text), &e) != nil || e.Message == "" || e.Code == "" || strings.Contains(text, "secret") {
			t.Errorf("%q", text)
		}
	}
}

func TestThePageHearsOfSuccessesAlone(t *testing.T) {
	w, sent := open(t)
	if _, err := w.Core(); err != nil {
		t.Fatal(err)
	}
	for name, fails := range map[string]func() error{
		"delete": func() error { return w.Chats.Delete("nobody") }, "restore": func() error { return w.Chats.Restore("nobody") },
		"rename": func() error { return w.Chats.Rename("nobody", "A") }, "remove": func() error { _, err := w.Library.Remove("nobody"); return err },
	} {
		if fails() == nil {
			t.Errorf("%s did not fail", name)
		}
	}
	if n := len(sent(EventChatsChanged)) + len(sent(EventLibrary)); n > 0 {
		t.Errorf("the page heard of %d changes that were none", n)
	}
}

func TestAChatThatCannotStartIsNotThere(t *testing.T) {
	w, sent := open(t)
	if _, err := w.Chats.Start("", ChatOptions{Temperature: -1, TopP: -1, TopK: -1, MinP: -1, RepeatPenalty: -1, Seed: -1}, "hello"); backend.Readable(err).Code != backend.CodeNotFound {
		t.Errorf("without a model: %v", err)
	}
	list, err := w.Chats.List()
	trash, trashErr := w.Chats.Trash()
	if err != nil || trashErr != nil || len(list)+len(trash) != 0 || len(sent(EventChatsChanged)) != 0 {
		t.Errorf("%+v, %+v, %v", list, trash, err)
	}
}
