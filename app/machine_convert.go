package app

import (
	"weightroom/app/core"
	"weightroom/app/core/advice"
	"weightroom/app/core/machine"
	"weightroom/backend/tune"
	"weightroom/hardware"
)

func machinePage(r core.Report) MachinePage {
	h := r.Hardware
	return MachinePage{
		OS: h.OS, Arch: h.Arch, Host: h.Host, System: h.System, Container: h.Container,
		CPU: CPU{
			Model: h.CPU.Model, PhysicalCores: h.CPU.PhysicalCores, LogicalCores: h.CPU.LogicalCores,
			Features: nonNil(h.CPU.Features), LimitCores: h.CPU.LimitCores, Threads: threadsOf(h.CPU.Threads),
		},
		Memory: Memory{
			TotalBytes: h.Memory.TotalBytes, AvailableBytes: h.Memory.AvailableBytes,
			SwapTotalBytes: h.Memory.SwapTotalBytes, SwapFreeBytes: h.Memory.SwapFreeBytes, LimitBytes: h.Memory.LimitBytes,
			BandwidthBytesPerSec: h.Memory.BandwidthBytesPerSec, SingleCoreBytesPerSec: h.Memory.SingleCoreBytesPerSec,
			BandwidthMeasuredAt: h.Memory.BandwidthMeasuredAt, BandwidthDoubtful: h.Memory.BandwidthDoubtful, EngineBytes: r.EngineBytes,
			ZFSCacheBytes: h.Memory.ZFSCacheBytes, HostBytes: h.Memory.HostBytes,
		},
		GPUs:     convert(h.GPUs, gpuOf),
		Disk:     Disk{Path: h.Disk.Path, TotalBytes: h.Disk.TotalBytes, FreeBytes: h.Disk.FreeBytes},
		Engine:   engineOf(r.Engine),
		Tuned:    tunedOf(r.Tuned, r.TunedOn),
		Problems: convert(r.Problems, standing),
	}
}

func threadsOf(t hardware.Threads) Threads {
	return Threads{Count: t.Count, Reasons: convert(t.Reasons, func(r hardware.ThreadReason) ThreadReason {
		return ThreadReason{Kind: string(r.Kind), Cores: r.Cores, Of: r.Of}
	})}
}

func tunedOf(t machine.Tuned, on string) Tuned {
	power := string(t.Power)
	if t.Mains {
		power = string(hardware.PowerAC)
	}
	return Tuned{
		MeasuredAt: millis(t.Result.At), Seconds: t.Result.Seconds, On: on, Off: t.Off, Power: power, Mains: t.Mains,
		Counted: t.Counted, Threads: t.How.Threads, Chosen: t.Chosen, Batch: t.How.Batch, FlashAttention: !t.How.NoFlash,
		Trials: convert(t.Result.Trials, func(o tune.Trial) TuneTrial {
			return TuneTrial{Kind: string(o.Kind), Value: o.Value, Over: o.Over, Gain: o.Gain.Gain, Error: o.Error, Kept: o.Kept}
		}),
	}
}

func engineOf(e machine.EngineState) Engine {
	return Engine{
		State: string(e.Status.State), Version: e.Build.Ollama, LlamaCpp: e.Build.LlamaCpp, Backends: nonNil(e.Build.Backends),
		NetworkLock: string(e.Status.Lock), LockDetail: e.Status.Lock.Detail(), Model: e.Model, ModelBytes: e.Bytes,
		LoadProgress: e.Status.LoadProgress, Restarts: e.Status.Restarts, ExpiresAt: millis(e.Expires), Problem: problemOf(e.Status.Problem),
	}
}

func gpuOf(g hardware.GPU) GPU {
	return GPU{
		Name: g.Name, Vendor: g.Vendor, Backend: g.Backend, Driver: g.Driver,
		TotalBytes: g.TotalBytes, FreeBytes: g.FreeBytes, FreeKnown: g.FreeKnown, Integrated: g.Integrated, SharedBytes: g.SharedBytes, Note: g.Note,
	}
}

// pickOf is the first choice of a ranking, as the Welcome page shows it.
// quickBytes is how much a model may take to download and still be had in a few minutes.
const quickBytes = 2_000_000_000

func pickOf(r advice.Ranking) Pick {
	pick := Pick{Choices: []Choice{}, CanRun: len(r.Choices), Known: r.Considered}
	if len(r.Choices) == 0 {
		return pick
	}
	pick.Choices = append(pick.Choices, choiceOf(r.Choices[0]))
	for _, c := range r.Choices[1:] {
		if c.Bytes < quickBytes && r.Choices[0].Bytes >= quickBytes {
			pick.Choices = append(pick.Choices, choiceOf(c))
			break
		}
	}
	return pick
}
