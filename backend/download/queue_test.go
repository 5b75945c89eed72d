package download

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"weightroom/backend"
	"weightroom/backend/download/downloadtest"
	"weightroom/backend/download/web"
)

// bench is a queue at work with what it told.
type bench struct {
	*Queue
	t        *testing.T
	opts     QueueOptions
	mu       sync.Mutex
	told     []Download
	gone     []string
	finished []string
}

func openBench(t *testing.T, change func(*QueueOptions)) *bench {
	t.Helper()
	b := &bench{t: t}
	b.opts = QueueOptions{
		Dir: filepath.Join(t.TempDir(), "downloads"), Store: &downloadtest.Memory{}, Fetcher: testFetcher(t, 2),
		Link: func(_ context.Context, _ Download, i web.Item) (web.Linker, error) { return fixed(i.Address), nil },
		Finish: func(_ context.Context, d Download, files []File) (string, error) {
			for _, f := range files {
				if got, err := downloadtest.DigestOf(f.Path); err != nil || got != f.Digest {
					return "", errors.New("not the file that was promised")
				}
			}
			b.mu.Lock()
			defer b.mu.Unlock()
			b.finished = append(b.finished, d.Ref)
			return "model:" + d.Ref, nil
		},
		Changed: func(d Download, gone bool) {
			b.mu.Lock()
			defer b.mu.Unlock()
			if gone {
				b.gone = append(b.gone, d.ID)
				return
			}
			b.told = append(b.told, d)
		},
		pauses: []time.Duration{50 * time.Millisecond},
	}
	if change != nil {
		change(&b.opts)
	}
	b.open()
	t.Cleanup(func() { b.Close() })
	return b
}

func (b *bench) open() {
	b.t.Helper()
	var err error
	if b.Queue, err = Open(b.t.Context(), b.opts); err != nil {
		b.t.Fatal(err)
	}
}

// add queues one file of data from s.
func (b *bench) add(s *downloadtest.Server, data downloadtest.Data, ref string) Download {
	b.t.Helper()
	item := itemFor(s, data)
	item.Address, item.Link = s.URL+"/"+ref, nil
	d, err := b.Add(b.t.Context(), Download{Ref: ref, Name: ref, Items: []web.Item{item}})
	if err != nil {
		b.t.Fatal(err)
	}
	return d
}

// until waits for a download to come into a state.
func (b *bench) until(id string, states ...State) Download {
	b.t.Helper()
	var d Download
	for range 1000 {
		var err error
		if d, err = b.Get(id); err != nil {
			b.t.Fatal(err)
		}
		if slices.Contains(states, d.State) {
			return d
		}
		time.Sleep(10 * time.Millisecond)
	}
	b.t.Fatalf("it is %s (%v), not %s", d.State, d.Error, states)
	return d
}

// lastTold returns what was last told of a download, after everything was.
func (b *bench) lastTold(id string) Download {
	b.t.Helper()
	time.Sleep(3 * noticeEvery)
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, d := range slices.Backward(b.told) {
		if d.ID == id {
			return d
		}
	}
	b.t.Fatal("nothing was told")
	return Download{}
}

// leftovers are the names under the queue's folder.
func (b *bench) leftovers() []string {
	entries, _ := os.ReadDir(b.opts.Dir)
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestQueueBringsADownloadToItsEnd(t *testing.T) {
	data := downloadtest.Data{Seed: 11, Size: 2 << 20}
	s := downloadtest.Serve(t, data)
	b := openBench(t, nil)
	d := b.add(s, data, "llama")
	d = b.until(d.ID, StateDone, StateFailed)
	if d.State != StateDone || d.Result != "model:llama" || d.Bytes != data.Size || d.Total != data.Size || d.Finished.IsZero() {
		t.Errorf("%+v", d)
	}
	if told := b.lastTold(d.ID); told.State != StateDone || told.Result != d.Result {
		t.Errorf("last told: %+v", told)
	}
	if left := b.leftovers(); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

func TestQueueRunsTwoAtOnce(t *testing.T) {
	t.Parallel()
	data := downloadtest.Data{Seed: 12, Size: 1 << 20}
	s := downloadtest.Serve(t, data)
	s.Rate = 4 << 20
	b := openBench(t, nil)
	var ids []string
	for _, ref := range []string{"a", "b", "c", "d"} {
		ids = append(ids, b.add(s, data, ref).ID)
	}
	most := 0
	for {
		running, done := 0, 0
		for _, d := range b.List() {
			if d.State == StateRunning || d.State == StateFinishing {
				running++
			}
			if d.State == StateDone {
				done++
			}
		}
		if most = max(most, running); done == len(ids) {
			break
		}
		time.Sleep(time.Millisecond)
	}
	if most != 2 {
		t.Errorf("%d at once", most)
	}

}

func TestQueueGoesByTheOrderOfItsList(t *testing.T) {
	t.Parallel()
	data := downloadtest.Data{Seed: 12, Size: 1 << 20}
	s := downloadtest.Serve(t, data)
	s.Rate = 8 << 20
	b := openBench(t, func(o *QueueOptions) { o.Active = 1 })
	var ids []string
	for _, ref := range []string{"a", "b", "c"} {
		ids = append(ids, b.add(s, data, ref).ID)
	}
	if err := b.Move(t.Context(), ids[2], 1); err != nil {
		t.Fatal(err)
	}
	for _, id := range ids {
		b.until(id, StateDone)
	}
	if !slices.Equal(b.finished, []string{"a", "c", "b"}) {
		t.Errorf("order: %v", b.finished)
	}
}

func TestQueueRunsOnlyWhatIsAllowed(t *testing.T) {
	data := downloadtest.Data{Seed: 21, Size: 1 << 20}
	s := downloadtest.Serve(t, data)
	b := openBench(t, func(o *QueueOptions) { o.Allow = func(d Download) bool { return d.Ref == "wanted" } })
	other := b.add(s, data, "other")
	wanted := b.add(s, data, "wanted")
	if d := b.until(wanted.ID, StateDone, StateFailed); d.State != StateDone {
		t.Errorf("the one that is allowed is %s: %v", d.State, d.Error)
	}
	if d := b.until(other.ID, StateQueued); d.Bytes != 0 {
		t.Errorf("the other one has %d bytes", d.Bytes)
	}
}

func TestQueuePausesResumesAndCancels(t *testing.T) {
	t.Parallel()
	data := downloadtest.Data{Seed: 13, Size: 4 << 20}
	s := downloadtest.Serve(t, data)
	s.Rate = 4 << 20
	b := openBench(t, nil)
	d := b.add(s, data, "x")
	for b.until(d.ID, StateRunning).Bytes < 1<<20 {
		time.Sleep(5 * time.Millisecond)
	}
	begun := time.Now()
	if err := b.Pause(t.Context(), d.ID); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(begun); took > time.Second {
		t.Errorf("pausing took %v", took)
	}
	paused := b.until(d.ID, StatePaused)
	// What was on its way when the connection closed still counts as sent for a moment.
	quiet := func() bool {
		sent := s.Sent()
		time.Sleep(300 * time.Millisecond)
		return s.Sent() == sent
	}
	if !slices.ContainsFunc([]int{1, 2, 3, 4, 5}, func(int) bool { return quiet() }) || !quiet() || s.Sent() >= data.Size {
		t.Errorf("a paused download fetches: %d of %d bytes sent", s.Sent(), data.Size)
	}
	if err := b.Resume(t.Context(), d.ID); err != nil {
		t.Fatal(err)
	}
	time.Sleep(100 * time.Millisecond)
	if again, _ := b.Get(d.ID); again.Bytes < paused.Bytes {
		t.Errorf("progress ran from %d back to %d", paused.Bytes, again.Bytes)
	}
	if err := b.Cancel(t.Context(), d.ID); err != nil {
		t.Fatal(err)
	}
	if len(b.List()) != 0 || len(b.leftovers()) != 0 {
		t.Errorf("list %v, left %v", b.List(), b.leftovers())
	}
	time.Sleep(2 * noticeEvery)
	b.mu.Lock()
	defer b.mu.Unlock()
	if !slices.Equal(b.gone, []string{d.ID}) {
		t.Errorf("told gone: %v", b.gone)
	}
}

func TestQueueKeepsAFailureAndTriesAgainWhenAsked(t *testing.T) {
	data := downloadtest.Data{Seed: 14, Size: 1 << 20}
	s := downloadtest.Serve(t, data)
	var there atomic.Bool
	s.Lie = func(downloadtest.Ask) *downloadtest.Answer {
		if there.Load() {
			return nil
		}
		return &downloadtest.Answer{Status: 404, Header: [][2]string{{"Content-Length", "0"}}}
	}
	b := openBench(t, nil)
	d := b.add(s, data, "x")
	d = b.until(d.ID, StateFailed)
	if code := downloadtest.Plainly(t, d.Error); code != backend.CodeNotFound {
		t.Errorf("code %s", code)
	}
	b.Close()
	b.open()
	if d, _ = b.Get(d.ID); d.State != StateFailed || d.Error == nil {
		t.Errorf("after a restart: %+v", d)
	}
	there.Store(true)
	if err := b.Resume(t.Context(), d.ID); err != nil {
		t.Fatal(err)
	}
	b.until(d.ID, StateDone)
}

func TestQueueWaitsOutAPassingFault(t *testing.T) {
	data := downloadtest.Data{Seed: 15, Size: 1 << 20}
	s := downloadtest.Serve(t, data)
	var up atomic.Bool
	s.Lie = func(downloadtest.Ask) *downloadtest.Answer {
		if up.Load() {
			return nil
		}
		return &downloadtest.Answer{Status: 502, Header: [][2]string{{"Content-Length", "0"}}}
	}
	b := openBench(t, nil)
	d := b.add(s, data, "x")
	d = b.until(d.ID, StateWaiting)
	if code := downloadtest.Plainly(t, d.Error); code != backend.CodeServerBusy || d.RetryAt.IsZero() {
		t.Errorf("code %s, again at %v", code, d.RetryAt)
	}
	up.Store(true)
	if d = b.until(d.ID, StateDone); d.Error != nil {
		t.Errorf("done with an error: %v", d.Error)
	}
}

func TestQueueGoesOnAfterARestart(t *testing.T) {
	t.Parallel()
	data := downloadtest.Data{Seed: 16, Size: 6 << 20}
	s := downloadtest.Serve(t, data)
	s.Rate = 6 << 20
	b := openBench(t, nil)
	d := b.add(s, data, "x")
	for b.until(d.ID, StateRunning).Bytes < 2<<20 {
		time.Sleep(5 * time.Millisecond)
	}
	b.Close()
	b.opts.Allow = func(Download) bool { return false }
	b.open()
	if again := b.until(d.ID, StateQueued); again.Bytes < 1<<20 || again.Bytes > data.Size {
		t.Errorf("%d bytes are said to be here after a restart", again.Bytes)
	}
	b.Close()
	b.opts.Allow = nil
	b.open()
	b.until(d.ID, StateDone)
	if s.Sent() > data.Size+2<<20 {
		t.Errorf("%d bytes sent for %d", s.Sent(), data.Size)
	}
}

func TestFinishRunsAgainAfterAKill(t *testing.T) {
	data := downloadtest.Data{Seed: 17, Size: 1 << 20}
	for _, takes := range []bool{false, true} {
		s := downloadtest.Serve(t, data)
		store := &downloadtest.Memory{}
		at := make(chan string, 1)
		b := openBench(t, func(o *QueueOptions) {
			o.Store = store
			o.Finish = func(ctx context.Context, _ Download, files []File) (string, error) {
				if takes {
					os.Remove(files[0].Path) // as if the library had moved it
				}
				at <- files[0].Path
				<-ctx.Done() // killed here
				return "", ctx.Err()
			}
		})
		d := b.add(s, data, "x")
		path := <-at
		b.Close()
		asked := s.Requests()
		runs := 0
		b.opts.Finish = func(_ context.Context, _ Download, files []File) (string, error) {
			runs++
			if files[0].Path != path || files[0].Digest != data.Digest() {
				t.Errorf("files: %+v", files)
			}
			return "there", nil
		}
		b.open()
		if d = b.until(d.ID, StateDone); d.Result != "there" || runs != 1 || s.Requests() != asked {
			t.Errorf("takes %v: %+v, %d runs, %d requests more", takes, d, runs, s.Requests()-asked)
		}
	}
}

func TestQueueTellsTenTimesASecondAtMost(t *testing.T) {
	data := downloadtest.Data{Seed: 18, Size: 4 << 20}
	s := downloadtest.Serve(t, data)
	s.Rate = 4 << 20
	b := openBench(t, nil)
	begun := time.Now()
	d := b.add(s, data, "x")
	b.until(d.ID, StateDone)
	b.lastTold(d.ID)
	b.mu.Lock()
	defer b.mu.Unlock()
	states := 4 // queued, running, finishing, done
	if most := int(time.Since(begun)/noticeEvery) + 1 + states; len(b.told) > most || len(b.told) < 5 {
		t.Errorf("told %d times in %v", len(b.told), time.Since(begun))
	}
	last := int64(0)
	for _, d := range b.told {
		if d.Bytes < last {
			t.Errorf("progress ran from %d back to %d", last, d.Bytes)
		}
		last = d.Bytes
	}
}

func TestQueueRefusesWhatIsInTheListAndWhatCannotBeStored(t *testing.T) {
	data := downloadtest.Data{Seed: 19, Size: 1 << 20}
	s := downloadtest.Serve(t, data)
	s.Rate = 1 << 20
	store := &downloadtest.Memory{}
	b := openBench(t, func(o *QueueOptions) { o.Store = store })
	d := b.add(s, data, "x")
	if _, err := b.Add(t.Context(), Download{Ref: "x", Items: d.Items}); downloadtest.Plainly(t, err) != backend.CodeBusy {
		t.Error(err)
	}
	if _, err := b.Add(t.Context(), Download{Ref: "y"}); downloadtest.Plainly(t, err) != backend.CodeInvalid {
		t.Error(err)
	}
	store.Refuse(backend.Fail(backend.CodeDiskFull, nil, "The disk is full.", "Free some space."))
	if _, err := b.Add(t.Context(), Download{Ref: "z", Items: d.Items}); downloadtest.Plainly(t, err) != backend.CodeDiskFull {
		t.Error(err)
	}
	if n := len(b.List()); n != 1 {
		t.Errorf("%d in the list", n)
	}
}

func TestQueueSweepsFoldersOfNoDownload(t *testing.T) {
	b := openBench(t, nil)
	b.Close()
	os.MkdirAll(filepath.Join(b.opts.Dir, "0123456789abcdef", "deep"), 0o755)
	os.MkdirAll(filepath.Join(b.opts.Dir, "a folder of someone"), 0o755)
	b.open()
	if left := b.leftovers(); !slices.Equal(left, []string{"a folder of someone"}) {
		t.Errorf("left: %v", left)
	}
}

func TestLongWaitIsLeftToTheQueue(t *testing.T) {
	data := downloadtest.Data{Seed: 55, Size: 1 << 20}
	s := downloadtest.Serve(t, data)
	s.Lie = func(downloadtest.Ask) *downloadtest.Answer {
		return &downloadtest.Answer{Status: 429, Header: [][2]string{{"Retry-After", "3600"}, {"Content-Length", "0"}}}
	}
	b := openBench(t, nil)
	d := b.add(s, data, "x")
	d = b.until(d.ID, StateWaiting)
	if in := time.Until(d.RetryAt); downloadtest.Plainly(t, d.Error) != backend.CodeServerBusy || in < 59*time.Minute || in > time.Hour {
		t.Errorf("it tries again in %v", in)
	}
	if s.Requests() != 1 {
		t.Errorf("%d requests", s.Requests())
	}
}
