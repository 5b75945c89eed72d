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
func ReadPower(ctx context.Context) Power { return newHost(Options{}).power(ctx) }

func (h *host) power(ctx context.Context) Power {
	switch h.goos {
	case "linux":
		return h.linuxPower()
	case "darwin":
		return h.applePower(ctx)
	case "windows":
		if h.sys.power != nil {
			return h.sys.power()
		}
	}
	return PowerUnknown
}

// linuxPower reads /sys/class/power_supply (Documentation/ABI/testing/sysfs-class-power). Only a battery of the machine
// itself counts: those of mice and headsets have the scope "Device". A machine with none runs on mains.
func (h *host) linuxPower() Power {
	const dir = "sys/class/power_supply"
	discharging := false
	for _, name := range h.list(dir) {
		supply := dir + "/" + name
		if h.read(supply+"/scope") == "Device" {
			continue
		}
		switch h.read(supply + "/type") {
		case "Mains", "USB", "Wireless":
			if online, ok := h.readInt(supply + "/online"); ok && online > 0 {
				return PowerAC
			}
		case "Battery":
			discharging = discharging || h.read(supply+"/status") == "Discharging"
		}
	}
	switch {
	case discharging:
		return PowerBattery
	case h.exists(dir):
		return PowerAC
	}
	return PowerUnknown
}

// applePower reads the first line of pmset: "Now drawing from 'AC Power'".
func (h *host) applePower(ctx context.Context) Power {
	out, err := h.runFor(ctx, pmsetTimeout, "pmset", "-g", "batt")
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
