package transfer

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"text/tabwriter"
	"time"

	"weightroom/backend/download/downloadtest"
)

// TestServerThatLiesCannotCorruptAFile holds: whatever a server says about ranges, a fetch ends with exactly the right
// bytes, or with a plain sentence and no file.
func TestServerThatLiesCannotCorruptAFile(t *testing.T) {
	t.Parallel()
	data := downloadtest.Data{Seed: 20, Size: 3<<20 + 12345}
	digest := data.Digest()
	whens := downloadtest.Whens()
	knowns := []string{"digest", "size alone"}
	if !downloadtest.Slow() {
		whens, knowns = whens[:1], knowns[:1]
	}
	streams := []int{1, 4, 16}
	type cell struct{ lie, when, known string }
	results := map[cell][]string{}
	var mu sync.Mutex
	var cells []cell
	fetches := 0
	t.Run("table", func(t *testing.T) {
		for _, lie := range downloadtest.Lies() {
			for _, when := range whens {
				for _, known := range knowns {
					if known != "digest" && lie.Flips {
						continue // nothing could tell
					}
					at := cell{lie.Name, when.Name, known}
					cells = append(cells, at)
					results[at] = make([]string, len(streams))
					for i, n := range streams {
						if !downloadtest.Slow() && n > 1 && lie.Name == "silence midway" {
							results[at][i] = "-" // it waits out a silence for each half of a half
							continue
						}
						fetches++
						t.Run(fmt.Sprintf("%s/%s/%s/%d", lie.Name, when.Name, known, n), func(t *testing.T) {
							t.Parallel()
							s := downloadtest.Serve(t, data)
							s.Tell(lie, when)
							item, path := itemFor(s, data), downloadtest.Target(t)
							item.Digest = digest
							if known != "digest" {
								item.Digest = ""
							}
							f := testFetcher(t, n)
							if lie.Name == "silence midway" {
								f.Patience.Body = slack * 50 * time.Millisecond // it waits out many silences
							}
							f.spans = pieceLeast // so that several streams have something to do
							_, err := f.Fetch(t.Context(), item, path, nil)
							outcome := "right"
							if err != nil {
								outcome = string(downloadtest.Plainly(t, err))
								if _, statErr := os.Lstat(path); statErr == nil {
									t.Error("it failed, and the file is there")
								}
								if lie.Mends && known == "digest" {
									t.Errorf("it could have ended right: %v", err)
								}
							} else {
								downloadtest.WantFile(t, path, data)
							}
							mu.Lock()
							results[at][i] = outcome
							mu.Unlock()
						})
					}
				}
			}
		}
	})
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "lie\ttold\tknown\t1 stream\t4\t16\n")
	right, wrong := 0, 0
	for _, c := range cells {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", c.lie, c.when, c.known, strings.Join(results[c], "\t"))
		for _, r := range results[c] {
			switch r {
			case "right":
				right++
			case "-":
			default:
				wrong++
			}
		}
	}
	w.Flush()
	t.Logf("%d lies, %d cases, %d fetches: %d right, %d plain failures, 0 wrong files\n%s", len(downloadtest.Lies()), len(cells), fetches, right, wrong, text.String())
	if len(cells) < 60 {
		t.Errorf("only %d cases", len(cells))
	}
}
