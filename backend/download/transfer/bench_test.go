package transfer

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"weightroom/backend/download/downloadtest"
	"weightroom/backend/download/web"
)

// fetchChild is one process that fetches one file: url path digest size streams, and how many bytes the kernel may hold
// of each connection.
func fetchChild(args []string) error {
	size, err := strconv.ParseInt(args[3], 10, 64)
	if err != nil {
		return err
	}
	streams, err := strconv.Atoi(args[4])
	if err != nil {
		return err
	}
	gate := &web.Gate{}
	tr := &http.Transport{MaxIdleConnsPerHost: streamsMost}
	if len(args) > 5 {
		buffer, err := strconv.Atoi(args[5])
		if err != nil {
			return err
		}
		tr.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
			c, err := new(net.Dialer).DialContext(ctx, network, addr)
			if err == nil {
				err = c.(*net.TCPConn).SetReadBuffer(buffer)
			}
			return c, err
		}
	}
	f := &Fetcher{Client: &http.Client{Transport: gate.Transport(tr)}, Gate: gate, Streams: streams}
	item := web.Item{Name: "weights", Digest: args[2], Bytes: size, Link: fixed(args[0])}
	done, err := f.Fetch(context.Background(), item, args[1], nil)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(done)
}

// filesChild serves a folder the way a web server does, and says where.
func filesChild(args []string) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println("http://" + l.Addr().String())
	return http.Serve(l, http.FileServer(http.Dir(args[0])))
}

// TestBesideCurl measures a fetch with verification against curl of the same file without: WEIGHTROOM_BENCH=1.
func TestBesideCurl(t *testing.T) {
	if os.Getenv("WEIGHTROOM_BENCH") == "" {
		t.Skip("set WEIGHTROOM_BENCH=1 on a quiet machine")
	}
	const size, rounds = 1 << 30, 9
	data := downloadtest.Data{Seed: 1, Size: size}
	dir := t.TempDir()
	f, err := os.Create(filepath.Join(dir, "weights"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(f, io.NewSectionReader(data, 0, size)); err != nil {
		t.Fatal(err)
	}
	f.Sync()
	f.Close()
	server := downloadtest.Child("files", dir)
	out, err := server.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { server.Process.Kill(); server.Wait() }()
	var url string
	if _, err := fmt.Fscanln(out, &url); err != nil {
		t.Fatal(err)
	}
	url += "/weights"
	digest := data.Digest()
	ours := func(streams int) func(string) *exec.Cmd {
		return func(to string) *exec.Cmd {
			return downloadtest.Child("fetch", url, to, digest, strconv.Itoa(size), strconv.Itoa(streams))
		}
	}
	curl := func(to string) *exec.Cmd { return exec.Command("curl", "-s", "-S", "-f", "-o", to, url) }
	names := []string{"curl", "1 stream", "8 streams", "adapted", "curl, then sha256sum"}
	runs := map[string]func(string) *exec.Cmd{"curl": curl, "1 stream": ours(1), "8 streams": ours(8), "adapted": ours(0),
		"curl, then sha256sum": func(to string) *exec.Cmd {
			return exec.Command("sh", "-c", fmt.Sprintf("curl -s -S -f -o %s %s && sha256sum %s >/dev/null", to, url, to))
		}}
	times, peak := map[string][]float64{}, map[string]int64{}
	r := downloadtest.Random(t)
	for range rounds {
		for _, i := range r.Perm(len(names)) { // what ran before leaves its mark on the kernel's memory and the disk
			name := names[i]
			to := filepath.Join(dir, "to")
			syscall.Sync()
			time.Sleep(time.Second) // for what removing the last file has set going
			c := runs[name](to)
			begun := time.Now()
			if out, err := c.Output(); err != nil {
				t.Fatal(name, err, string(out))
			}
			times[name] = append(times[name], time.Since(begun).Seconds())
			peak[name] = max(peak[name], c.ProcessState.SysUsage().(*syscall.Rusage).Maxrss<<10)
			for _, suffix := range []string{"", suffixState} {
				os.Remove(to + suffix)
			}
		}
	}
	var b strings.Builder
	base := median(times["curl"])
	for _, name := range names {
		m := median(times[name])
		fmt.Fprintf(&b, "%-22s %6.3f s  %5.2f of curl  peak %5.1f MiB  %.3f\n", name, m, m/base, float64(peak[name])/(1<<20), times[name])
	}
	t.Logf("%d MiB over loopback, %d rounds, %d processors\n%s", size>>20, rounds, runtime.NumCPU(), b.String())
	for _, name := range names[1:4] {
		if peak[name] > 64<<20 {
			t.Errorf("%s: peak memory of %d bytes", name, peak[name])
		}
	}
}

func median(x []float64) float64 {
	x = slices.Sorted(slices.Values(x))
	return x[len(x)/2]
}
