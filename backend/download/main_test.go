package download

import (
	"context"
	"net/http"
	"testing"
	"time"

	"weightroom/backend"
	"weightroom/backend/download/downloadtest"
	"weightroom/backend/download/transfer"
	"weightroom/backend/download/web"
	"weightroom/backend/leaktest"
)

func TestMain(m *testing.M) { leaktest.Main(m, nil) }

// testFetcher is a fetcher with its own connections, behind a gate, that tries again at once.
func testFetcher(t testing.TB, streams int) *transfer.Fetcher {
	gate := &web.Gate{}
	tr := &http.Transport{MaxIdleConnsPerHost: 16}
	t.Cleanup(tr.CloseIdleConnections)
	return &transfer.Fetcher{
		Client: &http.Client{Transport: gate.Transport(tr)}, Gate: gate, Streams: streams,
		Patience: &transfer.Patience{Answer: 20 * time.Second, Body: 15 * time.Second, Floor: 512, Retry: 20 * time.Microsecond},
	}
}

// fixed is a link that stays as it is.
type fixed string

func (f fixed) Link(context.Context, bool) (web.Link, error) { return web.Link{URL: string(f)}, nil }

func itemFor(s *downloadtest.Server, data downloadtest.Data) web.Item {
	return web.Item{Name: "weights.gguf", Kind: backend.KindModel, Digest: data.Digest(), Bytes: data.Size, Link: fixed(s.URL + "/weights")}
}
