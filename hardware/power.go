package hardware

import (
	"context"
	"strings"
	"time"
)

// Power says what the machine runs on. Most laptops are slower on their battery.
type Power string

// The states of Power.
const (
	PowerUnknown Power = ""
	PowerAC      Power = "ac" // a desktop, or a laptop that is plugged in
	PowerBattery Power = "battery"
)

const pmsetTimeout = 2 * time.Second

// ReadPower asks the system what the machine runs on now.
func ReadPower(ctx context.Context) Power { return probeOf(newHost(Options{})).power(ctx) }

// power reads /sys/class/power_supply (Documentation/ABI/testing/sysfs-class-power). Only a battery of the machine
// itself counts: those of mice and headsets have the scope "Device". A machine with none runs on mains.
func (l linuxProbe) power(context.Context) Power {
	const dir = "sys/class/power_supply"
	discharging := false
	for _, name := range l.list(dir) {
		supply := dir + "/" + name
		if l.read(supply+"/scope") == "Device" {
			continue
		}
		switch l.read(supply + "/type") {
		case "Mains", "USB", "Wireless":
			if online, ok := l.readInt(supply + "/online"); ok && online > 0 {
				return PowerAC
			}
		case "Battery":
			discharging = discharging || l.read(supply+"/status") == "Discharging"
		}
	}
	switch {
	case discharging:
		return PowerBattery
	case l.exists(dir):
		return PowerAC
	}
	return PowerUnknown
}

// power reads the first line of pmset: "Now drawing from 'AC Power'".
func (a *appleProbe) power(ctx context.Context) Power {
	out, err := a.runFor(ctx, pmsetTimeout, "pmset", "-g", "batt")
	switch {
	case err != nil:
		return PowerUnknown
	case strings.Contains(string(out), "'AC Power'"):
		return PowerAC
	case strings.Contains(string(out), "'Battery Power'"):
		return PowerBattery
	}
	return PowerUnknown
}

func (w windowsProbe) power(context.Context) Power {
	if w.sys.power == nil {
		return PowerUnknown
	}
	return w.sys.power()
}
