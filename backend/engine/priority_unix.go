//go:build unix && !linux

package engine

import (
	"os"

	"golang.org/x/sys/unix"
)

func giveWayFirst() {}

// giveWay puts a process that has just started behind the window.
func giveWay(p *os.Process) { _ = unix.Setpriority(unix.PRIO_PROCESS, p.Pid, niceness) }
