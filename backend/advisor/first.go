package advisor

import (
	"fmt"

	"weightroom/backend"
)

// ContextLength is what a recommendation has room for, in tokens.
const ContextLength = 8192

// known is one model at one quantization. File sizes are computed from the tensors' shapes and types; shapes are
// those of the published configurations.
type known struct {
	id, name, quant string
	bytes           int64
	kvLayers        int // layers whose cache grows with the whole context
	kvWidth         int // key-value heads times head size
	active          int64
	total           int64 // parameters
	licence         backend.Licence
}

var (
	apache  = backend.Licence{Name: "Apache-2.0", OpenSource: true, Commercial: true}
	llama32 = backend.Licence{Name: "Llama 3.2 Community License", Commercial: true}
	llama33 = backend.Licence{Name: "Llama 3.3 Community License", Commercial: true}
	gemma   = backend.Licence{Name: "Gemma Terms of Use", Commercial: true}
)

// knownModels are ordered from the least to the most capable.
func knownModels() []known {
	return []known{
		{"smollm2-135m", "SmolLM2 135M", "Q4_1", 98_356_768, 30, 192, 134_515_008, 134_515_008, apache},
		{"qwen3-0.6b", "Qwen3 0.6B", "Q8_0", 639_455_552, 28, 1024, 596_049_920, 596_049_920, apache},
		{"qwen3-1.7b", "Qwen3 1.7B", "Q4_K_M", 1_107_417_408, 28, 1024, 1_720_574_976, 1_720_574_976, apache},
		{"llama-3.2-3b", "Llama 3.2 3B", "Q4_K_M", 2_019_379_456, 28, 1024, 3_212_749_824, 3_212_749_824, llama32},
		{"qwen3-4b-instruct-2507", "Qwen3 4B 2507", "Q4_K_M", 2_497_283_904, 36, 1024, 4_022_468_096, 4_022_468_096, apache},
		{"qwen3-8b", "Qwen3 8B", "Q4_K_M", 5_027_787_072, 36, 1024, 8_190_735_360, 8_190_735_360, apache},
		{"gemma-3-12b", "Gemma 3 12B", "Q4_K_M", 7_300_756_304, 8, 2048, 11_766_034_176, 11_766_034_176, gemma},
		{"qwen3-14b", "Qwen3 14B", "Q4_K_M", 9_001_753_920, 40, 1024, 14_768_307_200, 14_768_307_200, apache},
		{"gpt-oss-20b", "gpt-oss 20B", "MXFP4", 12_109_558_336, 12, 512, 4_193_246_784, 20_914_757_184, apache},
		{"qwen3-30b-a3b-instruct-2507", "Qwen3 30B-A3B 2507", "Q4_K_M", 18_556_676_416, 48, 512, 3_353_032_704, 30_532_122_624, apache},
		{"llama-3.3-70b", "Llama 3.3 70B", "Q4_K_M", 42_520_371_456, 80, 1024, 70_553_706_496, 70_553_706_496, llama33},
		{"gpt-oss-120b", "gpt-oss 120B", "MXFP4", 63_387_323_968, 18, 512, 5_750_551_872, 116_829_156_672, apache},
	}
}

// slowOnProcessor is the number of active parameters above which a processor alone writes slower than most people
// read: at 4 bits, 3 GB read for each token, and laptops read 40 to 90 GB a second.
const slowOnProcessor = 6_000_000_000

// need is memory for weights, an f16 KV cache of ContextLength tokens and half a gigabyte of buffers, in bytes.
func (k known) need() int64 {
	const kAndV, f16Bytes, buffers = 2, 2, 512 << 20
	return k.bytes + int64(k.kvLayers)*int64(k.kvWidth)*ContextLength*kAndV*f16Bytes + buffers
}

// Fit says where a model would run.
type Fit string

// The verdicts, best first.
const (
	FitGPU Fit = "gpu" // all of it in one graphics processor's memory
	FitRAM Fit = "ram" // in main memory
	FitNo  Fit = "no"
)

// Pick is the first recommendation.
type Pick struct {
	ID, Name, Quant string
	Bytes           int64 // of the file
	NeedBytes       int64 // with a context of ContextLength
	Fit             Fit
	Licence         backend.Licence
	Why             []string
	CanRun, Known   int // how many of the known models fit
}

// First picks the most capable known model that fits the free memory, in bytes: of the largest graphics processor
// (0: none) or of the machine. Memories are not added up. A machine that fits none gets the smallest, with Fit "no".
func First(gpuFree, ramFree int64) Pick {
	models := knownModels()
	pick := Pick{Known: len(models)}
	best, bestFit := models[0], FitNo
	for _, k := range models {
		fit := FitNo
		switch {
		case k.need() <= gpuFree:
			fit = FitGPU
		case k.need() <= ramFree:
			fit = FitRAM
		}
		if fit == FitNo {
			continue
		}
		pick.CanRun++
		if fit == FitGPU || k.active <= slowOnProcessor || bestFit == FitNo {
			best, bestFit = k, fit
		}
	}
	pick.ID, pick.Name, pick.Quant = best.id, best.name, best.quant
	pick.Bytes, pick.NeedBytes, pick.Fit, pick.Licence = best.bytes, best.need(), bestFit, best.licence
	pick.Why = best.why(bestFit, gpuFree, ramFree)
	return pick
}

func (k known) why(fit Fit, gpuFree, ramFree int64) []string {
	gb := func(n int64) string { return fmt.Sprintf("%.1f GB", float64(n)/1e9) }
	var why []string
	switch fit {
	case FitGPU:
		why = append(why, fmt.Sprintf("It needs about %s with an 8k context, and your graphics processor has %s free.", gb(k.need()), gb(gpuFree)))
	case FitRAM:
		why = append(why, fmt.Sprintf("It needs about %s of memory with an 8k context, and %s are free.", gb(k.need()), gb(ramFree)))
		if k.active < k.total {
			why = append(why, fmt.Sprintf("Only %.1f of its %.0f billion parameters work on each token, so a processor is quick enough.", float64(k.active)/1e9, float64(k.total)/1e9))
		}
	default:
		why = append(why, fmt.Sprintf("Even the smallest known model needs %s and only %s are free. Close other programs first.", gb(k.need()), gb(max(gpuFree, ramFree))))
	}
	if k.licence.OpenSource {
		why = append(why, fmt.Sprintf("Its licence, %s, is open source.", k.licence.Name))
	} else {
		why = append(why, fmt.Sprintf("Its weights are open, but %s is not an open-source licence.", k.licence.Name))
	}
	return append(why, "This is a first suggestion from free memory alone. Its speed has not been measured.")
}
