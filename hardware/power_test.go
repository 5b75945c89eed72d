package hardware

import "testing"

func TestPower(t *testing.T) {
	const dir = "sys/class/power_supply/"
	for _, c := range []struct {
		name string
		rec  recording
		want Power
	}{
		{"a plugged-in laptop", recording{"machine": "goos=linux", dir + "AC/type": "Mains\n", dir + "AC/online": "1\n", dir + "BAT0/type": "Battery\n", dir + "BAT0/status": "Charging\n"}, PowerAC},
		{"a laptop on its battery", recording{"machine": "goos=linux", dir + "AC/type": "Mains\n", dir + "AC/online": "0\n", dir + "BAT0/type": "Battery\n", dir + "BAT0/status": "Discharging\n"}, PowerBattery},
		{"a laptop charged over USB", recording{"machine": "goos=linux", dir + "ucsi/type": "USB\n", dir + "ucsi/online": "1\n", dir + "BAT0/type": "Battery\n", dir + "BAT0/status": "Not charging\n"}, PowerAC},
		{"a desktop with a mouse that runs low", recording{"machine": "goos=linux", dir + "hidpp/type": "Battery\n", dir + "hidpp/scope": "Device\n", dir + "hidpp/status": "Discharging\n"}, PowerAC},
		{"a container without the folder", recording{"machine": "goos=linux"}, PowerUnknown},
		{"a MacBook on its battery", recording{"machine": "goos=darwin", "$ pmset -g batt": "Now drawing from 'Battery Power'\n -InternalBattery-0 (id=1)\t80%; discharging\n"}, PowerBattery},
		{"a plugged-in MacBook", recording{"machine": "goos=darwin", "$ pmset -g batt": "Now drawing from 'AC Power'\n"}, PowerAC},
		{"a Mac whose tool fails", recording{"machine": "goos=darwin"}, PowerUnknown},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := probeOf(c.rec.host(t)).power(t.Context()); got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}
