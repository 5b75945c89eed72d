package hardware

import (
	"fmt"
	"io/fs"
	"strconv"
	"strings"
)

// amd reads what the amdgpu driver shows. An integrated GPU has a part of main memory carved out for it at start,
// which the system does not count as memory, and may take more of it through the GTT, which it does.
func (b pciBus) amd(p pciGPU, m Memory) GPU {
	g := GPU{
		Name: first(b.read(p.dir+"/product_name"), b.name(p)), Driver: b.driver(p.driver),
		Compute: b.gfxTarget(p.slot),
	}
	if !strings.HasPrefix(g.Name, "AMD") {
		g.Name = "AMD " + g.Name
	}
	total, haveTotal := b.readInt(p.dir + "/mem_info_vram_total")
	used, haveUsed := b.readInt(p.dir + "/mem_info_vram_used")
	if haveTotal && total > 0 {
		g.TotalBytes = total
		if haveUsed {
			g.FreeBytes, g.FreeKnown = min(max(0, total-used), total), true
		}
	}
	for _, hw := range b.list(p.dir + "/hwmon") {
		if w, ok := b.readInt(p.dir + "/hwmon/" + hw + "/power1_cap"); ok && w > 0 { // microwatts
			g.PowerLimitWatts = float64(w) / 1e6
		}
	}
	if !b.amdIntegrated(p) {
		return g
	}
	g.Integrated = true
	shared, _ := b.readInt(p.dir + "/mem_info_gtt_total")
	taken, haveTaken := b.readInt(p.dir + "/mem_info_gtt_used")
	g.SharedBytes = min(max(0, shared), m.TotalBytes)
	g.TotalBytes += g.SharedBytes
	if g.FreeKnown && haveTaken {
		g.FreeBytes += max(0, min(g.SharedBytes-taken, m.AvailableBytes))
	}
	return g
}

// smallestCard is the least memory of a card that is worth its name; as a carve-out it is a usual one.
const smallestCard = 2 << 30

// amdIntegrated tells a GPU inside a processor from a card. The driver has no flag for it; but its metrics table has a
// format of its own for each: major version 1 on cards, 2 and 3 on processors (the kernel's kgd_pp_interface.h). Where
// there is no table, only a card knows who made its memory; an old driver tells neither, and then size and name decide.
func (b pciBus) amdIntegrated(p pciGPU) bool {
	// The header: size in two bytes, then major and minor version. It is binary, so it isn't trimmed.
	if b, err := fs.ReadFile(b.root, clean(p.dir+"/gpu_metrics")); err == nil && len(b) >= 4 {
		return b[2] == 2 || b[2] == 3
	}
	total, ok := b.readInt(p.dir + "/mem_info_vram_total")
	maker := b.read(p.dir + "/mem_info_vram_vendor")
	return ok && (maker == "unknown" || maker == "" && (total <= smallestCard || integratedByName("AMD", b.name(p))))
}

// gfxTarget is the name by which ROCm's libraries know the GPU, "gfx1100", from the compute driver's list of nodes.
func (b pciBus) gfxTarget(slot string) string {
	const nodes = "sys/class/kfd/kfd/topology/nodes/"
	for _, node := range b.list(nodes) {
		props := b.read(nodes + node + "/properties")
		version, err := strconv.Atoi(field(props, "gfx_target_version", " "))
		if err != nil || version <= 0 {
			continue
		}
		location, _ := strconv.ParseUint(field(props, "location_id", " "), 10, 32)
		domain, _ := strconv.ParseUint(field(props, "domain", " "), 10, 32)
		// location_id is bus << 8 | device << 3 | function.
		if fmt.Sprintf("%04x:%02x:%02x.%x", domain, location>>8&0xff, location>>3&0x1f, location&7) == slot {
			return gfxName(version)
		}
	}
	return ""
}

// gfxName turns the driver's number, major × 10000 + minor × 100 + step, into ROCm's name, whose last two digits are
// hexadecimal: 90012 is gfx90c.
func gfxName(version int) string {
	return fmt.Sprintf("gfx%d%x%x", version/10000, version/100%100, version%100)
}
