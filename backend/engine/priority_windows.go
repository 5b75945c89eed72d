package engine

import (
	"os"

	"golang.org/x/sys/windows"
)

func giveWayFirst() {}

// giveWay puts a process that has just started behind the window.
func giveWay(p *os.Process) {
	h, err := windows.OpenProcess(windows.PROCESS_SET_INFORMATION, false, uint32(p.Pid)) //nolint:gosec // process ids fit
	if err != nil {
		return
	}
	defer func() { _ = windows.CloseHandle(h) }()
	_ = windows.SetPriorityClass(h, windows.BELOW_NORMAL_PRIORITY_CLASS)
}
