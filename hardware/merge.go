package hardware

import (
	"slices"
	"strings"
	"unicode"
)

// EngineDevice is a device as an inference engine's backend reports it. Only what the engine knows need be set.
type EngineDevice struct {
	Name       string // "CUDA0", or a full name
	Label      string // "NVIDIA GeForce RTX 4090"; empty: Name says it
	Backend    string // CUDA, ROCm, Vulkan, Metal, SYCL …; CPU devices are passed over
	PCI        string // any spelling of a PCI address; may be empty
	UUID       string // the vendor's; may be empty
	Driver     string // may be empty
	TotalBytes int64  // 0: unknown
	FreeBytes  int64  // 0: unknown
	Integrated bool
}

// Merge joins what vendors say of the graphics processors with what the engine can use, and returns the vendors' list,
// followed by the devices that only the engine knows. backends names those in the engine's build ("CUDA", "Vulkan", …;
// the case doesn't matter); with none given the reason for an unused GPU is less exact.
//
// Devices are matched by PCI address, then by UUID, then by name, then by being the only one of their maker that it can
// be, each at most once. Where two backends report one GPU, its vendor's own goes before Vulkan. A GPU that the engine
// can't use has an empty Backend and a Note.
//
// A card's memory stays the vendor's figure, which is fresher and has no main memory in it; where that is missing, and
// for integrated GPUs, whose share of main memory only the backend knows exactly, it is the engine's.
func Merge(vendor []GPU, engine []EngineDevice, backends ...string) []GPU {
	out := slices.Clone(vendor)
	if out == nil {
		out = []GPU{}
	}
	devices := slices.DeleteFunc(slices.Clone(engine), func(d EngineDevice) bool { return !isGPU(d) })
	slices.SortStableFunc(devices, func(a, b EngineDevice) int { return backendRank(a.Backend) - backendRank(b.Backend) })

	taken := make([]bool, len(devices))
	matched := make([]bool, len(out))
	for _, same := range []func(GPU, EngineDevice) bool{samePCI, sameUUID, sameName, sameKind} {
		for i, g := range out {
			for j, d := range devices {
				if !matched[i] && !taken[j] && same(g, d) {
					out[i], matched[i], taken[j] = use(g, d), true, true
				}
			}
		}
	}
	for j, d := range devices {
		if taken[j] || anotherView(out[:len(vendor)], d) {
			continue
		}
		g := use(GPU{Name: first(d.Label, d.Name), PCI: normalPCI(d.PCI), UUID: d.UUID, Integrated: d.Integrated}, d)
		g.Vendor = vendorOf(g.Name)
		// A second backend may report it too.
		if !anotherView(out[len(vendor):], d) {
			out = append(out, g)
		}
	}
	for i, g := range out[:len(vendor)] {
		if !matched[i] {
			out[i].Backend = ""
			out[i].Note = first(g.Note, unusedNote(g, backends))
		}
	}
	return out
}

func isGPU(d EngineDevice) bool {
	switch strings.ToUpper(d.Backend) {
	case "", "CPU", "BLAS", "RPC":
		return false
	}
	return !slices.ContainsFunc(softwareRenderers, func(name string) bool { return strings.Contains(strings.ToLower(d.Label+" "+d.Name), name) })
}

// softwareRenderers are processors that call themselves a graphics device: Mesa's, Chromium's, and Windows' own.
var softwareRenderers = []string{"llvmpipe", "lavapipe", "softpipe", "swrast", "swiftshader", "basic render"}

// backendRank puts the vendors' own backends before Vulkan, which runs on all.
func backendRank(backend string) int {
	if strings.EqualFold(backend, "Vulkan") {
		return 1
	}
	return 0
}

func samePCI(g GPU, d EngineDevice) bool {
	pci := normalPCI(d.PCI)
	// The MIG slices of a card share its address.
	return pci != "" && g.PCI == pci && !strings.HasPrefix(g.UUID, "MIG-")
}

func sameUUID(g GPU, d EngineDevice) bool {
	return d.UUID != "" && strings.EqualFold(g.UUID, d.UUID)
}

func sameName(g GPU, d EngineDevice) bool {
	if pci := normalPCI(d.PCI); pci != "" && g.PCI != "" && pci != g.PCI {
		return false
	}
	name := plainName(g.Name)
	return name != "" && (name == plainName(d.Label) || name == plainName(d.Name))
}

// sameKind matches a GPU that a backend calls by no name of its own: ROCm says "AMD Radeon Graphics" of every integrated
// one, and old Mesa "AMD RADV NAVI31". Maker, kind and memory then have to agree.
func sameKind(g GPU, d EngineDevice) bool {
	name := first(d.Label, d.Name)
	switch {
	case normalPCI(d.PCI) != "" && g.PCI != "", d.UUID != "" && g.UUID != "":
		return false
	case !nameless(name) && !nameless(g.Name), vendorOf(name) == "", vendorOf(name) != first(g.Vendor, vendorOf(g.Name)):
		return false
	case g.Integrated || d.Integrated:
		return g.Integrated == d.Integrated || g.SharedBytes > 0
	}
	return g.TotalBytes == 0 || d.TotalBytes == 0 || near(g.TotalBytes, d.TotalBytes)
}

// nameless reports whether a name says no more than the maker or the driver's name for a chip.
func nameless(name string) bool {
	plain := plainName(name)
	return strings.HasPrefix(plain, "radv") || strings.HasPrefix(plain, "gfx") || !strings.ContainsFunc(plain, unicode.IsDigit)
}

// near reports whether two figures of one card's memory can be: what a driver keeps for itself is a tenth at most.
func near(a, b int64) bool { return min(a, b) >= max(a, b)/10*9 }

// anotherView reports whether d is a GPU already in the list, seen by another backend.
func anotherView(gpus []GPU, d EngineDevice) bool {
	return slices.ContainsFunc(gpus, func(g GPU) bool {
		if g.Backend == "" || strings.EqualFold(g.Backend, d.Backend) {
			return false
		}
		if pci := normalPCI(d.PCI); pci != "" && g.PCI != "" {
			return pci == g.PCI
		}
		return sameUUID(g, d) || sameName(g, d) || sameKind(g, d)
	})
}

// plainName reduces a name to what all sources agree on: no marks, no maker, no note in brackets. Mesa's Vulkan names
// end in "(RADV NAVI31)", Apple's here in "(19 cores)". Apple stays: a bare "M2" would be too short to trust.
func plainName(s string) string {
	s, _, _ = strings.Cut(withoutMarks(s), "(")
	var kept []string
	for w := range strings.FieldsFuncSeq(strings.ToLower(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		switch w {
		case "nvidia", "amd", "intel", "corporation", "gpu", "graphics":
			continue
		}
		kept = append(kept, w)
	}
	return strings.Join(kept, " ")
}

// use puts the engine's facts into g.
func use(g GPU, d EngineDevice) GPU {
	g.Backend, g.Note = d.Backend, ""
	g.Integrated = g.Integrated || d.Integrated
	g.Driver = first(g.Driver, d.Driver)
	g.UUID = first(g.UUID, d.UUID)
	g.PCI = first(g.PCI, normalPCI(d.PCI))
	if d.TotalBytes > 0 && (g.TotalBytes == 0 || g.Integrated) {
		if g.Integrated {
			g.SharedBytes = sharedOf(g, d.TotalBytes)
		}
		g.TotalBytes = d.TotalBytes
	}
	if d.FreeBytes > 0 && (!g.FreeKnown || g.Integrated) {
		g.FreeBytes, g.FreeKnown = d.FreeBytes, true
	}
	if g.TotalBytes > 0 {
		g.FreeBytes = min(g.FreeBytes, g.TotalBytes)
	}
	return g
}

// sharedOf is how much of what the engine sees of an integrated GPU is main memory. The driver gives it the part that was
// carved out for it, or the part that it may borrow, or both; where it gives one, it is the larger (the kernel's
// apu_prefer_gtt).
func sharedOf(g GPU, seen int64) int64 {
	own := max(0, g.TotalBytes-g.SharedBytes)
	if own < g.SharedBytes {
		return min(g.SharedBytes, seen)
	}
	return max(0, seen-own)
}

// OwnFree is what a GPU has free outside main memory, of which available is free: all of a card, the part that was
// carved out for an integrated one.
func (g GPU) OwnFree(available int64) int64 {
	if !g.Integrated {
		return g.FreeBytes
	}
	return min(max(0, g.TotalBytes-g.SharedBytes), max(0, g.FreeBytes-min(g.SharedBytes, max(0, available))))
}

func vendorOf(name string) string {
	for _, v := range []string{"NVIDIA", "AMD", "Intel", "Apple", "Qualcomm"} {
		if strings.Contains(strings.ToLower(name), strings.ToLower(v)) {
			return v
		}
	}
	switch {
	case strings.Contains(name, "GeForce"), strings.Contains(name, "Quadro"), strings.Contains(name, "Tesla"):
		return "NVIDIA"
	case strings.Contains(name, "Radeon"):
		return "AMD"
	case strings.Contains(name, "Adreno"):
		return "Qualcomm"
	}
	return ""
}

// ownBackends is the backend that each vendor's GPUs run best on, then the one that will do.
var ownBackends = map[string][]string{
	"NVIDIA": {"CUDA", "Vulkan"}, "AMD": {"ROCm", "Vulkan"}, "Intel": {"Vulkan", "SYCL"}, "Apple": {"Metal"},
	"Qualcomm": {"Vulkan", "OpenCL"},
}

// oldestCompute is the least major compute capability that the engine's CUDA backend is built for (Ollama's list of
// supported GPUs).
const oldestCompute = "5"

// unusedNote says why the engine can't use a GPU, and what would help.
func unusedNote(g GPU, backends []string) string {
	wanted := ownBackends[g.Vendor]
	switch {
	case len(wanted) == 0:
		return "The engine has no backend for this GPU. Models run on the processor."
	case len(backends) == 0:
		return "The engine did not report this GPU. Update its driver, then look again."
	}
	if major, _, ok := strings.Cut(g.Compute, "."); ok && g.Vendor == "NVIDIA" && len(major) == 1 && major < oldestCompute {
		return "This GPU is too old for the engine's CUDA backend, which needs compute capability " + oldestCompute + ".0. Models run on the processor."
	}
	for _, w := range wanted {
		if slices.ContainsFunc(backends, func(b string) bool { return sameBackend(b, w) }) {
			return "The engine's " + w + " backend did not accept this GPU. Update the " + g.Vendor + " driver, then look again."
		}
	}
	return "This build of the engine has no " + wanted[0] + " backend. Install a build that has it to use this GPU."
}

// sameBackend compares names as people and libraries write them: "cuda_v12" is CUDA, "hip" is ROCm.
func sameBackend(a, b string) bool {
	return backendFamily(a) == backendFamily(b)
}

func backendFamily(s string) string {
	s = strings.TrimPrefix(strings.ToLower(s), "ggml-")
	for _, f := range []string{"cuda", "rocm", "vulkan", "metal", "sycl", "opencl"} {
		if strings.HasPrefix(s, f) {
			return f
		}
	}
	if strings.HasPrefix(s, "hip") {
		return "rocm"
	}
	return s
}
