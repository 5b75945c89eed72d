package cli

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"weightroom/backend"
	"weightroom/hardware"
)

func detectCommand(s *session) *cobra.Command {
	return &cobra.Command{
		Use:   "detect",
		Short: "Show what this machine is",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			c, done, err := s.open(ctx, s, false)
			if err != nil {
				return err
			}
			defer done()
			_ = c.Engine.Start(ctx) // its problem, if any, is part of the answer
			if err := c.Machine.MeasureBandwidthOnce(ctx); err != nil {
				return err
			}
			r, err := c.Report(ctx)
			if err != nil {
				return err
			}
			m := rowOfMachine(r)
			if s.json {
				return s.print(m)
			}
			s.describe(m)
			return nil
		},
	}
}

func (s *session) describe(m machineRow) {
	w := tabwriter.NewWriter(s.stdout, 0, 0, 2, ' ', 0)
	defer w.Flush() //nolint:errcheck // standard output
	row := func(name, value string) { fmt.Fprintf(w, "%s\t%s\n", name, value) }
	row("System", strings.Trim(m.System+", "+m.Host, ", "))
	row("Processor", fmt.Sprintf("%s, %d cores, %d threads", m.CPU.Model, m.CPU.PhysicalCores, m.CPU.LogicalCores))
	row("", strings.Join(m.CPU.Features, " "))
	row("", threadsText(m.CPU.Threads))
	row("Memory", fmt.Sprintf("%s, %s free", backend.Bytes(m.Memory.TotalBytes), backend.Bytes(m.Memory.AvailableBytes)))
	if m.Memory.ZFSCacheBytes > 0 {
		row("", fmt.Sprintf("%s of it are held by ZFS' cache, which gives them back; the system calls them used", backend.Bytes(m.Memory.ZFSCacheBytes)))
	}
	if m.Memory.HostBytes > 0 {
		row("", "the machine around this container has no more than that free, whatever the container's own list says")
	}
	if m.Memory.BandwidthBytesPerSec > 0 {
		measured := "measured"
		if m.Memory.BandwidthDoubtful {
			measured = "measured roughly, while other programs were busy,"
		}
		row("", fmt.Sprintf("%s/s %s on all cores that the engine works with, %s/s on one", backend.Bytes(m.Memory.BandwidthBytesPerSec), measured, backend.Bytes(m.Memory.SingleCoreBytesPerSec)))
	}
	for _, g := range m.GPUs {
		text := fmt.Sprintf("%s, %s, %s free", g.Name, backend.Bytes(g.TotalBytes), backend.Bytes(g.FreeBytes))
		if g.Backend != "" {
			text += ", " + g.Backend
		}
		row("Graphics", text)
		if g.Note != "" {
			row("", g.Note)
		}
	}
	if len(m.GPUs) == 0 {
		row("Graphics", "none that the engine can use")
	}
	row("Disk", fmt.Sprintf("%s free for models in %s", backend.Bytes(m.Disk.FreeBytes), m.Disk.Path))
	row("Engine", fmt.Sprintf("Ollama %s, llama.cpp %s (%s)", m.Engine.Version, m.Engine.LlamaCpp, strings.Join(m.Engine.Backends, ", ")))
	row("Network", m.Engine.LockDetail)
	for _, p := range m.Problems {
		row("Note", p.Title+" "+p.Hint)
	}
}

// threadsText says how many threads work for a model, and why.
func threadsText(t threadsRow) string {
	why := make([]string, len(t.Reasons))
	for i, r := range t.Reasons {
		why[i] = r.text()
	}
	return fmt.Sprintf("the engine works with %s: %s", backend.Plural(t.Count, "thread"), strings.Join(why, ", "))
}

func (r threadReasonRow) text() string {
	cores := strconv.FormatFloat(math.Round(r.Cores*100)/100, 'f', -1, 64)
	switch hardware.ThreadKind(r.Kind) {
	case hardware.ThreadsCpuset:
		return fmt.Sprintf("its container or service may use %s of %s", cores, backend.Plural(r.Of, "core"))
	case hardware.ThreadsAffinity:
		return fmt.Sprintf("it may use %s of %s", cores, backend.Plural(r.Of, "core"))
	case hardware.ThreadsPerformance:
		return fmt.Sprintf("%s of %d", backend.Plural(int(r.Cores), "performance core"), r.Of)
	case hardware.ThreadsQuota:
		return fmt.Sprintf("a quota of %s of %s", cores, backend.Plural(r.Of, "core"))
	case hardware.ThreadsMeasured:
		return fmt.Sprintf("measured to be faster than %d", r.Of)
	case hardware.ThreadsSetting:
		if int(r.Cores) > r.Of {
			return fmt.Sprintf("%s are chosen in Settings, and %d can run at once", cores, r.Of)
		}
		return "chosen in Settings"
	}
	if r.Of == 1 {
		return "there is one core"
	}
	return "one on each core"
}

func doctorCommand(s *session) *cobra.Command {
	return &cobra.Command{
		Use:   "doctor",
		Short: "Find what keeps Weightroom from working well",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			c, done, err := s.open(ctx, s, true)
			if err != nil {
				return err
			}
			defer done()
			_ = c.Engine.Start(ctx) // its problem is listed
			r, err := c.Report(ctx)
			if err != nil {
				return err
			}
			problems := append(rows(r.Problems, standingRow), rows(c.DeepProblems(ctx), problemRow)...)
			if s.json {
				return s.print(map[string]any{"problems": problems})
			}
			if len(problems) == 0 {
				fmt.Fprintln(s.stdout, "Everything works.")
			}
			for _, p := range problems {
				fmt.Fprintf(s.stdout, "%s\n  %s\n", p.Title, p.Hint)
			}
			return nil
		},
	}
}
