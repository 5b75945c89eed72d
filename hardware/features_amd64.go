package hardware

import "golang.org/x/sys/cpu"

// nativeFeatures asks the processor itself; it is for systems with no file to read.
func nativeFeatures() []string {
	x := &cpu.X86
	return linuxFeatures(flagWords(map[string]bool{
		"sse4_2": x.HasSSE42, "avx": x.HasAVX, "avx2": x.HasAVX2, "fma": x.HasFMA,
		// No flag of its own here; every processor with AVX2 has it.
		"f16c":     x.HasAVX2,
		"avx_vnni": x.HasAVXVNNI, "avx512f": x.HasAVX512F, "avx512bw": x.HasAVX512BW, "avx512cd": x.HasAVX512CD,
		"avx512dq": x.HasAVX512DQ, "avx512vl": x.HasAVX512VL, "avx512vbmi": x.HasAVX512VBMI,
		"avx512_vnni": x.HasAVX512VNNI, "avx512_bf16": x.HasAVX512BF16,
		"amx_tile": x.HasAMXTile, "amx_int8": x.HasAMXInt8, "amx_bf16": x.HasAMXBF16,
	}))
}
