//go:build !linux

package engine

import (
	"os"
	"os/exec"
)

// strongestLock is what start tries first. macOS and Windows have no network namespaces.
const strongestLock = LockApp

func jail(cmd *exec.Cmd, _ Lock) {
	cmd.Cancel = func() error { return killGroup(cmd) }
}

func killGroup(cmd *exec.Cmd) error {
	if cmd.Process == nil {
		return nil
	}
	for _, p := range processTree(cmd.Process.Pid) {
		if child, err := os.FindProcess(p.pid); err == nil {
			_ = child.Kill()
		}
	}
	return cmd.Process.Kill()
}

// endGroup ends what this process started; the caller then ends itself.
func endGroup() {
	for _, p := range processTree(os.Getpid()) {
		if child, err := os.FindProcess(p.pid); err == nil && p.pid != os.Getpid() {
			_ = child.Kill()
		}
	}
}

func loopbackUp() error { return nil }
