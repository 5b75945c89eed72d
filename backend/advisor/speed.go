package advisor

import (
	"cmp"
	"math"
	"strings"

	"weightroom/backend"
)

// Speed is how fast a model reads and writes, and how sure that is.
type Speed struct {
	Generation float64        `json:"tokensPerSecond"`
	Prompt     float64        `json:"promptTokensPerSecond"`
	Source     backend.Source `json:"source"`
	Error      float64        `json:"error"` // of Generation, as a share: 0.3 is ±30%
	Disturbed  bool           `json:"-"`     // other programs kept the processors busy during the run
	Place      Place          `json:"-"`     // where it ran; empty: unknown. A figure from another place does not count.
	Prior      bool           `json:"-"`     // from memory bandwidth alone, not from runs of this machine

	PromptError float64 `json:"-"` // of Prompt, as a share; 0: that of Generation
	Deep        Deep    `json:"-"` // in a context that is not empty; zero: not measured
	// What a token of the context adds where Deep is not known, see [Cost].
	Cost Cost `json:"-"`
}

// Deep is how fast a model reads and writes after so many tokens.
type Deep struct {
	Depth      int
	Generation float64
	Prompt     float64 // 0: not measured
	Error      float64 // of both, as a share
	Source     backend.Source
}

// Cost is how long what the KV cache keeps takes to work through, in seconds: while a token is written, each byte is read and
// each number is multiplied by every query that looks at it; for a token of a prompt, which shares the reading with others,
// the numbers count alone. Zero: a byte takes as long as one of the weights.
type Cost struct {
	Byte, Number float64 // while a token is written
	Read         float64 // of a number, for a token of a prompt
	Error        float64 // as a share
}

// Finding is a person's own verdict from a blind test about a quant and a more precise one of the same model: they could
// not tell Quant from AsGoodAs, or they preferred WorseThan to it. One of the two is empty.
type Finding struct {
	Quant     string
	AsGoodAs  string
	WorseThan string
	Rounds    int
}

// Measurements are what has been measured on the machine that the advice is for. Each method may be called for every
// candidate, in any order.
type Measurements interface {
	// Speed returns a measured or test-driven figure; false: there is none.
	Speed(id, quant string) (Speed, bool)
	// Estimate returns a figure of a model fitted to this machine's own runs; false: there is no such fit, and the prior
	// from memory bandwidth counts.
	Estimate(c *Candidate, v Verdict) (Speed, bool)
	// Finding returns the verdict of this person's blind tests that is about a quant; false: there is none. Of several, a
	// preference against it comes before the rest, and then the one that puts it beside the most precise quant.
	Finding(id, quant string) (Finding, bool)
	// Thoughts returns how many tokens a model thinks before an answer of this person's chats; false: too few are known.
	Thoughts(id string) (Figure, bool)
}

// Nothing is what is known about a machine that nobody has run anything on.
type Nothing struct{}

// Speed returns none.
func (Nothing) Speed(_, _ string) (Speed, bool) { return Speed{}, false }

// Estimate returns none.
func (Nothing) Estimate(*Candidate, Verdict) (Speed, bool) { return Speed{}, false }

// Finding returns none.
func (Nothing) Finding(_, _ string) (Finding, bool) { return Finding{}, false }

// Thoughts returns none.
func (Nothing) Thoughts(string) (Figure, bool) { return Figure{}, false }

// Expect returns the best figure there is: measured, test drive, fitted, or the prior. A disturbed run that is slower than
// the estimate allows for does not count. Its Generation is 0 where the
// model does not fit.
func Expect(c *Candidate, m *Machine, v Verdict, measured Measurements) Speed {
	if v.Place == PlaceNo {
		return Speed{Source: backend.SourceEstimated}
	}
	guess := Prior(c, m, v)
	if s, ok := measured.Estimate(c, v); ok && s.sane() {
		s.Source = backend.SourceEstimated
		if s.Cost == (Cost{}) {
			s.Cost = guess.Cost
		}
		guess = s
	}
	if s, ok := measured.Speed(c.ID, c.Quant); ok && s.sane() && (s.Place == "" || s.Place == v.Place) && !s.slowedBelow(guess) {
		if s.Prompt == 0 { // a short answer tells how fast a model writes, not how fast it reads
			s.Prompt, s.PromptError = guess.Prompt, guess.promptError()
		}
		s.Cost = guess.Cost
		return s
	}
	return guess
}

// slowedBelow reports whether a run is slower than even an estimate's range because other programs kept the processors
// busy. It says nothing of the model then, so the estimate stands; one that is as fast or faster is true in any case.
func (s Speed) slowedBelow(guess Speed) bool {
	return s.Disturbed && s.Generation*(1+guess.Error) < guess.Generation
}

// promptError is how far off Prompt may be, as a share.
func (s Speed) promptError() float64 { return cmp.Or(s.PromptError, s.Error) }

func (s Speed) sane() bool {
	return s.Generation > 0 && !math.IsInf(s.Generation, 0) && s.Prompt >= 0 && !math.IsInf(s.Prompt, 0)
}

// device is what the prior knows about one kind of engine backend.
type device struct {
	efficiency float64 // share of the memory bandwidth that weights are read with
	perLayer   float64 // seconds of overhead for each layer and token
	perExperts float64 // the same for a layer of a mixture of experts
	opsPerByte float64 // operations on a prompt for each byte per second of bandwidth
	err        float64 // half of the range that nine of ten published runs lie in, as a share
}

// The prior's constants are fitted by hand to testdata/published.json, runs of llama.cpp with their sources;
// TestPriorAgainstPublishedRuns prints how far off it is. Overhead of mixtures and the ROCm and discrete Vulkan rows
// rest on single runs or on memory.
func (g *GPU) device() device {
	switch strings.ToLower(g.Backend) {
	case "cuda":
		return device{efficiency: 0.89, perLayer: 90e-6, perExperts: 200e-6, opsPerByte: 95, err: 0.3}
	case "metal":
		return device{efficiency: 0.87, perLayer: 200e-6, perExperts: 300e-6, opsPerByte: 22, err: 0.35}
	case "rocm":
		return device{efficiency: 0.75, perLayer: 120e-6, perExperts: 250e-6, opsPerByte: 45, err: 0.4}
	}
	return device{efficiency: 0.75, perLayer: 150e-6, perExperts: 300e-6, opsPerByte: 25, err: 0.5}
}

// The processor's share of the prior. One core decodes about 10 GB of weights a second, so few cores cannot use a
// wide memory (a 3B at Q4_K_M writes 10.4 tokens a second on two cores, and 11 on two of an i3-1315U).
const promptOverhead = 10e-6 // seconds for each token of a prompt on graphics; from memory

const (
	processorEfficiency = 0.8 // of the bandwidth measured by reading
	processorPerLayer   = 20e-6
	coreBytesPerSec     = 10e9
	coreOps             = 90e9 // operations per second and core on a prompt
	processorError      = 0.3
)

// What is assumed where a bandwidth is unknown: dual-channel DDR4-3200 as it is measured, and an entry-level card.
const (
	unknownRAMBandwidth  = 40e9
	unknownCardBandwidth = 250e9
	unknownError         = 0.6
)

func (m *Machine) ramBandwidth() float64 {
	if m.RAM.BandwidthBytesPerSec > 0 {
		return float64(m.RAM.BandwidthBytesPerSec)
	}
	return unknownRAMBandwidth
}

// bandwidth is a graphics processor's. An integrated one without a figure of its own reads main memory.
func (g *GPU) bandwidth(m *Machine) float64 {
	switch {
	case g.BandwidthBytesPerSec > 0:
		return float64(g.BandwidthBytesPerSec)
	case g.Unified:
		return m.ramBandwidth()
	}
	return unknownCardBandwidth
}

// Prior estimates a speed from memory bandwidth alone, for a machine that nothing was run on, at an empty context:
//
//	seconds per token = Σ share·active bytes / (bandwidth · efficiency) + Σ layers · overhead per layer
//	seconds per prompt token = Σ share · (2 · active parameters / operations per second + overhead)
//
// summed over the graphics processors and the processor with the share of the layers that lies on each. Writing is
// bound by reading all active weights once for each token; reading a prompt is bound by arithmetic.
func Prior(c *Candidate, m *Machine, v Verdict) Speed {
	if v.Place == PlaceNo {
		return Speed{Source: backend.SourceEstimated, Prior: true}
	}
	layers := float64(max(1, c.Layers))
	share := 0.0 // of the layers that graphics processors hold
	var seconds, promptSeconds, err float64
	cost := Cost{Error: costError}
	if v.GPU >= 0 && v.LayersOnGPU > 0 {
		share = min(1, float64(v.LayersOnGPU)/layers)
		g := &m.GPUs[v.GPU]
		d := g.device()
		bandwidth := m.shared(v)
		overhead := d.perLayer
		if c.mixture() {
			overhead = d.perExperts
		}
		seconds += share*float64(c.active())/(bandwidth*d.efficiency) + share*layers*overhead
		cost.Byte += share / (bandwidth * d.efficiency)
		ops := g.PromptOps
		if ops <= 0 {
			ops = bandwidth * d.opsPerByte
		}
		promptSeconds += share * (2*float64(c.activeParams())/ops + promptOverhead)
		err = d.err
		if g.BandwidthBytesPerSec == 0 {
			err = unknownError
		}
	}
	if rest := 1 - share; rest > 0 {
		cores := float64(m.Cores)
		if cores <= 0 {
			cores = 4
		}
		rate := min(m.ramBandwidth()*processorEfficiency, cores*coreBytesPerSec)
		seconds += rest*float64(c.active())/rate + rest*layers*processorPerLayer
		own := ProcessorCost(1 / rate)
		cost.Byte, cost.Number, cost.Read = cost.Byte+rest*own.Byte, rest*own.Number, rest*own.Read
		ops := m.PromptOps
		if ops <= 0 {
			ops = cores * coreOps
		}
		promptSeconds += rest * 2 * float64(c.activeParams()) / ops
		err = max(err, processorError)
		if m.RAM.BandwidthBytesPerSec == 0 || m.RAM.BandwidthDoubtful {
			err = unknownError
		}
	}
	if c.mixture() {
		err += 0.1 // experts are read in small pieces
	}
	s := Speed{Source: backend.SourceEstimated, Error: err, Prior: true, Place: v.Place, Cost: cost}
	if seconds > 0 {
		s.Generation = 1 / seconds
	}
	if promptSeconds > 0 {
		s.Prompt = 1 / promptSeconds
	}
	return s
}

// ProcessorCost is what a processor takes for the KV cache, given the seconds that a byte of the weights takes it. The shares
// are from nine models at 2,048 tokens on a 2-core x86-64 machine, where they are right within 30%
// (backend/testdrive/testdata/speeds.json): it multiplies as long as it reads.
func ProcessorCost(secondsPerByte float64) Cost {
	const written, read = 1.3, 0.45
	return Cost{Byte: written * secondsPerByte, Number: written * secondsPerByte, Read: read * secondsPerByte, Error: costError}
}

// shared is the bandwidth of the graphics processors that hold a model. Several work one after the other, each on its
// part of the layers, so they are no faster than one: the harmonic mean by memory.
func (m *Machine) shared(v Verdict) float64 {
	if v.GPUs < 2 {
		return m.GPUs[v.GPU].bandwidth(m)
	}
	var bytes, seconds float64
	for i := range m.GPUs {
		g := &m.GPUs[i]
		if g.Unified || g.TotalBytes <= 0 || g.Backend != m.GPUs[v.GPU].Backend {
			continue
		}
		bytes += float64(g.TotalBytes)
		seconds += float64(g.TotalBytes) / g.bandwidth(m)
	}
	return bytes / seconds
}
