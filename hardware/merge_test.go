package hardware

import (
	"reflect"
	"strings"
	"testing"
)

func TestMerge(t *testing.T) {
	rtx := func(n string) GPU {
		return GPU{
			Name: "NVIDIA GeForce RTX 4090", Vendor: "NVIDIA", PCI: "0000:0" + n + ":00.0", UUID: "GPU-" + n, Compute: "8.9",
			TotalBytes: 24 << 30, FreeBytes: 20 << 30, FreeKnown: true,
		}
	}
	cuda := func(pci, uuid string) EngineDevice {
		return EngineDevice{Name: "CUDA0", Label: "NVIDIA GeForce RTX 4090", Backend: "CUDA", PCI: pci, UUID: uuid, TotalBytes: 23 << 30, FreeBytes: 22 << 30}
	}
	igpu := GPU{Name: "Intel UHD Graphics 770", Vendor: "Intel", PCI: "0000:00:02.0", Integrated: true, TotalBytes: 24 << 30, SharedBytes: 24 << 30, FreeBytes: 20 << 30, FreeKnown: true}

	backendsOf := func(gpus []GPU) string {
		var s []string
		for _, g := range gpus {
			s = append(s, g.Backend)
		}
		return strings.Join(s, " ")
	}

	t.Run("nothing and nothing is an empty list", func(t *testing.T) {
		if got := Merge(nil, nil); got == nil || len(got) != 0 {
			t.Errorf("%#v", got)
		}
	})
	t.Run("a PCI address matches in any spelling", func(t *testing.T) {
		got := Merge([]GPU{rtx("1"), rtx("2")}, []EngineDevice{cuda("00000000:02:00.0", "")})
		if got[0].Backend != "" || got[1].Backend != "CUDA" || len(got) != 2 {
			t.Errorf("%+v", got)
		}
	})
	t.Run("a UUID matches where there is no address", func(t *testing.T) {
		got := Merge([]GPU{rtx("1"), rtx("2")}, []EngineDevice{cuda("", "gpu-2")})
		if got[0].Backend != "" || got[1].Backend != "CUDA" || len(got) != 2 {
			t.Errorf("%+v", got)
		}
	})
	t.Run("a name matches where there is neither, each once", func(t *testing.T) {
		got := Merge([]GPU{rtx("1"), rtx("2")}, []EngineDevice{cuda("", ""), cuda("", "")})
		if backendsOf(got) != "CUDA CUDA" {
			t.Errorf("%+v", got)
		}
	})
	t.Run("a name that is the same on another address is another GPU", func(t *testing.T) {
		got := Merge([]GPU{rtx("1")}, []EngineDevice{cuda("0000:09:00.0", "")})
		if len(got) != 2 || got[0].Backend != "" || got[1].PCI != "0000:09:00.0" {
			t.Errorf("%+v", got)
		}
	})
	t.Run("names match without marks, makers and notes in brackets", func(t *testing.T) {
		for _, c := range [][2]string{
			{"AMD Radeon RX 7900 XTX", "AMD Radeon RX 7900 XTX (RADV NAVI31)"},
			{"Intel Arc A770", "Intel(R) Arc(TM) A770 Graphics (DG2)"},
			{"Apple M2 Pro (19 cores)", "Apple M2 Pro"},
			{"NVIDIA GeForce RTX 4090", "GeForce RTX 4090"},
		} {
			got := Merge([]GPU{{Name: c[0]}}, []EngineDevice{{Label: c[1], Backend: "Vulkan"}})
			if len(got) != 1 || got[0].Backend != "Vulkan" || got[0].Name != c[0] {
				t.Errorf("%v: %+v", c, got)
			}
		}
	})
	t.Run("CUDA goes before Vulkan, and one GPU is told once", func(t *testing.T) {
		vulkan := EngineDevice{Name: "Vulkan0", Label: "NVIDIA GeForce RTX 4090", Backend: "Vulkan"}
		got := Merge([]GPU{rtx("1"), rtx("2")}, []EngineDevice{vulkan, vulkan, cuda("0000:01:00.0", ""), cuda("0000:02:00.0", "")})
		if backendsOf(got) != "CUDA CUDA" {
			t.Errorf("%+v", got)
		}
	})
	t.Run("a GPU that the engine alone knows is kept, once for two backends", func(t *testing.T) {
		got := Merge(nil, []EngineDevice{
			{Label: "AMD Radeon RX 6800", Backend: "Vulkan", PCI: "0000:03:00.0", TotalBytes: 16 << 30},
			{Label: "AMD Radeon RX 6800", Backend: "ROCm", PCI: "0000:03:00.0", TotalBytes: 16 << 30, FreeBytes: 15 << 30},
		})
		want := []GPU{{Name: "AMD Radeon RX 6800", Vendor: "AMD", Backend: "ROCm", PCI: "0000:03:00.0", TotalBytes: 16 << 30, FreeBytes: 15 << 30, FreeKnown: true}}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("the processor and a software renderer are no GPU", func(t *testing.T) {
		got := Merge(nil, []EngineDevice{{Label: "AMD EPYC", Backend: "CPU"}, {Label: "llvmpipe (LLVM 15.0.6, 256 bits)", Backend: "Vulkan"}})
		if len(got) != 0 {
			t.Errorf("%+v", got)
		}
	})
	t.Run("a card keeps its vendor's figures", func(t *testing.T) {
		got := Merge([]GPU{rtx("1")}, []EngineDevice{cuda("0000:01:00.0", "")})
		if got[0].TotalBytes != 24<<30 || got[0].FreeBytes != 20<<30 {
			t.Errorf("%+v", got)
		}
	})
	t.Run("a card whose vendor tells none takes the engine's", func(t *testing.T) {
		bare := GPU{Name: "Intel Arc A770", Vendor: "Intel", PCI: "0000:03:00.0", Note: "unknown memory"}
		got := Merge([]GPU{bare}, []EngineDevice{{Backend: "Vulkan", PCI: "0000:03:00.0", TotalBytes: 16 << 30, FreeBytes: 15 << 30}})
		if got[0].TotalBytes != 16<<30 || got[0].FreeBytes != 15<<30 || !got[0].FreeKnown || got[0].Note != "" {
			t.Errorf("%+v", got)
		}
	})
	t.Run("an integrated GPU takes the engine's share of main memory", func(t *testing.T) {
		got := Merge([]GPU{igpu}, []EngineDevice{{Backend: "Vulkan", PCI: "0000:00:02.0", TotalBytes: 16 << 30, FreeBytes: 12 << 30}})
		if got[0].TotalBytes != 16<<30 || got[0].SharedBytes != 16<<30 || got[0].FreeBytes != 12<<30 || !got[0].Integrated {
			t.Errorf("%+v", got)
		}
	})
	t.Run("a slice matches by its UUID, not by its card's address", func(t *testing.T) {
		slices := []GPU{
			{Name: "NVIDIA A100 MIG 3g.20gb", Vendor: "NVIDIA", PCI: "0000:07:00.0", UUID: "MIG-1"},
			{Name: "NVIDIA A100 MIG 3g.20gb", Vendor: "NVIDIA", PCI: "0000:07:00.0", UUID: "MIG-2"},
		}
		got := Merge(slices, []EngineDevice{{Label: "NVIDIA A100 MIG 3g.20gb", Backend: "CUDA", PCI: "0000:07:00.0", UUID: "MIG-2"}})
		if backendsOf(got) != " CUDA" {
			t.Errorf("%+v", got)
		}
	})
	t.Run("two equal cards without an address are two, whatever backends see them", func(t *testing.T) {
		card := func(backend string) EngineDevice {
			return EngineDevice{Label: "AMD Radeon RX 7900 XTX", Backend: backend, TotalBytes: 24 << 30}
		}
		bare := GPU{Name: "AMD Radeon RX 7900 XTX", Vendor: "AMD", TotalBytes: 24 << 30}
		for _, vendor := range [][]GPU{nil, {bare, bare}} {
			got := Merge(vendor, []EngineDevice{card("Vulkan"), card("Vulkan"), card("ROCm"), card("ROCm")})
			if backendsOf(got) != "ROCm ROCm" {
				t.Errorf("%+v", got)
			}
		}
	})
	t.Run("one card by ROCm's name and by RADV's is one", func(t *testing.T) {
		apu := GPU{Name: "AMD Radeon 780M Graphics", Vendor: "AMD", PCI: "0000:c1:00.0", Integrated: true, TotalBytes: 36 << 30, SharedBytes: 32 << 30}
		for _, c := range []struct {
			vendor     []GPU
			rocm, radv EngineDevice
		}{
			{nil, EngineDevice{Label: "AMD Radeon RX 7900 XTX"}, EngineDevice{Label: "AMD Radeon RX 7900 XTX (RADV NAVI31)"}},
			{nil, EngineDevice{Label: "AMD Radeon RX 6800", TotalBytes: 16 << 30}, EngineDevice{Label: "AMD RADV NAVI21", TotalBytes: 16<<30 - 256<<20}},
			{[]GPU{apu}, EngineDevice{Label: "AMD Radeon Graphics", Integrated: true, TotalBytes: 32 << 30}, EngineDevice{Label: "AMD Radeon Graphics (RADV PHOENIX)", Integrated: true, TotalBytes: 36 << 30}},
		} {
			c.rocm.Backend, c.radv.Backend = "ROCm", "Vulkan"
			if got := Merge(c.vendor, []EngineDevice{c.radv, c.rocm}); backendsOf(got) != "ROCm" {
				t.Errorf("%s: %+v", c.radv.Label, got)
			}
		}
	})
	t.Run("a nameless device is no other card than its memory says", func(t *testing.T) {
		small := GPU{Name: "AMD Radeon RX 580", Vendor: "AMD", PCI: "0000:01:00.0", TotalBytes: 8 << 30}
		got := Merge([]GPU{small}, []EngineDevice{{Label: "AMD RADV NAVI31", Backend: "Vulkan", TotalBytes: 24 << 30}})
		if backendsOf(got) != " Vulkan" {
			t.Errorf("%+v", got)
		}
	})
	t.Run("no processor is a GPU by calling itself one", func(t *testing.T) {
		for _, name := range []string{"llvmpipe (LLVM 19.1.7, 256 bits)", "lavapipe", "SwiftShader Device (Subzero)", "Microsoft Basic Render Driver"} {
			if got := Merge(nil, []EngineDevice{{Name: "Vulkan0", Label: name, Backend: "Vulkan", TotalBytes: 32 << 30}}); len(got) != 0 {
				t.Errorf("%+v", got)
			}
		}
	})
	t.Run("a card is its own memory, though a backend adds what it may borrow", func(t *testing.T) {
		got := Merge([]GPU{rtx("1")}, []EngineDevice{{Label: "NVIDIA GeForce RTX 4090", Backend: "Vulkan", PCI: "0000:01:00.0", TotalBytes: 56 << 30, FreeBytes: 50 << 30}})
		if got[0].TotalBytes != 24<<30 || got[0].FreeBytes != 20<<30 || got[0].SharedBytes != 0 || got[0].OwnFree(32<<30) != 20<<30 {
			t.Errorf("%+v", got)
		}
	})
	t.Run("what was carved out of the memory and what may be borrowed of it are told apart", func(t *testing.T) {
		carved := GPU{Name: "AMD Radeon 8060S Graphics", Vendor: "AMD", Integrated: true, TotalBytes: 112 << 30, SharedBytes: 16 << 30}
		shared := GPU{Name: "AMD Radeon 8060S Graphics", Vendor: "AMD", Integrated: true, TotalBytes: 109 << 30, SharedBytes: 108 << 30}
		for _, c := range []struct {
			gpu                  GPU
			backend              string
			seen                 int64
			own, borrowed, alone int64 // the last is what it has free with 30 free in main memory
		}{
			{carved, "Vulkan", 112, 96, 16, 95}, // both
			{carved, "ROCm", 96, 96, 0, 95},     // what is its own
			{shared, "Vulkan", 109, 1, 108, 1},  // both
			{shared, "ROCm", 108, 0, 108, 0},    // what it may borrow
		} {
			d := EngineDevice{Label: c.gpu.Name, Backend: c.backend, TotalBytes: c.seen << 30, FreeBytes: (c.seen - 1) << 30, Integrated: true}
			g := Merge([]GPU{c.gpu}, []EngineDevice{d})[0]
			if g.TotalBytes-g.SharedBytes != c.own<<30 || g.SharedBytes != c.borrowed<<30 || g.OwnFree(30<<30) != c.alone<<30 {
				t.Errorf("%s: own %d, borrowed %d, free outside main memory %d", c.backend, (g.TotalBytes-g.SharedBytes)>>30, g.SharedBytes>>30, g.OwnFree(30<<30)>>30)
			}
		}
	})
	t.Run("what was given is not changed", func(t *testing.T) {
		vendor := []GPU{rtx("1")}
		Merge(vendor, nil, "CPU")
		if vendor[0].Note != "" {
			t.Errorf("%+v", vendor)
		}
	})

	for _, c := range []struct {
		name     string
		gpu      GPU
		backends []string
		want     string
	}{
		{"a build without the backend says which is missing", rtx("1"), []string{"cpu"}, "This build of the engine has no CUDA backend."},
		{"an AMD card's own backend is ROCm", GPU{Vendor: "AMD"}, []string{"cpu", "cuda_v12"}, "This build of the engine has no ROCm backend."},
		{"a build with the backend blames the driver", rtx("1"), []string{"cpu", "cuda_v13"}, "The engine's CUDA backend did not accept this GPU."},
		{"a second-best backend counts", igpu, []string{"ggml-vulkan"}, "The engine's Vulkan backend did not accept this GPU."},
		{"a build that is not known blames nothing", rtx("1"), nil, "The engine did not report this GPU."},
		{"a GPU that is too old is told so", GPU{Vendor: "NVIDIA", Compute: "3.5"}, []string{"cuda"}, "This GPU is too old"},
		{"a new generation is not taken for an old one", GPU{Vendor: "NVIDIA", Compute: "12.0"}, []string{"cuda"}, "The engine's CUDA backend did not accept"},
		{"an unknown maker's GPU is left to the processor", GPU{Name: "Mali"}, []string{"cpu"}, "The engine has no backend for this GPU."},
		{"a reason that is known already stays", GPU{Vendor: "NVIDIA", Note: "No driver is loaded."}, []string{"cpu"}, "No driver is loaded."},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := Merge([]GPU{c.gpu}, nil, c.backends...)
			if len(got) != 1 || got[0].Backend != "" || !strings.HasPrefix(got[0].Note, c.want) {
				t.Errorf("got %q, want %q", got[0].Note, c.want)
			}
		})
	}
}
