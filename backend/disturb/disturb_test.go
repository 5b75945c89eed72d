package disturb

import (
	"strings"
	"testing"
	"time"
)

func TestDisturbance(t *testing.T) {
	quiet := Reading{Known: true, Cores: 4, BusySeconds: 100, MHz: 3000}
	for _, c := range []struct {
		name    string
		end     Reading
		took    time.Duration
		own     float64
		fastest float64
		says    string // empty: not disturbed
	}{
		{"a quiet machine", Reading{Known: true, Cores: 4, BusySeconds: 140.5, MHz: 3000}, 10 * time.Second, 40, 3000, ""},
		{"another program", Reading{Known: true, Cores: 4, BusySeconds: 144, MHz: 3000}, 10 * time.Second, 40, 3000, "Other programs took 10%"},
		{"another program on a large machine", Reading{Known: true, Cores: 64, BusySeconds: 150, MHz: 3000}, 10 * time.Second, 40, 3000, "Other programs took 2%"},
		{"another virtual machine", Reading{Known: true, Cores: 4, BusySeconds: 140, Stolen: 2, MHz: 3000}, 10 * time.Second, 40, 3000, "virtual machine took 5%"},
		{"heat", Reading{Known: true, Cores: 4, BusySeconds: 140, Throttled: 1, MHz: 3000}, 10 * time.Second, 40, 3000, "hot"},
		{"a slower clock", Reading{Known: true, Cores: 4, BusySeconds: 140, MHz: 2000}, 10 * time.Second, 40, 3000, "2000 MHz"},
		{"a system that does not tell", Reading{}, 10 * time.Second, 40, 3000, ""},
		{"too short a time to tell", Reading{Known: true, Cores: 4, BusySeconds: 101, MHz: 3000}, 100 * time.Millisecond, 0, 3000, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			fastest := c.fastest
			why := strings.Join(Between(quiet, c.end, c.took, c.own).Why(&fastest), " ")
			if (c.says == "") != (why == "") || !strings.Contains(why, c.says) {
				t.Errorf("%q", why)
			}
		})
	}
}
