package hardware

import (
	"context"
	"errors"
	"sync"
)

// A probe asks one operating system what the machine is. What it does not know stays zero.
type probe interface {
	memory(ctx context.Context) (Memory, error)
	cpu(ctx context.Context) (CPU, error)
	// identity returns the machine's product name and the system's.
	identity(ctx context.Context) (product, system string)
	// gpus needs main memory, which integrated ones work in, and the container that may withhold them.
	gpus(ctx context.Context, m Memory, container string) gpuReport
	power(ctx context.Context) Power
}

// A gpuReport is what a system's probe of its graphics processors found, and the better host name that macOS gives
// along with it.
type gpuReport struct {
	gpus  []GPU
	notes []Note
	host  string
}

// probeOf returns the probe for h's system.
func probeOf(h *host) probe {
	switch h.goos {
	case "linux":
		return linuxProbe{h}
	case "darwin":
		return &appleProbe{host: h}
	case "windows":
		return windowsProbe{h}
	}
	return unknownProbe{}
}

// linuxProbe reads /proc, /sys and /etc.
type linuxProbe struct{ *host }

// appleProbe runs macOS's tools.
type appleProbe struct {
	*host
	keysOnce sync.Once
	keys     map[string]string // sysctl's
	keysErr  error
}

// windowsProbe makes system calls, reads the registry and runs PowerShell.
type windowsProbe struct{ *host }

// unknownProbe is for every other system.
type unknownProbe struct{}

var errUnsupported = errors.New("hardware: this system is not supported")

func (unknownProbe) memory(context.Context) (Memory, error)            { return Memory{}, errUnsupported }
func (unknownProbe) cpu(context.Context) (CPU, error)                  { return CPU{}, errUnsupported }
func (unknownProbe) identity(context.Context) (product, system string) { return "", "" }
func (unknownProbe) gpus(context.Context, Memory, string) gpuReport    { return gpuReport{} }
func (unknownProbe) power(context.Context) Power                       { return PowerUnknown }
