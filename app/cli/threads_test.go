package cli

import "testing"

func TestThreadsText(t *testing.T) {
	for _, c := range []struct {
		want string
		row  threadsRow
	}{
		{"the engine works with 2 threads: one on each core", threadsRow{2, []threadReasonRow{{"cores", 2, 2}}}},
		{"the engine works with 1 thread: there is one core", threadsRow{1, []threadReasonRow{{"cores", 1, 1}}}},
		{"the engine works with 1 thread: a quota of 1 of 2 cores", threadsRow{1, []threadReasonRow{{"quota", 1, 2}}}},
		{"the engine works with 4 threads: 4 performance cores of 12", threadsRow{4, []threadReasonRow{{"performance", 4, 12}}}},
		{"the engine works with 1 thread: its container or service may use 8 of 16 cores, it may use 1 of 8 cores", threadsRow{1, []threadReasonRow{{"cpuset", 8, 16}, {"affinity", 1, 8}}}},
		{"the engine works with 2 threads: a quota of 2.67 of 8 cores", threadsRow{2, []threadReasonRow{{"quota", 8. / 3, 8}}}},
		{"the engine works with 3 threads: chosen in Settings", threadsRow{3, []threadReasonRow{{"setting", 3, 16}}}},
		{"the engine works with 16 threads: 64 are chosen in Settings, and 16 can run at once", threadsRow{16, []threadReasonRow{{"setting", 64, 16}}}},
	} {
		if got := threadsText(c.row); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}
