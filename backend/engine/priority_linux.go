package engine

import (
	"os"

	"golang.org/x/sys/unix"
)

// giveWayFirst puts what the calling thread starts behind the window. On Linux a thread has a nice value of its own
// (setpriority(2)), and what it starts inherits it.
func giveWayFirst() { _ = unix.Setpriority(unix.PRIO_PROCESS, 0, niceness) }

func giveWay(*os.Process) {}
