package hardware

import "golang.org/x/sys/cpu"

// nativeFeatures asks the processor itself; it is for systems with no file to read.
func nativeFeatures() []string {
	a := &cpu.ARM64
	return linuxFeatures(flagWords(map[string]bool{
		"asimd": a.HasASIMD, "asimdhp": a.HasASIMDHP, "asimddp": a.HasASIMDDP, "i8mm": a.HasI8MM,
		"sve": a.HasSVE, "sve2": a.HasSVE2,
	}))
}
