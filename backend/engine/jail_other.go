//go:build !linux

package engine

import "os/exec"

// strongestLock is what start tries first. macOS and Windows have no network namespaces.
const strongestLock = LockApp

func jail(cmd *exec.Cmd, _ Lock) {
	cmd.Cancel = func() error { return killGroup(cmd) }
}

func killGroup(cmd *exec.Cmd) error {
	if cmd.Process == nil {
		return nil
	}
	return cmd.Process.Kill()
}

func loopbackUp() error { return nil }
