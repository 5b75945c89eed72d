package hardware

import "strings"

// A feature is a vector unit, and how the systems call it.
type feature struct {
	name   string
	linux  string // words of /proc/cpuinfo, all of them needed
	sysctl string // macOS: any of these keys is 1, or these words are in machdep.cpu.*features
}

// features is in the order in which they are shown. AVX-512 means the five parts that inference kernels need together.
var features = []feature{
	{name: "SSE4.2", linux: "sse4_2", sysctl: "SSE4.2"},
	{name: "AVX", linux: "avx", sysctl: "AVX1.0"},
	{name: "AVX2", linux: "avx2", sysctl: "AVX2"},
	{name: "FMA", linux: "fma", sysctl: "FMA"},
	{name: "F16C", linux: "f16c", sysctl: "F16C"},
	{name: "AVX-VNNI", linux: "avx_vnni"},
	{name: "AVX-512", linux: "avx512f avx512bw avx512cd avx512dq avx512vl", sysctl: "AVX512F"},
	{name: "AVX-512 VBMI", linux: "avx512vbmi", sysctl: "AVX512VBMI"},
	{name: "AVX-512 VNNI", linux: "avx512_vnni", sysctl: "AVX512VNNI"},
	{name: "AVX-512 BF16", linux: "avx512_bf16"},
	{name: "AVX-512 FP16", linux: "avx512_fp16"},
	{name: "AMX INT8", linux: "amx_tile amx_int8"},
	{name: "AMX BF16", linux: "amx_tile amx_bf16"},
	{name: "NEON", linux: "asimd", sysctl: "hw.optional.neon hw.optional.AdvSIMD hw.optional.arm.AdvSIMD"},
	{name: "FP16", linux: "asimdhp", sysctl: "hw.optional.neon_fp16 hw.optional.arm.FEAT_FP16"},
	{name: "DotProd", linux: "asimddp", sysctl: "hw.optional.arm.FEAT_DotProd"},
	{name: "I8MM", linux: "i8mm", sysctl: "hw.optional.arm.FEAT_I8MM"},
	{name: "BF16", linux: "bf16", sysctl: "hw.optional.arm.FEAT_BF16"},
	{name: "SVE", linux: "sve"},
	{name: "SVE2", linux: "sve2"},
	{name: "SME", linux: "sme", sysctl: "hw.optional.arm.FEAT_SME"},
	{name: "RVV", linux: "rvv"},
	{name: "VSX", linux: "vsx"},
	{name: "LASX", linux: "lasx"},
}

// FeatureNames lists every name that [CPU.Features] can hold, in the order in which they appear there.
func FeatureNames() []string {
	names := make([]string, len(features))
	for i, f := range features {
		names[i] = f.name
	}
	return names
}

// linuxFeatures turns the flags line of /proc/cpuinfo into names.
func linuxFeatures(flags string) []string {
	have := words(flags)
	if have["neon"] { // 32-bit ARM's word for it
		have["asimd"] = true
	}
	return namesWhere(func(f feature) bool { return hasAll(have, f.linux) })
}

// sysctlFeatures turns macOS's keys and its two lists of Intel words into names.
func sysctlFeatures(keys map[string]string) []string {
	have := words(keys["machdep.cpu.features"] + " " + keys["machdep.cpu.leaf7_features"])
	return namesWhere(func(f feature) bool {
		for key := range strings.FieldsSeq(f.sysctl) {
			if have[key] || keys[key] == "1" {
				return true
			}
		}
		return false
	})
}

func namesWhere(has func(feature) bool) []string {
	names := []string{}
	for _, f := range features {
		if has(f) {
			names = append(names, f.name)
		}
	}
	return names
}

func words(s string) map[string]bool {
	set := map[string]bool{}
	for w := range strings.FieldsSeq(s) {
		set[w] = true
	}
	return set
}

func hasAll(have map[string]bool, need string) bool {
	for w := range strings.FieldsSeq(need) {
		if !have[w] {
			return false
		}
	}
	return need != ""
}

func flagWords(flags map[string]bool) string {
	var b strings.Builder
	for word, on := range flags {
		if on {
			b.WriteString(word + " ")
		}
	}
	return b.String()
}
