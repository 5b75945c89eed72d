package hardware

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestParseNVIDIA(t *testing.T) {
	m := Memory{TotalBytes: 64 << 30, PhysicalBytes: 64 << 30, AvailableBytes: 40 << 30}
	for _, c := range []struct {
		name, out string
		want      []GPU
	}{
		{"memory is MiB and free never above total", "NVIDIA T4, GPU-1, 00000000:00:1E.0, 15360, 99999, 535.1, 7.5, 70.00, [N/A]\n",
			[]GPU{{Name: "NVIDIA T4", Vendor: "NVIDIA", UUID: "GPU-1", PCI: "0000:00:1e.0", Driver: "535.1", Compute: "7.5", PowerLimitWatts: 70, TotalBytes: 15 << 30, FreeBytes: 15 << 30, FreeKnown: true}}},
		{"an old driver's short row will do", "Tesla K80, GPU-1, 0000:05:00.0, 11441, 11000, 470.1\n",
			[]GPU{{Name: "Tesla K80", Vendor: "NVIDIA", UUID: "GPU-1", PCI: "0000:05:00.0", Driver: "470.1", TotalBytes: 11441 << 20, FreeBytes: 11000 << 20, FreeKnown: true}}},
		{"no memory of its own means main memory", "Orin (nvgpu), [N/A], [N/A], [N/A], [N/A], 540.4.0, 8.7, [N/A], [N/A]\n",
			[]GPU{{Name: "Orin (nvgpu)", Vendor: "NVIDIA", Driver: "540.4.0", Compute: "8.7", Integrated: true, TotalBytes: 64 << 30, SharedBytes: 64 << 30, FreeBytes: 40 << 30, FreeKnown: true}}},
		{"free memory that is not told is not known", "NVIDIA T4, GPU-1, 00000000:00:1E.0, 15360, [Insufficient Permissions], 535.1, 7.5, [Unknown Error], [N/A]\n",
			[]GPU{{Name: "NVIDIA T4", Vendor: "NVIDIA", UUID: "GPU-1", PCI: "0000:00:1e.0", Driver: "535.1", Compute: "7.5", TotalBytes: 15 << 30}}},
		{"a warning among the rows is passed over", "WARNING: infoROM is corrupted at gpu 0000:01:00.0\nNVIDIA T4, GPU-1, , 1, 1, 5.1\n",
			[]GPU{{Name: "NVIDIA T4", Vendor: "NVIDIA", UUID: "GPU-1", Driver: "5.1", TotalBytes: 1 << 20, FreeBytes: 1 << 20, FreeKnown: true}}},
		{"a failure's words are no GPU", "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver. Make sure, that, the, latest, driver, is, installed\n", nil},
		{"nothing is no GPU", "", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []GPU
			for _, card := range parseNVIDIA(c.out) {
				got = append(got, card.finish(m))
			}
			if !reflect.DeepEqual(got, c.want) {
				t.Errorf("got  %+v\nwant %+v", got, c.want)
			}
		})
	}
}

func TestNVIDIA(t *testing.T) {
	t.Run("a driver that does not know a column is asked for fewer", func(t *testing.T) {
		h := recording{
			"machine": "goos=linux",
			"$ nvidia-smi --query-gpu=" + nvidiaColumns:               "# exit 2\nField \"mig.mode.current\" is not a valid field to query.\n",
			"$ nvidia-smi --query-gpu=" + nvidiaColumnsOld + " --for": "Tesla K80, GPU-1, 0000:05:00.0, 11441, 11000, 470.1\n",
		}.host(t)
		if gpus, notes := (nvidiaDriver{h}).gpus(t.Context(), Memory{}); len(gpus) != 1 || len(notes) != 0 {
			t.Errorf("%+v, %+v", gpus, notes)
		}
	})
	t.Run("a tool that finds no device is no failure", func(t *testing.T) {
		h := recording{"machine": "goos=linux", "$ nvidia-smi": "# exit 6\nNo devices were found\n"}.host(t)
		if gpus, notes := (nvidiaDriver{h}).gpus(t.Context(), Memory{}); len(gpus) != 0 || len(notes) != 0 {
			t.Errorf("%+v, %+v", gpus, notes)
		}
	})
	t.Run("slices whose memory is not told have their profile's", func(t *testing.T) {
		h := recording{
			"machine":              "goos=linux",
			"$ nvidia-smi --query": "NVIDIA H100, GPU-1, 00000000:07:00.0, 81559, 80000, 550.1, 9.0, 700.00, Enabled\n",
			"$ nvidia-smi -L":      "GPU 0: NVIDIA H100 (UUID: GPU-1)\n  MIG 1g.10gb+me  Device  0: (UUID: MIG-1)\n",
			"$ nvidia-smi -q -x":   "# exit 1\nnot XML",
		}.host(t)
		gpus, notes := nvidiaDriver{h}.gpus(t.Context(), Memory{})
		if len(gpus) != 1 || gpus[0].TotalBytes != 10<<30 || gpus[0].FreeKnown || len(notes) != 1 || notes[0].Code != NoteNVIDIASlices {
			t.Errorf("%+v, %+v", gpus, notes)
		}
	})
	t.Run("a missing tool is no failure", func(t *testing.T) {
		if gpus, notes := (nvidiaDriver{recording{"machine": "goos=linux"}.host(t)}).gpus(t.Context(), Memory{}); gpus != nil || notes != nil {
			t.Errorf("%+v, %+v", gpus, notes)
		}
	})
	t.Run("a driver without its tool still gives names", func(t *testing.T) {
		h := filesHost(t, map[string]string{
			"proc/driver/nvidia/version":                       "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  570.86.10  Release Build\n",
			"proc/driver/nvidia/gpus/0000:01:00.0/information": "Model: \t\t NVIDIA RTX A2000\nGPU UUID: \t GPU-????????-????\nBus Location: \t 0000:01:00.0\n",
		})
		r := probeOf(h).gpus(t.Context(), Memory{}, "")
		if len(r.gpus) != 1 || r.gpus[0].Name != "NVIDIA RTX A2000" || r.gpus[0].Driver != "570.86.10" || r.gpus[0].UUID != "" || !strings.Contains(r.gpus[0].Note, "nvidia-smi") {
			t.Errorf("%+v", r)
		}
	})
}

func TestNormalPCI(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"eight digits of domain become four", "00000000:01:00.0", "0000:01:00.0"},
		{"a missing domain is the first", "0f:00.0", "0000:0f:00.0"},
		{"letters are small", "000F:C1:1E.3", "000f:c1:1e.3"},
		{"a domain that needs more digits keeps them", "00010000:01:00.0", "10000:01:00.0"},
		{"what is no address is nothing", "GPU-1", ""},
		{"nothing is nothing", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := normalPCI(c.in); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestLinuxGPUs(t *testing.T) {
	files := func(device, driver, slot string, more map[string]string) map[string]string {
		const d = "sys/class/drm/card0/device/"
		f := map[string]string{d + "vendor": "0x1002", d + "device": device, d + "uevent": "DRIVER=" + driver + "\nPCI_SLOT_NAME=" + slot + "\n"}
		for k, v := range more {
			f[d+k] = v
		}
		return f
	}
	m := Memory{TotalBytes: 32 << 30, PhysicalBytes: 32 << 30, AvailableBytes: 1 << 30}
	only := func(t *testing.T, f map[string]string, container string) GPU {
		t.Helper()
		r := probeOf(filesHost(t, f)).gpus(t.Context(), m, container)
		if len(r.gpus) != 1 {
			t.Fatalf("%+v", r)
		}
		return r.gpus[0]
	}
	t.Run("an AMD card's GTT is not its memory", func(t *testing.T) {
		g := only(t, files("0x73bf", "amdgpu", "0000:03:00.0", map[string]string{
			"mem_info_vram_total": "17163091968", "mem_info_vram_used": "163091968", "mem_info_vram_vendor": "samsung", "mem_info_gtt_total": "16000000000",
		}), "")
		if g.Integrated || g.TotalBytes != 17163091968 || g.FreeBytes != 17000000000 || g.SharedBytes != 0 {
			t.Errorf("%+v", g)
		}
	})
	t.Run("an AMD processor's GPU gets no more main memory than is available", func(t *testing.T) {
		g := only(t, files("0x1638", "amdgpu", "0000:05:00.0", map[string]string{
			"mem_info_vram_total": "536870912", "mem_info_vram_used": "536870912", "mem_info_gtt_total": "17179869184", "mem_info_gtt_used": "0",
			"gpu_metrics": "\x80\x00\x03\x00",
		}), "")
		if !g.Integrated || g.TotalBytes != 16<<30+512<<20 || g.SharedBytes != 16<<30 || g.FreeBytes != 1<<30 {
			t.Errorf("%+v", g)
		}
	})
	t.Run("an AMD card whose old driver tells nobody's name is no processor's GPU", func(t *testing.T) {
		g := only(t, files("0x73bf", "amdgpu", "0000:03:00.0", map[string]string{"mem_info_vram_total": "17163091968", "mem_info_gtt_total": "16000000000"}), "")
		if g.Integrated || g.TotalBytes != 17163091968 || g.SharedBytes != 0 {
			t.Errorf("%+v", g)
		}
	})
	t.Run("two equal cards are two where the first list gives no address", func(t *testing.T) {
		const bus = "sys/bus/pci/devices/"
		card := map[string]string{"/vendor": "0x1002", "/device": "0x744c", "/class": "0x030000", "/mem_info_vram_total": "25753026560", "/mem_info_vram_vendor": "samsung"}
		all := map[string]string{"dev/dri/renderD128": ""}
		for name, text := range card {
			for _, dir := range []string{"sys/class/drm/card0/device", "sys/class/drm/card1/device", bus + "0000:03:00.0", bus + "0000:04:00.0"} {
				all[dir+name] = text
			}
		}
		r := probeOf(filesHost(t, all)).gpus(t.Context(), Memory{}, "")
		if len(r.gpus) != 2 || r.gpus[0].PCI == r.gpus[1].PCI {
			t.Errorf("%+v", r.gpus)
		}
	})
	t.Run("a card that no list names is told by its numbers", func(t *testing.T) {
		if g := only(t, files("0xffff", "amdgpu", "0000:03:00.0", nil), ""); g.Name != "AMD GPU 1002:ffff" || g.TotalBytes != 0 || g.FreeKnown {
			t.Errorf("%+v", g)
		}
	})
	t.Run("a container that was not given the device says how to give it", func(t *testing.T) {
		if g := only(t, files("0x73bf", "amdgpu", "0000:03:00.0", nil), "docker"); !strings.Contains(g.Note, "--device /dev/dri") {
			t.Errorf("%+v", g)
		}
	})
	t.Run("a driver that can't compute says which can", func(t *testing.T) {
		if g := only(t, files("0x6798", "radeon", "0000:03:00.0", nil), ""); !strings.Contains(g.Note, "amdgpu") {
			t.Errorf("%+v", g)
		}
	})
	t.Run("an Intel card whose window is small has no known memory, and says why", func(t *testing.T) {
		f := files("0x56a5", "i915", "0000:03:00.0", map[string]string{
			"resource": "0x0 0x0 0x0\n0x0 0x0 0x0\n0x0000004000000000 0x000000400fffffff 0x000000000014220c\n",
		})
		f["sys/class/drm/card0/device/vendor"] = "0x8086"
		if g := only(t, f, ""); g.TotalBytes != 0 || g.Integrated || !strings.Contains(g.Note, "Resizable BAR") {
			t.Errorf("%+v", g)
		}
	})
}

func TestGFXName(t *testing.T) {
	for _, c := range []struct {
		name    string
		version int
		want    string
	}{
		{"RDNA 3", 110000, "gfx1100"},
		{"Vega in a processor has a hexadecimal step", 90012, "gfx90c"},
		{"MI200", 90010, "gfx90a"},
		{"RDNA 2", 100302, "gfx1032"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := gfxName(c.version); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestIntegratedByName(t *testing.T) {
	for _, c := range []struct {
		vendor, name string
		want         bool
	}{
		{"Intel", "Intel(R) UHD Graphics 770", true},
		{"Intel", "Intel(R) Arc(TM) Graphics", true},
		{"Intel", "Intel(R) Arc(TM) 140V GPU (16GB)", true},
		{"Intel", "Intel(R) Arc(TM) A770 Graphics", false},
		{"Intel", "Intel(R) Arc(TM) Pro A60 Graphics", false},
		{"Intel", "Intel(R) Arc(TM) B580 Graphics", false},
		{"AMD", "AMD Radeon(TM) Graphics", true},
		{"AMD", "AMD Radeon(TM) 780M", true},
		{"AMD", "AMD Radeon(TM) RX Vega 11 Graphics", true},
		{"AMD", "AMD Radeon RX 7900 XTX", false},
		{"AMD", "AMD Radeon RX 7600M XT", false},
		{"NVIDIA", "NVIDIA GeForce RTX 4060 Laptop GPU", false},
		{"Qualcomm", "Qualcomm(R) Adreno(TM) X1-85 GPU", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := integratedByName(c.vendor, c.name); got != c.want {
				t.Errorf("got %v", got)
			}
		})
	}
}

func TestApple(t *testing.T) {
	t.Run("a person's own limit of GPU memory is heeded", func(t *testing.T) {
		if got := appleWorkingSet(64<<30, 56<<30); got != 56<<30 {
			t.Errorf("got %d", got)
		}
	})
	t.Run("small Macs give two thirds, large ones three quarters", func(t *testing.T) {
		if a, b := appleWorkingSet(24<<30, 0), appleWorkingSet(64<<30, 0); a != 16<<30 || b != 48<<30 {
			t.Errorf("got %d, %d", a, b)
		}
	})
	t.Run("a report that is no JSON becomes a note", func(t *testing.T) {
		h := recording{"machine": "goos=darwin", "$ system_profiler": "oops"}.host(t)
		if r := probeOf(h).gpus(t.Context(), Memory{}, ""); len(r.gpus) != 0 || len(r.notes) != 1 || r.notes[0].Code != NoteGPUListFailed {
			t.Errorf("%+v", r)
		}
	})
	t.Run("page counts that are missing are an error, not zero bytes free", func(t *testing.T) {
		h := recording{"machine": "goos=darwin", "$ sysctl": "hw.memsize: 8589934592\n", "$ vm_stat": "Mach Virtual Memory Statistics: (page size of 16384 bytes)\n"}.host(t)
		if _, err := probeOf(h).memory(t.Context()); err == nil {
			t.Error("no error")
		}
	})
	t.Run("the Intel build on Apple silicon says so", func(t *testing.T) {
		r := readRecording(t, "laptop-apple-silicon")
		r["$ sysctl"] = strings.Replace(r["$ sysctl"], "proc_translated: 0", "proc_translated: 1", 1)
		m, err := newDetector(r.host(t)).detect(t.Context(), Options{SkipGPUs: true})
		if err != nil || !hasNote(m, NoteTranslated) {
			t.Errorf("%+v, %v", m.Notes, err)
		}
	})
	t.Run("a system without its tools is detected as far as it goes", func(t *testing.T) {
		m, err := newDetector(recording{"machine": "goos=darwin\ngoarch=arm64"}.host(t)).detect(t.Context(), Options{})
		if err != nil || !hasNote(m, NoteMemoryUnknown) || !hasNote(m, NoteCPUUnknown) || m.System != "macOS" {
			t.Errorf("%+v, %v", m, err)
		}
	})
}

func TestWindowsGPUs(t *testing.T) {
	m := Memory{TotalBytes: 32 << 30, PhysicalBytes: 32 << 30, AvailableBytes: 20 << 30}
	detect := func(t *testing.T, out string) gpuReport {
		t.Helper()
		return windowsProbe{recording{"machine": "goos=windows", "$ powershell.exe": out}.host(t)}.gpus(t.Context(), m, "")
	}
	const card = `"Name":"AMD Radeon RX 7900 XTX","DriverVersion":"31","PNPDeviceID":"PCI\\VEN_1002\u0026DEV_744C\u0026SUBSYS_1","ConfigManagerErrorCode":0`
	t.Run("the registry's 64-bit figure goes before the one that ends at 4 GB", func(t *testing.T) {
		r := detect(t, `{"controllers":[{`+card+`,"AdapterRAM":4293918720}],"registry":[{"DriverDesc":"AMD Radeon RX 7900 XTX","MatchingDeviceId":"PCI\\VEN_1002&DEV_744C&REV_C8","HardwareInformation.qwMemorySize":25753026560}]}`)
		if len(r.gpus) != 1 || r.gpus[0].TotalBytes != 25753026560 || r.gpus[0].FreeKnown || r.gpus[0].Note != "" {
			t.Errorf("%+v", r)
		}
	})
	t.Run("a figure that ends at 4 GB is not believed", func(t *testing.T) {
		r := detect(t, `{"controllers":{`+card+`,"AdapterRAM":4293918720},"registry":[]}`)
		if len(r.gpus) != 1 || r.gpus[0].TotalBytes != 0 || !strings.Contains(r.gpus[0].Note, "4 GB") {
			t.Errorf("%+v", r)
		}
	})
	t.Run("a smaller figure is", func(t *testing.T) {
		r := detect(t, `{"controllers":{`+card+`,"AdapterRAM":2147483648},"registry":null}`)
		if len(r.gpus) != 1 || r.gpus[0].TotalBytes != 2<<30 {
			t.Errorf("%+v", r)
		}
	})
	t.Run("a figure that the driver wrote as bytes is read", func(t *testing.T) {
		r := detect(t, "\ufeff"+`{"controllers":{`+card+`},"registry":{"DriverDesc":"AMD Radeon RX 7900 XTX","MatchingDeviceId":"pci\\ven_1002&dev_744c","HardwareInformation.qwMemorySize":[0,0,0,0,6,0,0,0]}}`)
		if len(r.gpus) != 1 || r.gpus[0].TotalBytes != 24<<30 {
			t.Errorf("%+v", r)
		}
	})
	t.Run("two cards of one kind each get a figure", func(t *testing.T) {
		const reg = `{"DriverDesc":"AMD Radeon RX 7900 XTX","MatchingDeviceId":"pci\\ven_1002&dev_744c","HardwareInformation.qwMemorySize":25753026560}`
		r := detect(t, `{"controllers":[{`+card+`},{`+card+`}],"registry":[`+reg+`,`+reg+`]}`)
		if len(r.gpus) != 2 || r.gpus[0].TotalBytes != 25753026560 || r.gpus[1].TotalBytes != 25753026560 {
			t.Errorf("%+v", r)
		}
	})
	t.Run("a GPU without its driver says so", func(t *testing.T) {
		r := detect(t, `{"controllers":{"Name":"Microsoft Basic Display Adapter","PNPDeviceID":"PCI\\VEN_10DE\u0026DEV_2684\u0026SUBSYS_1","ConfigManagerErrorCode":0},"registry":[]}`)
		if len(r.gpus) != 1 || r.gpus[0].Name != "NVIDIA GPU 10de:2684" || !strings.Contains(r.gpus[0].Note, "driver") {
			t.Errorf("%+v", r)
		}
	})
	t.Run("a GPU that was switched off says so", func(t *testing.T) {
		r := detect(t, `{"controllers":{"Name":"NVIDIA GeForce GTX 1650","PNPDeviceID":"PCI\\VEN_10DE\u0026DEV_1F91","ConfigManagerErrorCode":22},"registry":[]}`)
		if len(r.gpus) != 1 || !strings.Contains(r.gpus[0].Note, "Device Manager") {
			t.Errorf("%+v", r)
		}
	})
	t.Run("output that is no JSON becomes a note", func(t *testing.T) {
		if r := detect(t, "Get-CimInstance : Access denied"); len(r.gpus) != 0 || len(r.notes) != 1 || r.notes[0].Code != NoteGPUListFailed {
			t.Errorf("%+v", r)
		}
	})
}

func TestParseProcessorInfo(t *testing.T) {
	t.Run("records that end early are no fault", func(t *testing.T) {
		b := processorBytes(t, "core class=0 threads=2\ncache level=3 size=1024 type=0")
		for n := range b {
			parseProcessorInfo(b[:n])
		}
		if got := parseProcessorInfo(b); got != (processorInfo{cores: 1, threads: 2, cache: 1024}) {
			t.Errorf("%+v", got)
		}
	})
	t.Run("only caches of the last level count", func(t *testing.T) {
		b := processorBytes(t, "cache level=2 size=10 type=0\ncache level=3 size=100 type=0\ncache level=3 size=100 type=0\ncache level=1 size=1 type=1")
		if got := parseProcessorInfo(b); got.cache != 200 {
			t.Errorf("%+v", got)
		}
	})
}

func TestRunTool(t *testing.T) {
	t.Run("a tool that is not installed is told as missing", func(t *testing.T) {
		for _, name := range []string{"no-such-tool-here", "/no/such/folder/tool"} {
			if _, err := RunTool(t.Context(), name); !toolMissing(err) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
	t.Run("a cancelled tool ends with the context's error", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := RunTool(ctx, "sleep", "30"); !errors.Is(err, context.Canceled) && !toolMissing(err) {
			t.Errorf("%v", err)
		}
	})
	t.Run("a tool that hangs is ended when its time is up", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		start := time.Now()
		_, err := RunTool(ctx, "sleep", "30")
		if took := time.Since(start); took > 20*time.Second || !errors.Is(err, context.DeadlineExceeded) && !toolMissing(err) {
			t.Errorf("%v after %v", err, took)
		}
	})
	t.Run("output beyond the limit is dropped", func(t *testing.T) {
		w := capped{limit: 5}
		for range 3 {
			if n, err := w.Write([]byte("abc")); n != 3 || err != nil {
				t.Fatal(n, err)
			}
		}
		if w.buf.String() != "abcab" {
			t.Errorf("%q", w.buf.String())
		}
	})
}
