package engine

import (
	"os"
	"os/exec"
)

// strongestLock is what start tries first. Windows has no network namespaces.
const strongestLock = LockApp

func jail(cmd *exec.Cmd, _ Lock) {
	cmd.Cancel = func() error { return killGroup(cmd) }
}

func endsItself(*exec.Cmd) {}

// killGroup ends cmd and everything it started.
func killGroup(cmd *exec.Cmd) error {
	if cmd.Process == nil {
		return nil
	}
	killTree(cmd.Process.Pid)
	return cmd.Process.Kill()
}

// endGroup ends what this process started; the caller then ends itself.
func endGroup() { killTree(os.Getpid()) }

// groupRuns reports whether something that root started runs, once root has ended: Windows keeps the number of a
// parent that is gone. Where root runs, its number is another process's by now.
func groupRuns(root int) bool {
	all := processes()
	for _, p := range all {
		if p.pid == root {
			return false
		}
	}
	return len(below(root, all)) > 0
}

// below lists the descendants of root.
func below(root int, all []process) []process {
	var found []process
	for _, p := range all {
		if p.parent == root && p.pid != root {
			found = append(found, treeOf(p.pid, all)...)
		}
	}
	return found
}

func killTree(root int) {
	for _, p := range below(root, processes()) {
		if child, err := os.FindProcess(p.pid); err == nil {
			_ = child.Kill()
		}
	}
}

func loopbackUp() error { return nil }
