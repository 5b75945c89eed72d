package web

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"weightroom/backend"
	"weightroom/backend/download/downloadtest"
)

func openLedger(t *testing.T, kv backend.KV) *Ledger {
	t.Helper()
	l, err := OpenLedger(context.Background(), kv)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestEveryConnectionIsInTheLedger(t *testing.T) {
	const body = 100_000
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, strings.Repeat("x", body))
	}))
	defer s.Close()
	kv := &downloadtest.Memory{}
	l := openLedger(t, kv)
	c := NewClient(ClientOptions{Ledger: l, Proxy: downloadtest.NoProxy})
	search := WithPurpose(context.Background(), PurposeSearch, "llama")
	fetch := WithPurpose(context.Background(), PurposeDownload, "llama3.1:8b")
	for _, ctx := range []context.Context{search, search, fetch} { // one connection, kept open
		if err := getURL(ctx, c, s.URL); err != nil {
			t.Fatal(err)
		}
	}
	c.CloseIdle()
	time.Sleep(20 * time.Millisecond)
	dead := httptest.NewServer(nil)
	dead.Close()
	if err := getURL(search, c, dead.URL); err == nil {
		t.Fatal("reached a server that is gone")
	}
	want := []struct {
		of       string
		from, to int64
		result   string
	}{{"llama", 0, 0, "cannot be reached"}, {"llama3.1:8b", body, body + 1000, "ok"}, {"llama", 2 * body, 2*body + 2000, "ok"}}
	check := func(got []Connection) {
		t.Helper()
		if len(got) != len(want) {
			t.Fatalf("%d lines: %+v", len(got), got)
		}
		for i, w := range want {
			g := got[i]
			if g.Purpose.Of != w.of || g.In < w.from || g.In > w.to || !strings.Contains(g.Result, w.result) || g.Ended == 0 || g.Began == 0 || w.from > 0 && g.Out == 0 {
				t.Errorf("line %d: %+v", i, g)
			}
		}
	}
	check(l.Connections(0))
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	again := openLedger(t, kv)
	check(again.Connections(0))
	totals := again.Totals()
	if len(totals) != 2 || totals[0].Connections != 2 || totals[0].In < 3*body || "http://"+totals[0].Host != s.URL {
		t.Errorf("totals: %+v", totals)
	}
	if b, _ := json.Marshal(kv.Docs); strings.Contains(string(b), "secret") {
		t.Error("a secret is in the ledger")
	}
}

func TestTheLedgerStaysSmallAndExact(t *testing.T) {
	kv := &downloadtest.Memory{}
	l := openLedger(t, kv)
	const all = 2345
	for i := range all {
		n := l.begin(Purpose{PurposeDownload, "x"}, "host"+strconv.Itoa(i%700)+":443", "")
		n.in.Add(10)
		n.out.Add(1)
		l.end(n, resultDone)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	l = openLedger(t, kv)
	lines, totals := l.Connections(0), l.Totals()
	if len(lines) > ledgerLines || len(lines) < ledgerLines-ledgerPage || lines[0].Seq != all {
		t.Errorf("%d lines, the newest is %d", len(lines), lines[0].Seq)
	}
	for i := range lines[1:] {
		if lines[i].Seq != lines[i+1].Seq+1 {
			t.Fatalf("%d follows %d", lines[i].Seq, lines[i+1].Seq)
		}
	}
	var in, out, n int64
	for _, h := range totals {
		in, out, n = in+h.In, out+h.Out, n+h.Connections
	}
	if len(totals) > ledgerHosts+1 || n != all || in != 10*all || out != all {
		t.Errorf("%d hosts, %d connections, %d in, %d out", len(totals), n, in, out)
	}
	size := 0
	for _, d := range kv.Docs {
		size += len(d)
	}
	if size > 512<<10 {
		t.Errorf("%d bytes stored", size)
	}
}

func TestALineThatWasOpenAtTheEndSaysSo(t *testing.T) {
	kv := &downloadtest.Memory{}
	l := openLedger(t, kv)
	l.begin(Purpose{PurposeDownload, "x"}, "host:443", "").in.Add(7)
	if err := l.Close(); err != nil { // as after a kill: nothing more is heard of it
		t.Fatal(err)
	}
	got := openLedger(t, kv).Connections(1)[0]
	if got.Result != resultLost || got.In != 7 {
		t.Errorf("%+v", got)
	}
}

func TestALedgerThatCantBeStoredIsKeptInMemory(t *testing.T) {
	kv := &downloadtest.Memory{}
	kv.Refuse(errors.New("disk full"))
	l := openLedger(t, kv)
	l.end(l.begin(Purpose{PurposeDownload, "x"}, "host:443", ""), resultDone)
	if err := l.Close(); err == nil {
		t.Error("a failed write was not reported")
	}
	if len(l.Connections(0)) != 1 {
		t.Error("the line is gone")
	}
}

func TestTheLedgerTellsOfChanges(t *testing.T) {
	l := openLedger(t, nil)
	heard := make(chan struct{}, 10)
	l.OnChange(func() { heard <- struct{}{} })
	l.end(l.begin(Purpose{PurposeDownload, "x"}, "host:443", ""), resultDone)
	select {
	case <-heard:
	case <-time.After(5 * time.Second):
		t.Error("nothing was heard")
	}
	_ = l.Close()
}

// TestWhatIsOpenIsToldAtOnce holds that who shows "offline" hears of the first connection when it is made and of the end
// of the last, and not half a second later.
func TestWhatIsOpenIsToldAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := openLedger(t, nil)
		var heard []int
		var mu sync.Mutex
		l.OnChange(func() {
			mu.Lock()
			defer mu.Unlock()
			heard = append(heard, len(l.Open()))
		})
		first := l.begin(Purpose{PurposeDownload, "x"}, "host:443", "")
		synctest.Wait()
		second := l.begin(Purpose{PurposeSearch, "y"}, "host:443", "")
		l.end(first, resultDone)
		synctest.Wait()
		l.end(second, resultDone)
		synctest.Wait()
		mu.Lock()
		defer mu.Unlock()
		if len(heard) != 2 || heard[0] != 1 || heard[1] != 0 {
			t.Errorf("heard of %v open connections", heard)
		}
		_ = l.Close()
	})
}
