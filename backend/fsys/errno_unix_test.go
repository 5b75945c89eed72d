//go:build unix

package fsys

import (
	"strings"
	"syscall"
	"testing"
)

func TestSystemErrorsMeanOneThing(t *testing.T) {
	checkMeanings(t, map[syscall.Errno]meaning{
		syscall.ENOSPC:  {full: true},
		syscall.EDQUOT:  {full: true},
		syscall.EFBIG:   {full: true, tooLarge: true},
		syscall.EROFS:   {readOnly: true},
		syscall.EIO:     {bad: true},
		syscall.EACCES:  {},
		syscall.EPERM:   {},
		syscall.ENOENT:  {},
		syscall.ENOTDIR: {},
		syscall.EINVAL:  {},
		syscall.EBUSY:   {},
		syscall.EMFILE:  {},
		syscall.ENOMEM:  {},
		syscall.EINTR:   {},
	})
}

func TestAQuotaIsNamed(t *testing.T) {
	if e := Explain(syscall.EDQUOT, ""); !strings.Contains(e.Message, "quota") || !strings.Contains(e.Message, "full") {
		t.Error(e)
	}
	if e := Explain(syscall.ENOSPC, ""); strings.Contains(e.Message, "quota") {
		t.Error(e)
	}
}
