//go:build !windows

package hardware

import "os/exec"

func hideWindow(*exec.Cmd) {}
