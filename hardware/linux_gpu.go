package hardware

import (
	"context"
	"path"
	"regexp"
	"slices"
	"strings"
)

// The makers whose display adapters can run a model; the rest are consoles of servers and of virtual machines.
var pciVendors = map[string]string{"0x1002": "AMD", "0x10de": "NVIDIA", "0x8086": "Intel"}

// A pciBus reads the display adapters that /sys shows.
type pciBus struct{ *host }

// A pciGPU is a display adapter as /sys shows it.
type pciGPU struct {
	dir    string // its folder
	slot   string // PCI address
	vendor string // AMD, NVIDIA, Intel
	id     string // "10de:2684"
	device string // "0x2684"
	driver string // empty: none is loaded
}

// gpus joins what NVIDIA's tool and /sys say. The tool's word goes before that of /sys.
func (l linuxProbe) gpus(ctx context.Context, m Memory, container string) gpuReport {
	driver, bus := nvidiaDriver(l), pciBus(l)
	nvidia, notes := driver.gpus(ctx, m)
	bare := len(nvidia) == 0
	if bare {
		nvidia = driver.fromProc()
		for i := range nvidia {
			nvidia[i].Note = noNVIDIATool(container, l.exists("dev/nvidiactl"), len(notes) > 0)
		}
	}
	r := gpuReport{gpus: nvidia, notes: notes}
	for _, p := range bus.gpus() {
		if slices.ContainsFunc(r.gpus, func(g GPU) bool { return g.PCI == p.slot && p.slot != "" }) {
			continue
		}
		var g GPU
		switch p.vendor {
		case "AMD":
			g = bus.amd(p, m)
		case "Intel":
			g = bus.intel(p, m)
		default:
			// The tool lists what its driver runs; more than that can only be run by another driver.
			if !bare && p.driver == "nvidia" {
				continue
			}
			g = GPU{Name: bus.name(p), Driver: p.driver}
		}
		g.Vendor, g.PCI = p.vendor, p.slot
		g.Note = first(driverNote(p), g.Note)
		if g.Note == "" && container != "" && container != "wsl" && !l.exists("dev/dri") {
			g.Note = "This container was not given the GPU. Start it with --device /dev/dri (and /dev/kfd for ROCm)."
		}
		r.gpus = append(r.gpus, g)
	}
	return r
}

// noNVIDIATool says why a GPU that NVIDIA's driver knows has no figures.
func noNVIDIATool(container string, given, toolFailed bool) string {
	switch {
	case container != "" && container != "wsl" && !given:
		return "This container was not given the GPU. Start it with --gpus all."
	case toolFailed:
		return "NVIDIA's tool could not talk to the driver, so this GPU's memory is unknown. Restart the computer."
	}
	return "The nvidia-smi tool is missing, so this GPU's memory is unknown. Install NVIDIA's driver utilities."
}

// driverNote says why an adapter's driver can't compute; empty: it can.
func driverNote(p pciGPU) string {
	switch p.driver {
	case "":
		return "No driver is loaded for this GPU. Install " + p.vendor + "'s driver."
	case "nouveau":
		return "The nouveau driver can't run models. Install NVIDIA's own driver."
	case "vfio-pci":
		return "This GPU is reserved for a virtual machine. Unbind it from vfio-pci to use it here."
	case "radeon":
		return "The old radeon driver can't run models. This GPU may work with the amdgpu driver."
	}
	return ""
}

var cardName = regexp.MustCompile(`^card\d+$`)

// gpus lists the adapters of /sys/class/drm, then those on the PCI bus that no driver took up.
func (b pciBus) gpus() []pciGPU {
	var found []pciGPU
	add := func(dir, slot string) {
		p := b.gpu(dir, slot)
		if p.vendor == "" || slices.ContainsFunc(found, func(o pciGPU) bool { return o.slot == p.slot && p.slot != "" }) {
			return
		}
		// What the first list shows without an address is the next one of its kind in the second.
		if i := slices.IndexFunc(found, func(o pciGPU) bool { return o.slot == "" && slot != "" && o.id == p.id }); i >= 0 {
			found[i].slot = p.slot
			return
		}
		found = append(found, p)
	}
	for _, card := range b.list("sys/class/drm") {
		if cardName.MatchString(card) {
			add("sys/class/drm/"+card+"/device", "")
		}
	}
	for _, slot := range b.list("sys/bus/pci/devices") {
		dir := "sys/bus/pci/devices/" + slot
		// 0x0300 VGA, 0x0302 a GPU without outputs, 0x0380 other display.
		if c := b.read(dir + "/class"); strings.HasPrefix(c, "0x0300") || strings.HasPrefix(c, "0x0302") || strings.HasPrefix(c, "0x0380") {
			add(dir, slot)
		}
	}
	return found
}

func (b pciBus) gpu(dir, slot string) pciGPU {
	event := b.read(dir + "/uevent")
	p := pciGPU{
		dir: dir, slot: normalPCI(first(slot, field(event, "PCI_SLOT_NAME", "="))),
		device: strings.ToLower(b.read(dir + "/device")), driver: field(event, "DRIVER", "="),
	}
	vendor := strings.ToLower(b.read(dir + "/vendor"))
	p.vendor = pciVendors[vendor]
	p.id = strings.TrimPrefix(vendor, "0x") + ":" + strings.TrimPrefix(p.device, "0x")
	return p
}

// name looks an adapter up in the lists that most distributions have: AMD's own, by device and revision, then the
// general one.
func (b pciBus) name(p pciGPU) string {
	device := strings.TrimPrefix(p.device, "0x")
	if p.vendor == "AMD" {
		list := b.read("usr/share/libdrm/amdgpu.ids")
		if name := amdMarketName(list, device, strings.TrimPrefix(b.read(p.dir+"/revision"), "0x")); name != "" {
			return name
		}
	}
	for _, list := range []string{"usr/share/misc/pci.ids", "usr/share/hwdata/pci.ids"} {
		if name := pciListName(b.read(list), strings.TrimPrefix(p.id[:strings.IndexByte(p.id, ':')], "0x"), device); name != "" {
			return p.vendor + " " + name
		}
	}
	return p.vendor + " GPU " + p.id
}

// amdMarketName reads libdrm's list: "744C,	C8,	AMD Radeon RX 7900 XTX".
func amdMarketName(list, device, revision string) string {
	for line := range strings.Lines(list) {
		id, rest, _ := strings.Cut(line, ",")
		rev, name, ok := strings.Cut(rest, ",")
		if ok && strings.EqualFold(strings.TrimSpace(id), device) && strings.EqualFold(strings.TrimSpace(rev), revision) {
			return strings.TrimSpace(name)
		}
	}
	return ""
}

// pciListName reads pci.ids: vendors at the margin, their devices after a tab. The name people know is in brackets.
func pciListName(list, vendor, device string) string {
	ours := false
	for line := range strings.Lines(list) {
		switch {
		case strings.HasPrefix(line, "#"), strings.HasPrefix(line, "\t\t"), strings.TrimSpace(line) == "":
		case line[0] != '\t':
			if ours {
				return ""
			}
			ours = strings.HasPrefix(line, vendor+" ")
		case ours && strings.HasPrefix(line, "\t"+device+" "):
			name := strings.TrimSpace(line[len(device)+1:])
			if a, b := strings.LastIndexByte(name, '['), strings.LastIndexByte(name, ']'); a >= 0 && b > a+1 {
				name = name[a+1 : b]
			}
			return name
		}
	}
	return ""
}

// driver is the driver's version where its module tells one, else its name.
func (b pciBus) driver(name string) string {
	return first(b.read(path.Join("sys/module", clean(name), "version")), name)
}
