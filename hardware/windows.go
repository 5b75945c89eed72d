package hardware

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math/bits"
	"regexp"
	"strconv"
	"strings"
)

const (
	regProcessor = `HARDWARE\DESCRIPTION\System\CentralProcessor\0`
	regBIOS      = `HARDWARE\DESCRIPTION\System\BIOS`
	regWindows   = `SOFTWARE\Microsoft\Windows NT\CurrentVersion`
)

func (w windowsProbe) memory(context.Context) (Memory, error) {
	if w.sys.memory == nil {
		return Memory{}, errUnsupported
	}
	return w.sys.memory()
}

func (w windowsProbe) cpu(context.Context) (CPU, error) {
	name, _ := w.sys.registry(regProcessor, "ProcessorNameString")
	c := CPU{Model: cleanProcessor(name), Features: w.sys.features()}
	b, err := w.sys.processors()
	if err != nil {
		return c, err
	}
	t := parseProcessorInfo(b)
	c.PhysicalCores, c.LogicalCores, c.CacheBytes = t.cores, t.threads, t.cache
	c.PerformanceCores, c.EfficiencyCores = t.fast, t.slow
	if c.LogicalCores <= affinityBits {
		c.UsableCores = min(c.LogicalCores, w.sys.threads())
	}
	return c, nil
}

// affinityBits is how many processors a process's affinity mask holds. On a larger machine it tells of one group alone.
const affinityBits = 64

type processorInfo struct {
	cores, threads, fast, slow int
	cache                      int64
}

// parseProcessorInfo reads the records of GetLogicalProcessorInformationEx. Each starts with its kind and size, four
// bytes each. A core (kind 0) then has flags, an efficiency class (higher is faster), 20 reserved bytes, a count of
// groups, and from byte 32 on 16 bytes per group that begin with a mask of threads. A cache (kind 2) has its level at
// byte 8, its size at 12 and its type at 16.
func parseProcessorInfo(b []byte) processorInfo {
	const core, cache, instructionCache = 0, 2, 1
	var t processorInfo
	classes := map[byte]int{}
	var level, top byte
	for len(b) >= 8 {
		kind, size := binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint32(b[4:])
		if size < 8 || uint64(size) > uint64(len(b)) {
			break
		}
		r := b[:size]
		b = b[size:]
		switch {
		case kind == core && size >= 32:
			t.cores++
			classes[r[9]]++
			groups := int(binary.LittleEndian.Uint16(r[30:]))
			for i := 0; i < groups && 32+16*i+8 <= len(r); i++ {
				t.threads += bits.OnesCount64(binary.LittleEndian.Uint64(r[32+16*i:]))
			}
		case kind == cache && size >= 20:
			level = r[8]
			if binary.LittleEndian.Uint32(r[16:]) == instructionCache || level < top {
				continue
			}
			if level > top {
				top, t.cache = level, 0
			}
			t.cache += int64(binary.LittleEndian.Uint32(r[12:]))
		}
	}
	if len(classes) > 1 {
		least := byte(255)
		for c := range classes {
			least = min(least, c)
		}
		t.slow = classes[least]
		t.fast = t.cores - t.slow
	}
	return t
}

// identity reads the registry. Windows 11 still calls itself 10 there; its build number tells.
func (w windowsProbe) identity(context.Context) (product, system string) {
	get := func(key, value string) string {
		s, _ := w.sys.registry(key, value)
		return strings.TrimSpace(s)
	}
	product = productName(get(regBIOS, "SystemManufacturer"), get(regBIOS, "SystemProductName"), get(regBIOS, "SystemVersion"),
		get(regBIOS, "BaseBoardManufacturer"), get(regBIOS, "BaseBoardProduct"))
	system = get(regWindows, "ProductName")
	if build, _ := strconv.Atoi(get(regWindows, "CurrentBuild")); build >= 22000 {
		system = strings.Replace(system, "Windows 10", "Windows 11", 1)
	}
	return product, strings.TrimSpace(system + " " + get(regWindows, "DisplayVersion"))
}

// windowsScript lists the display adapters as Windows knows them, and as their drivers wrote them into the registry:
// there alone the memory is a 64-bit figure.
const windowsScript = `$ErrorActionPreference='SilentlyContinue'
[Console]::OutputEncoding=[Text.Encoding]::UTF8
$c=@(Get-CimInstance Win32_VideoController|Select-Object Name,AdapterCompatibility,AdapterRAM,DriverVersion,PNPDeviceID,ConfigManagerErrorCode)
$r=@(Get-ItemProperty 'HKLM:\SYSTEM\CurrentControlSet\Control\Class\{4d36e968-e325-11ce-bfc1-08002be10318}\0*'|
Select-Object DriverDesc,MatchingDeviceId,DriverVersion,'HardwareInformation.qwMemorySize')
@{controllers=$c;registry=$r}|ConvertTo-Json -Depth 3 -Compress`

// gpus joins the adapters that Windows lists with NVIDIA's tool, which alone knows free memory.
func (w windowsProbe) gpus(ctx context.Context, m Memory, _ string) gpuReport {
	nvidia, notes := nvidiaDriver(w).gpus(ctx, m)
	r := gpuReport{gpus: nvidia, notes: notes}
	out, err := w.runFor(ctx, powershellTimeout, "powershell.exe", "-NoProfile", "-NonInteractive", "-Command", windowsScript)
	if toolMissing(err) {
		return r
	}
	adapters, bad := parseWindowsAdapters(out)
	if bad != nil {
		r.notes = append(r.notes, gpuListFailed(errors.Join(bad, err)))
		return r
	}
	left := map[string]int{}
	for _, g := range nvidia {
		left[g.Name]++
	}
	for _, a := range adapters {
		g, ok := a.gpu(m)
		if !ok {
			continue
		}
		if g.Vendor == "NVIDIA" && left[g.Name] > 0 {
			left[g.Name]--
			continue
		}
		r.gpus = append(r.gpus, g)
	}
	return r
}

// A windowsAdapter is a display adapter, its memory in bytes where the registry has it.
type windowsAdapter struct {
	Name      string `json:"Name"`
	RAM       int64  `json:"AdapterRAM"`
	Driver    string `json:"DriverVersion"`
	PNP       string `json:"PNPDeviceID"`
	ErrorCode int    `json:"ConfigManagerErrorCode"`

	memory int64
}

type windowsRegistryGPU struct {
	Name   string          `json:"DriverDesc"`
	ID     string          `json:"MatchingDeviceId"`
	Memory json.RawMessage `json:"HardwareInformation.qwMemorySize"`
}

// parseWindowsAdapters reads windowsScript's output.
func parseWindowsAdapters(out []byte) ([]windowsAdapter, error) {
	var doc struct {
		Controllers oneOrMany[windowsAdapter]     `json:"controllers"`
		Registry    oneOrMany[windowsRegistryGPU] `json:"registry"`
	}
	// PowerShell may begin with a byte order mark.
	if err := json.Unmarshal([]byte(strings.TrimPrefix(string(out), "\ufeff")), &doc); err != nil {
		return nil, err
	}
	used := make([]bool, len(doc.Registry))
	for i := range doc.Controllers {
		a := &doc.Controllers[i]
		for j, r := range doc.Registry {
			if !used[j] && r.Name == a.Name && pciIDs(r.ID) == pciIDs(a.PNP) {
				used[j] = true
				a.memory = registryMemory(r.Memory)
				break
			}
		}
	}
	return doc.Controllers, nil
}

// oneOrMany is a list that PowerShell writes as a bare object where it has one element, and as null where it has none.
type oneOrMany[T any] []T

func (l *oneOrMany[T]) UnmarshalJSON(b []byte) error {
	if strings.HasPrefix(string(b), "{") {
		var one T
		if err := json.Unmarshal(b, &one); err != nil {
			return err
		}
		*l = oneOrMany[T]{one}
		return nil
	}
	return json.Unmarshal(b, (*[]T)(l))
}

// registryMemory reads a number of bytes, or the same as a list of little-endian bytes, as some drivers write it.
func registryMemory(raw json.RawMessage) int64 {
	var n int64
	if json.Unmarshal(raw, &n) == nil {
		return max(0, n)
	}
	var list []uint8
	var numbers []int
	if json.Unmarshal(raw, &numbers) != nil || len(numbers) > 8 {
		return 0
	}
	for _, b := range numbers {
		list = append(list, byte(b))
	}
	for i := len(list) - 1; i >= 0; i-- {
		n = n<<8 | int64(list[i])
	}
	return max(0, n)
}

var windowsIDs = regexp.MustCompile(`(?i)ven_([0-9a-f]{4})&dev_([0-9a-f]{4})`)

// pciIDs picks "10de:28a0" from a name such as PCI\VEN_10DE&DEV_28A0&SUBSYS_….
func pciIDs(s string) string {
	p := windowsIDs.FindStringSubmatch(s)
	if p == nil {
		return ""
	}
	return strings.ToLower(p[1] + ":" + p[2])
}

// adapterRAMCap is the most that AdapterRAM, a 32-bit figure, is seen to hold; it means "this much or more".
const adapterRAMCap = 4<<30 - 1<<20

// disabledDevice is Device Manager's code for a device that a person switched off.
const disabledDevice = 22

// gpu turns an adapter into a GPU; ok is false for virtual and remote displays.
func (a windowsAdapter) gpu(m Memory) (g GPU, ok bool) {
	ids := pciIDs(a.PNP)
	vendor, _, _ := strings.Cut(ids, ":")
	g = GPU{Name: strings.TrimSpace(withoutMarks(a.Name)), Vendor: pciVendors["0x"+vendor], Driver: a.Driver}
	if g.Vendor == "" && strings.Contains(a.Name, "Adreno") {
		g.Vendor = "Qualcomm"
	}
	if g.Vendor == "" {
		return GPU{}, false
	}
	if a.ErrorCode == disabledDevice {
		g.Note = "This GPU is switched off in Windows. Switch it on in Device Manager."
		return g, true
	}
	if strings.HasPrefix(a.Name, "Microsoft Basic") || a.ErrorCode != 0 {
		g.Note = "Windows has no working driver for this GPU. Install " + g.Vendor + "'s driver."
		if strings.HasPrefix(a.Name, "Microsoft Basic") {
			g.Name = fmt.Sprintf("%s GPU %s", g.Vendor, ids)
		}
		return g, true
	}
	if g.Integrated = integratedByName(g.Vendor, g.Name); g.Integrated {
		// What the firmware set aside for it, and half of the rest.
		g.SharedBytes = sharedOfMain("windows", m.TotalBytes)
		g.TotalBytes = g.SharedBytes
		if g.Vendor == "AMD" {
			g.TotalBytes += a.memory
		}
		g.FreeBytes, g.FreeKnown = min(g.SharedBytes, m.AvailableBytes), m.TotalBytes > 0
		return g, true
	}
	g.TotalBytes = a.memory
	if g.TotalBytes == 0 && a.RAM > 0 && a.RAM < adapterRAMCap {
		g.TotalBytes = a.RAM
	}
	if g.TotalBytes == 0 {
		g.Note = "Windows does not tell how much memory this GPU has: its figure ends at 4 GB. Update the GPU's driver."
	}
	return g, true
}
