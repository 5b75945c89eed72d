//go:build unix

package engine

import (
	"os"
	"os/exec"
	"syscall"
)

// killGroup ends cmd and everything it started, which shares its process group.
func killGroup(cmd *exec.Cmd) error {
	if cmd.Process == nil {
		return nil
	}
	_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	return cmd.Process.Kill()
}

// endGroup ends this process and what it started, where it leads a group; in somebody else's group it ends nothing.
func endGroup() {
	if syscall.Getpgrp() == os.Getpid() {
		_ = syscall.Kill(0, syscall.SIGKILL)
	}
}
