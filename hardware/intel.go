package hardware

import (
	"regexp"
	"strconv"
	"strings"
)

// intel reads what the i915 and xe drivers show. The GPU inside an Intel processor always sits at 00:02.0; an Arc
// card is elsewhere. Neither driver tells how much memory is free: the engine's own figure replaces the gap.
func (b pciBus) intel(p pciGPU, m Memory) GPU {
	g := GPU{Name: intelName(b.name(p)), Driver: b.driver(p.driver)}
	if strings.HasSuffix(p.slot, ":00:02.0") {
		g.Integrated = true
		g.SharedBytes = sharedOfMain(b.goos, m.TotalBytes)
		g.TotalBytes = g.SharedBytes
		g.FreeBytes, g.FreeKnown = min(g.TotalBytes, m.AvailableBytes), g.TotalBytes > 0
		return g
	}
	g.TotalBytes = b.intelVRAM(p)
	if g.TotalBytes == 0 {
		g.Note = "The driver does not tell how much memory this GPU has. Switch on Resizable BAR in the firmware, or let the engine report it."
	}
	return g
}

// intelVRAM is the size of a card's memory: the xe driver's figure per tile, or the window through which the processor
// sees it (PCI resource 2), which is all of it where Resizable BAR is on. A window under 1 GiB is only a part.
func (b pciBus) intelVRAM(p pciGPU) int64 {
	var total int64
	for _, entry := range b.list(p.dir) {
		if strings.HasPrefix(entry, "tile") {
			n, _ := b.readInt(p.dir + "/" + entry + "/physical_vram_size_bytes")
			total += max(0, n)
		}
	}
	if total > 0 {
		return total
	}
	if size := resourceSize(b.read(p.dir+"/resource"), 2); size >= 1<<30 {
		return size
	}
	return 0
}

// resourceSize reads line n of a PCI device's resource file: first address, last address, flags, all hexadecimal.
func resourceSize(text string, n int) int64 {
	lines := strings.Split(text, "\n")
	if n >= len(lines) {
		return 0
	}
	f := strings.Fields(lines[n])
	if len(f) < 2 {
		return 0
	}
	from, err1 := strconv.ParseUint(strings.TrimPrefix(f[0], "0x"), 16, 64)
	to, err2 := strconv.ParseUint(strings.TrimPrefix(f[1], "0x"), 16, 64)
	if err1 != nil || err2 != nil || to <= from || to-from >= 1<<50 {
		return 0
	}
	return int64(to - from + 1)
}

// sharedOfMain is how much of main memory an integrated GPU may take where no driver tells: half on Windows (the
// display driver model's limit), three quarters elsewhere, half up to 4 GiB (Mesa's Intel driver, anv_device.c).
func sharedOfMain(goos string, total int64) int64 {
	if goos == "windows" || total <= 4<<30 {
		return total / 2
	}
	return total / 4 * 3
}

func intelName(s string) string {
	return strings.Replace(s, "Intel Intel", "Intel", 1)
}

var (
	arcCard   = regexp.MustCompile(`(?i)\barc(\(tm\))?\s+(pro\s+)?[ab]\d{2,3}`)
	mobileAPU = regexp.MustCompile(`(?i)\bradeon(\(tm\))?\s+\d{3}m\b`)
)

// integratedByName is for systems that only give a name. Arc is both Intel's cards (A770, B580, Pro A60) and the GPU in
// its processors (Arc Graphics, Arc 140V). AMD calls the GPUs in its processors "… Graphics" or by three digits and M.
func integratedByName(vendor, name string) bool {
	switch vendor {
	case "Intel":
		return !arcCard.MatchString(name) && !strings.Contains(name, "Data Center")
	case "AMD":
		return strings.HasSuffix(name, "Graphics") || mobileAPU.MatchString(name)
	case "Apple", "Qualcomm":
		return true
	}
	return false
}
