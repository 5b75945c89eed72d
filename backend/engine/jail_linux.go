package engine

import (
	"os"
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"
)

// strongestLock is what start tries first.
const strongestLock = LockKernel

// jail gives cmd its own user, network and PID namespaces and a process group, and ties its life to the calling
// thread's. The user namespace is what lets an ordinary person have the other two.
func jail(cmd *exec.Cmd, lock Lock) {
	attr := &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	if lock == LockKernel {
		attr.Cloneflags = unix.CLONE_NEWUSER | unix.CLONE_NEWNET | unix.CLONE_NEWPID
		attr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
		attr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
		attr.GidMappingsEnableSetgroups = false
	}
	cmd.SysProcAttr = attr
	cmd.Cancel = func() error { return killGroup(cmd) }
}

// endsItself lets a jailed cmd outlive this process for the moment it needs to end its own children. Without a PID
// namespace, a child that died at once would leave them running.
func endsItself(cmd *exec.Cmd) { cmd.SysProcAttr.Pdeathsig = 0 }

// groupRuns reports whether a process of the group runs. Processes that have ended and that nobody has waited for do
// not; in a container they may stay for good.
func groupRuns(group int) bool {
	if syscall.Kill(-group, 0) != nil {
		return false
	}
	for _, p := range processes() {
		if p.group == group && !p.ended {
			return true
		}
	}
	return false
}

// loopbackUp brings up the loopback interface of a fresh network namespace.
func loopbackUp() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(fd) }()
	ifr, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	ifr.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	return unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, ifr)
}
