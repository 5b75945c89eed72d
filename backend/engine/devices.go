package engine

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// Device is a graphics processor as the engine's backends see it. Memories are bytes.
type Device struct {
	ID         string // PCI address or the driver's own id; empty: unknown
	Name       string
	Backend    string // CUDA, ROCm, Vulkan, Metal
	TotalBytes int64
	FreeBytes  int64
	Integrated bool
}

// deviceTimeout is what the slowest drivers need to wake up.
const deviceTimeout = 20 * time.Second

// Devices asks the engine's backends for graphics processors, in a jailed process of its own, because loading
// drivers can crash.
func (e *Engine) Devices(ctx context.Context) ([]Device, error) {
	ctx, cancel := context.WithTimeout(ctx, deviceTimeout)
	defer cancel()
	lib := LibDir(e.opts.Executable)
	args := []string{"gpu-discover", "--lib-dir", lib}
	entries, err := os.ReadDir(lib)
	if err != nil {
		return nil, err
	}
	for _, entry := range entries {
		if entry.IsDir() {
			args = append(args, "--lib-dir", filepath.Join(lib, entry.Name()))
		}
	}
	t := e.jailed(exec.CommandContext(ctx, e.opts.Executable, args...))
	var out bytes.Buffer
	t.Stdout, t.Stderr = &out, e.log
	if err := t.Run(); err != nil {
		return nil, fmt.Errorf("ask for devices: %w", err)
	}
	return parseDevices(out.Bytes())
}

// parseDevices reads the JSON of Ollama's native probe.
func parseDevices(data []byte) ([]Device, error) {
	var found struct {
		Devices []struct {
			Library     string `json:"library"`
			Name        string `json:"name"`
			Description string `json:"description"`
			DeviceID    string `json:"device_id"`
			Integrated  bool   `json:"integrated"`
			TotalMemory int64  `json:"total_memory"`
			FreeMemory  int64  `json:"free_memory"`
		} `json:"devices"`
	}
	if err := json.Unmarshal(data, &found); err != nil {
		return nil, fmt.Errorf("read devices: %w", err)
	}
	var devices []Device
	for _, d := range found.Devices {
		name := d.Description
		if name == "" {
			name = d.Name
		}
		devices = append(devices, Device{
			ID: d.DeviceID, Name: name, Backend: d.Library,
			TotalBytes: d.TotalMemory, FreeBytes: d.FreeMemory, Integrated: d.Integrated,
		})
	}
	return devices, nil
}
