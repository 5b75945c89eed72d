package transfer

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"testing"
	"time"

	"weightroom/backend"
	"weightroom/backend/download/downloadtest"
	"weightroom/backend/download/web"
	"weightroom/backend/leaktest"
)

var roles = map[string]func(args []string) error{
	"fetch": fetchChild,
	"files": filesChild,
}

func TestMain(m *testing.M) { leaktest.Main(m, roles) }

// eager tries again at once, and bears silence as long as the app does: on a busy machine an honest server is silent too.
func eager() *Patience {
	p := usual()
	p.Retry = 20 * time.Microsecond
	return &p
}

// impatient is for tests of silence itself.
func impatient() *Patience {
	return &Patience{Answer: slack * 400 * time.Millisecond, Body: slack * 200 * time.Millisecond, Floor: 512, Retry: 20 * time.Microsecond}
}

// testClient is a client with its own connections, behind a gate.
func testClient(t testing.TB, gate *web.Gate) *http.Client {
	tr := &http.Transport{MaxIdleConnsPerHost: 16}
	t.Cleanup(tr.CloseIdleConnections)
	if gate == nil {
		return &http.Client{Transport: tr}
	}
	return &http.Client{Transport: gate.Transport(tr)}
}

func testFetcher(t testing.TB, streams int) *Fetcher {
	gate := &web.Gate{}
	return &Fetcher{Client: testClient(t, gate), Gate: gate, Streams: streams, Patience: eager()}
}

// fixed is a link that stays as it is.
type fixed string

func (f fixed) Link(context.Context, bool) (web.Link, error) { return web.Link{URL: string(f)}, nil }

func itemFor(s *downloadtest.Server, data downloadtest.Data) web.Item {
	return web.Item{Name: "weights.gguf", Kind: backend.KindModel, Digest: data.Digest(), Bytes: data.Size, Link: fixed(s.URL + "/weights")}
}

func testLog(w io.Writer) *slog.Logger {
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: slog.LevelDebug}))
}
