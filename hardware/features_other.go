//go:build !amd64 && !arm64

package hardware

func nativeFeatures() []string { return []string{} }
