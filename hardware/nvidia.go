package hardware

import (
	"context"
	"encoding/csv"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"path"
	"regexp"
	"strconv"
	"strings"
)

// The columns asked of nvidia-smi. One column that a driver doesn't know fails the whole query, so the second list has
// only those that every driver since 2014 knows.
const (
	nvidiaColumns    = "name,uuid,pci.bus_id,memory.total,memory.free,driver_version,compute_cap,power.limit,mig.mode.current"
	nvidiaColumnsOld = "name,uuid,pci.bus_id,memory.total,memory.free,driver_version"
)

// An nvidiaDriver asks NVIDIA's driver, by its tool or by what it shows in /proc.
type nvidiaDriver struct{ *host }

// An nvidiaCard is a row of nvidia-smi's table. Memory is -1 where the tool gives none, as on boards whose GPU works in
// main memory.
type nvidiaCard struct {
	gpu         GPU
	total, free int64
	mig         bool
}

// gpus asks nvidia-smi. Where there is no such tool, both results are nil.
func (n nvidiaDriver) gpus(ctx context.Context, m Memory) ([]GPU, []Note) {
	tool, out, err := "", []byte(nil), error(nil)
	for _, tool = range n.tools() {
		if out, err = n.query(ctx, tool, nvidiaColumns); !toolMissing(err) {
			break
		}
	}
	if toolMissing(err) {
		return nil, nil
	}
	if err != nil && ctx.Err() == nil && strings.Contains(string(out), "not a valid field") {
		out, err = n.query(ctx, tool, nvidiaColumnsOld)
	}
	cards := parseNVIDIA(string(out))
	if len(cards) == 0 {
		if strings.Contains(string(out), "No devices were found") || err == nil {
			return nil, nil
		}
		return nil, []Note{nvidiaToolFailed(fmt.Errorf("%w: %s", err, firstLine(out)))}
	}
	var notes []Note
	var slices [][]GPU
	for _, c := range cards {
		if c.mig {
			if slices, err = n.slices(ctx, tool); err != nil {
				notes = append(notes, nvidiaSlicesUnknown(err))
			}
			break
		}
	}
	var gpus []GPU
	for i, c := range cards {
		switch {
		case !c.mig:
			gpus = append(gpus, c.finish(m))
		case i < len(slices) && len(slices[i]) > 0:
			for _, s := range slices[i] {
				s.PCI, s.Driver, s.Compute = c.gpu.PCI, c.gpu.Driver, c.gpu.Compute
				gpus = append(gpus, s)
			}
		default:
			g := c.finish(m)
			g.Note = "MIG is on but this GPU has no slice a program can use. Create one with nvidia-smi mig, or switch MIG off."
			if slices == nil {
				g.Note = "The MIG slices of this GPU could not be listed. Run nvidia-smi -L to see them."
			}
			gpus = append(gpus, g)
		}
	}
	return gpus, notes
}

// tools is where nvidia-smi is, likeliest first: Windows's Linux layer keeps it off the path of some shells, and
// old drivers for Windows off everyone's.
func (n nvidiaDriver) tools() []string {
	switch n.goos {
	case "linux":
		return []string{"nvidia-smi", "/usr/lib/wsl/lib/nvidia-smi"}
	case "windows":
		return []string{"nvidia-smi", `C:\Program Files\NVIDIA Corporation\NVSMI\nvidia-smi.exe`}
	}
	return nil
}

func (n nvidiaDriver) query(ctx context.Context, tool, columns string) ([]byte, error) {
	return n.runFor(ctx, nvidiaTimeout, tool, "--query-gpu="+columns, "--format=csv,noheader,nounits")
}

// parseNVIDIA reads nvidia-smi's rows; memory is in MiB. Lines that are no row, such as warnings, are passed over.
func parseNVIDIA(out string) []nvidiaCard {
	r := csv.NewReader(strings.NewReader(out))
	r.TrimLeadingSpace, r.LazyQuotes, r.FieldsPerRecord = true, true, -1
	var cards []nvidiaCard
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			return cards
		}
		if err != nil || len(row) < 6 || !strings.HasPrefix(row[1], "GPU-") && !unavailable(row[1]) {
			continue
		}
		c := nvidiaCard{total: mebibytes(row[3]), free: mebibytes(row[4])}
		c.gpu = GPU{
			Name: known(row[0]), Vendor: "NVIDIA", UUID: known(row[1]), PCI: normalPCI(known(row[2])), Driver: known(row[5]),
		}
		if len(row) >= 9 {
			c.gpu.Compute = known(row[6])
			if w, err := strconv.ParseFloat(row[7], 64); err == nil && w > 0 && w < 1e6 {
				c.gpu.PowerLimitWatts = w
			}
			c.mig = strings.EqualFold(row[8], "Enabled")
		}
		cards = append(cards, c)
	}
}

// finish turns a row into a GPU. A GPU without memory of its own works in main memory.
func (c nvidiaCard) finish(m Memory) GPU {
	g := c.gpu
	if c.total > 0 {
		g.TotalBytes = c.total
		if c.free >= 0 {
			g.FreeBytes, g.FreeKnown = min(c.free, c.total), true
		}
		return g
	}
	if c.mig {
		return g
	}
	g.Integrated = true
	g.TotalBytes, g.SharedBytes = m.TotalBytes, m.TotalBytes
	g.FreeBytes, g.FreeKnown = m.AvailableBytes, m.TotalBytes > 0
	return g
}

var migLine = regexp.MustCompile(`^\s+MIG\s+(\S+)\s+Device\s+(\d+):\s+\(UUID:\s+([^)\s]+)\)`)

// slices lists each card's MIG slices, in the cards' order: names and UUIDs from -L, memory from the full report.
func (n nvidiaDriver) slices(ctx context.Context, tool string) ([][]GPU, error) {
	list, err := n.runFor(ctx, nvidiaTimeout, tool, "-L")
	if err != nil {
		return nil, err
	}
	slices := parseMIGList(string(list))
	report, err := n.runFor(ctx, nvidiaTimeout, tool, "-q", "-x")
	if err == nil {
		err = addMIGMemory(slices, report)
	}
	return slices, err
}

// parseMIGList reads nvidia-smi -L: a line per card and, indented, one per slice. A profile such as 3g.20gb names its
// memory in round figures, which stand until the report's exact ones replace them.
func parseMIGList(out string) [][]GPU {
	var slices [][]GPU
	name := ""
	for line := range strings.Lines(out) {
		if strings.HasPrefix(line, "GPU ") {
			_, rest, _ := strings.Cut(line, ":")
			name, _, _ = strings.Cut(strings.TrimSpace(rest), " (UUID:")
			slices = append(slices, nil)
			continue
		}
		m := migLine.FindStringSubmatch(line)
		if m == nil || len(slices) == 0 {
			continue
		}
		g := GPU{Name: name + " MIG " + m[1], Vendor: "NVIDIA", UUID: m[3]}
		if _, gb, ok := strings.Cut(m[1], "."); ok {
			if n, err := strconv.ParseInt(strings.TrimRight(strings.TrimSuffix(gb, "+me"), "gb"), 10, 16); err == nil && n > 0 {
				g.TotalBytes = n << 30
			}
		}
		last := len(slices) - 1
		slices[last] = append(slices[last], g)
	}
	return slices
}

// addMIGMemory fills in the slices' memory from nvidia-smi -q -x, which lists cards and slices in the same order.
func addMIGMemory(slices [][]GPU, report []byte) error {
	var doc struct {
		GPUs []struct {
			Devices []struct {
				Memory struct {
					Total string `xml:"total"`
					Free  string `xml:"free"`
				} `xml:"fb_memory_usage"`
			} `xml:"mig_devices>mig_device"`
		} `xml:"gpu"`
	}
	if err := xml.Unmarshal(report, &doc); err != nil {
		return err
	}
	for i, card := range doc.GPUs {
		for j, d := range card.Devices {
			if i >= len(slices) || j >= len(slices[i]) {
				break
			}
			g := &slices[i][j]
			if total := mebibytes(strings.TrimSuffix(d.Memory.Total, " MiB")); total > 0 {
				g.TotalBytes = total
				if free := mebibytes(strings.TrimSuffix(d.Memory.Free, " MiB")); free >= 0 {
					g.FreeBytes, g.FreeKnown = min(free, total), true
				}
			}
		}
	}
	return nil
}

// fromProc reads what the driver says without its tool: names, but no memory.
func (n nvidiaDriver) fromProc() []GPU {
	var gpus []GPU
	driver := ""
	for w := range strings.FieldsSeq(field(n.read("proc/driver/nvidia/version"), "NVRM version", ":")) {
		if driver == "" && strings.Count(w, ".") >= 1 && w[0] >= '0' && w[0] <= '9' {
			driver = w
		}
	}
	for _, slot := range n.list("proc/driver/nvidia/gpus") {
		info := n.read(path.Join("proc/driver/nvidia/gpus", slot, "information"))
		uuid := field(info, "GPU UUID", ":")
		if strings.Contains(uuid, "?") { // until the GPU wakes up
			uuid = ""
		}
		gpus = append(gpus, GPU{
			Name: field(info, "Model", ":"), Vendor: "NVIDIA", UUID: uuid, Driver: driver,
			PCI: normalPCI(first(field(info, "Bus Location", ":"), slot)),
		})
	}
	return gpus
}

// known turns the tool's ways to say "no answer" into "".
func known(s string) string {
	if s = strings.TrimSpace(s); unavailable(s) {
		return ""
	}
	return s
}

// unavailable recognises [N/A], [Not Supported], [Unknown Error], [Insufficient Permissions] and their bare forms.
func unavailable(s string) bool {
	s = strings.TrimSpace(s)
	return strings.HasPrefix(s, "[") && strings.HasSuffix(s, "]") || s == "N/A" || s == "Not Supported" || s == "ERR!"
}

// mebibytes turns a number of MiB into bytes, and anything else into -1.
func mebibytes(s string) int64 {
	n, err := strconv.ParseInt(strings.TrimSpace(s), 10, 64)
	if err != nil || n < 0 || n > 1<<32 {
		return -1
	}
	return n << 20
}

var pciForm = regexp.MustCompile(`^([0-9a-f]{1,8}):([0-9a-f]{2}):([0-9a-f]{2})\.([0-7])$`)

// normalPCI writes a PCI address as the kernel does, "0000:01:00.0": lower case, the domain in four digits where it
// fits. What isn't an address becomes "".
func normalPCI(s string) string {
	s = strings.ToLower(strings.TrimSpace(s))
	if strings.Count(s, ":") == 1 {
		s = "0:" + s
	}
	p := pciForm.FindStringSubmatch(s)
	if p == nil {
		return ""
	}
	domain, _ := strconv.ParseUint(p[1], 16, 32)
	return fmt.Sprintf("%04x:%s:%s.%s", domain, p[2], p[3], p[4])
}

func firstLine(out []byte) string {
	line, _, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	return line
}
