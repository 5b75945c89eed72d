package transfer

import (
	"bytes"
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"weightroom/backend"
	"weightroom/backend/download/downloadtest"
	"weightroom/backend/download/web"
	"weightroom/backend/promisetest"
)

func TestFetchBringsTheWholeFile(t *testing.T) {
	t.Parallel()
	sizes := []int64{0, 1, 511, 512, 513, pieceLeast - 1, pieceLeast, pieceLeast + 1, 3 << 20, 9<<20 + 17}
	for _, size := range sizes {
		data := downloadtest.Data{Seed: uint64(size), Size: size}
		digest := data.Digest()
		for _, streams := range []int{0, 1, 4, 16} {
			for _, known := range []string{"everything", "digest", "size", "nothing"} {
				s := downloadtest.Serve(t, data)
				item := web.Item{Name: "weights.gguf", Kind: backend.KindModel, Digest: digest, Bytes: size, Link: fixed(s.URL + "/weights")}
				if known != "everything" && known != "digest" {
					item.Digest = ""
				}
				if known != "everything" && known != "size" {
					item.Bytes = -1
				}
				path := downloadtest.Target(t)
				var last Progress
				done, err := testFetcher(t, streams).Fetch(t.Context(), item, path, func(p Progress) {
					if p.Bytes < last.Bytes {
						t.Errorf("progress ran from %d back to %d", last.Bytes, p.Bytes)
					}
					last = p
				})
				if err != nil {
					t.Fatalf("%d bytes, %d streams, %s known: %v", size, streams, known, err)
				}
				downloadtest.WantFile(t, path, data)
				if done.Digest != digest || done.Bytes != size || done.Sent != size && size > 0 {
					t.Errorf("%d bytes, %d streams, %s known: %+v", size, streams, known, done)
				}
				if last.Bytes != size || last.Total != size {
					t.Errorf("the last report says %+v of %d bytes", last, size)
				}
				if _, err := os.Stat(path + suffixPart); err == nil {
					t.Error("the partial file is still there")
				}
			}
		}
	}
}

func TestFetchAgainReadsButDoesNotFetch(t *testing.T) {
	t.Parallel()
	data := downloadtest.Data{Seed: 1, Size: 3<<20 + 5}
	for _, digest := range []string{data.Digest(), ""} {
		s := downloadtest.Serve(t, data)
		item := itemFor(s, data)
		item.Digest = digest
		path := downloadtest.Target(t)
		f := testFetcher(t, 4)
		if _, err := f.Fetch(t.Context(), item, path, nil); err != nil {
			t.Fatal(err)
		}
		before := s.Requests()
		done, err := f.Fetch(t.Context(), item, path, nil)
		if err != nil || done.Sent != 0 || done.Digest != data.Digest() || s.Requests() != before {
			t.Errorf("%+v, %v, %d requests more", done, err, s.Requests()-before)
		}
		if err := os.Truncate(path, 100); err != nil {
			t.Fatal(err)
		}
		if _, err := f.Fetch(t.Context(), item, path, nil); err != nil {
			t.Fatal(err)
		}
		downloadtest.WantFile(t, path, data)
	}
}

func TestFetchStopsWithinASecond(t *testing.T) {
	data := downloadtest.Data{Seed: 2, Size: 8 << 20}
	for name, lie := range map[string]func(*downloadtest.Server) func(downloadtest.Ask) *downloadtest.Answer{
		"while bytes come": func(*downloadtest.Server) func(downloadtest.Ask) *downloadtest.Answer { return nil },
		"before the answer": func(*downloadtest.Server) func(downloadtest.Ask) *downloadtest.Answer {
			return func(downloadtest.Ask) *downloadtest.Answer {
				return &downloadtest.Answer{Status: 200, Late: time.Minute}
			}
		},
		"in a silence": func(s *downloadtest.Server) func(downloadtest.Ask) *downloadtest.Answer {
			return func(a downloadtest.Ask) *downloadtest.Answer {
				h := s.Honest(a)
				h.Body, h.Stall = s.Part(a.From, a.From+100), time.Minute
				return h
			}
		},
		"while the server is busy": func(*downloadtest.Server) func(downloadtest.Ask) *downloadtest.Answer {
			return func(downloadtest.Ask) *downloadtest.Answer {
				return &downloadtest.Answer{Status: 503, Header: [][2]string{{"Retry-After", "60"}, {"Content-Length", "0"}}}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := downloadtest.Serve(t, data)
			s.Rate = 1 << 20
			s.Lie = lie(s)
			f := testFetcher(t, 4)
			f.Patience = nil
			promisetest.Within(t, "Cancel", time.Second, func() time.Duration {
				ctx, cancel := context.WithCancel(t.Context())
				var begun time.Time
				stopped := time.AfterFunc(300*time.Millisecond, func() { begun = time.Now(); cancel() })
				defer stopped.Stop()
				_, err := f.Fetch(ctx, itemFor(s, data), downloadtest.Target(t), nil)
				if code := downloadtest.Plainly(t, err); code != backend.CodeCancelled {
					t.Errorf("code %s", code)
				}
				return time.Since(begun)
			})
		})
	}
}

func TestFetchTakesUpWhereItStopped(t *testing.T) {
	t.Parallel()
	data := downloadtest.Data{Seed: 3, Size: 12 << 20}
	for _, digest := range []string{data.Digest(), ""} {
		s := downloadtest.Serve(t, data)
		s.Rate = 20 << 20
		item, path := itemFor(s, data), downloadtest.Target(t)
		item.Digest = digest
		stops := 0
		for {
			ctx, cancel := context.WithTimeout(t.Context(), 150*time.Millisecond)
			_, err := testFetcher(t, 2).Fetch(ctx, item, path, nil)
			cancel()
			if err == nil {
				break
			}
			downloadtest.Plainly(t, err)
			if stops++; stops > 40 {
				t.Fatal("it does not come to an end")
			}
		}
		downloadtest.WantFile(t, path, data)
		t.Logf("%d stops, sent %.3f of the size", stops, float64(s.Sent())/float64(data.Size))
		if stops < 1 || s.Sent() > data.Size+int64(stops)*2<<20 {
			t.Errorf("%d stops, %d bytes sent", stops, s.Sent())
		}
	}
}

func TestRepairFetchesOnlyWhatIsBad(t *testing.T) {
	t.Parallel()
	data := downloadtest.Data{Seed: 4, Size: 8 << 20}
	s := downloadtest.Serve(t, data)
	s.Rate = 16 << 20
	item, path := itemFor(s, data), downloadtest.Target(t)
	ctx, cancel := context.WithCancel(t.Context())
	_, err := testFetcher(t, 1).Fetch(ctx, item, path, func(p Progress) {
		if p.Bytes > 4<<20 {
			cancel()
		}
	})
	if code := downloadtest.Plainly(t, err); code != backend.CodeCancelled {
		t.Fatal(err)
	}
	part, err := os.OpenFile(path+suffixPart, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	part.WriteAt([]byte("rot"), 5*pieceLeast+7)
	part.Close()
	before, kept := s.Sent(), readable(t, path)
	if _, err := testFetcher(t, 1).Fetch(t.Context(), item, path, nil); err != nil {
		t.Fatal(err)
	}
	downloadtest.WantFile(t, path, data)
	if again := s.Sent() - before - (data.Size - kept); again < pieceLeast || again >= 2*pieceLeast {
		t.Errorf("%d bytes fetched for one bad piece of %d", again, pieceLeast)
	}
}

// readable returns the bytes that a journal says are there.
func readable(t *testing.T, path string) int64 {
	t.Helper()
	s, ok := readState(path + suffixState)
	if !ok {
		t.Fatal("no journal")
	}
	return int64(len(s.pieces)) * s.about.Piece
}

func TestWrongBytesFailPlainlyAndLeaveNothing(t *testing.T) {
	t.Parallel()
	data, other := downloadtest.Data{Seed: 5, Size: 3 << 20}, downloadtest.Data{Seed: 6, Size: 3 << 20}
	s := downloadtest.Serve(t, other)
	item := itemFor(s, data)
	path := downloadtest.Target(t)
	_, err := testFetcher(t, 4).Fetch(t.Context(), item, path, nil)
	if code := downloadtest.Plainly(t, err); code != backend.CodeDamaged {
		t.Errorf("code %s", code)
	}
	if s.Sent() != 2*data.Size {
		t.Errorf("%d bytes sent: it should try once more as a whole, and no more", s.Sent())
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("wrong bytes have the file's name")
	}
	if info, err := os.Stat(path + suffixPart); err == nil && info.Size() > 0 {
		t.Error("wrong bytes are kept")
	}
}

func TestNoSecretInErrorsAndState(t *testing.T) {
	data := downloadtest.Data{Seed: 7, Size: 1 << 20}
	s := downloadtest.Serve(t, data)
	s.Lie = func(downloadtest.Ask) *downloadtest.Answer {
		return &downloadtest.Answer{Status: 200, Header: [][2]string{{"Content-Length", "77"}}, Reset: true}
	}
	item, path := itemFor(s, data), downloadtest.Target(t)
	item.Link = fixed(s.URL + "/weights?signature=SECRET")
	var log bytes.Buffer
	f := testFetcher(t, 2)
	f.Log = testLog(&log)
	_, err := f.Fetch(t.Context(), item, path, nil)
	downloadtest.Plainly(t, err)
	closed := downloadtest.Serve(t, data)
	item.Link = fixed(closed.URL + "/weights?signature=SECRET")
	closed.Listener.Close()
	_, err2 := f.Fetch(t.Context(), item, path, nil)
	downloadtest.Plainly(t, err2)
	state, _ := os.ReadFile(path + suffixState)
	for where, text := range map[string]string{"error": err.Error(), "error without connection": err2.Error(), "log": log.String(), "state": string(state)} {
		if strings.Contains(text, "SECRET") {
			t.Errorf("the %s tells the signature: %s", where, text)
		}
	}
}
