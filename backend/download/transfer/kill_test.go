package transfer

import (
	"strconv"
	"testing"
	"time"

	"weightroom/backend/download/downloadtest"
)

// TestKilledDownloadGoesOnWhereItWas kills a real process that fetches, at random moments, starts it again until the
// file is whole, and counts what the server had to send.
func TestKilledDownloadGoesOnWhereItWas(t *testing.T) {
	t.Parallel()
	kills := downloadtest.Trials(t, "WEIGHTROOM_KILLS", 5, 1000)
	size, each := int64(96<<20), 5
	if kills > 5 {
		size, each = 1<<30, 20 // kills of one download
	}
	data := downloadtest.Data{Seed: 30, Size: size}
	digest, r := data.Digest(), downloadtest.Random(t)
	worst, done := 0.0, 0
	for round := 0; done < kills; round++ {
		s := downloadtest.New(data, size)
		streams := []int{0, 1, 4, 8}[round%4]
		// What the kernel holds when the process dies is lost however a transfer works, and grows with the machine's load.
		const buffer = 128 << 10
		s.Throttle(100<<20/max(int64(streams), 1), buffer)
		path, here := downloadtest.Target(t), 0
		for {
			c := downloadtest.Child("fetch", s.URL+"/weights", path, digest, strconv.FormatInt(size, 10), strconv.Itoa(streams), strconv.Itoa(buffer))
			out := make(chan error, 1)
			if err := c.Start(); err != nil {
				t.Fatal(err)
			}
			go func() { out <- c.Wait() }()
			if here < each {
				// Over the time that the whole file takes on a gigabit line.
				time.Sleep(time.Duration(r.Float64() * 2 * float64(size) / (100 << 20) / float64(each) * float64(time.Second)))
				c.Process.Kill()
			}
			if err := <-out; err == nil {
				break
			} else if c.ProcessState.Exited() {
				t.Fatal("it failed by itself")
			}
			here++
		}
		if err := downloadtest.SameFile(path, data); err != nil {
			t.Fatal(err)
		}
		ratio := float64(s.Sent()) / float64(size)
		t.Logf("%d streams, %d kills: sent %.4f of the size", streams, here, ratio)
		worst = max(worst, (ratio-1)/float64(max(here, 1)))
		if allowed := 1.05; size == 1<<30 && ratio > allowed {
			t.Errorf("sent %.4f of the size after %d kills, more than %.2f", ratio, here, allowed)
		}
		done += max(here, 1)
		s.Close()
		Remove(path)
	}
	t.Logf("%d kills of downloads of %d MiB: at worst %.4f of the size sent again for each kill, 0 wrong files", done, size>>20, worst)
	if worst > 0.01 && size == 1<<30 {
		t.Errorf("%.4f of the size sent again for each kill", worst)
	}
}
