//go:build unix && !linux

package engine

import (
	"os/exec"
	"syscall"
)

// strongestLock is what start tries first. macOS and the BSDs have no network namespaces.
const strongestLock = LockApp

// jail gives cmd a process group.
func jail(cmd *exec.Cmd, _ Lock) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return killGroup(cmd) }
}

func endsItself(*exec.Cmd) {}

// groupRuns reports whether the group has a process.
func groupRuns(group int) bool { return syscall.Kill(-group, 0) == nil }

func loopbackUp() error { return nil }
