package fsys

import (
	"errors"
	"strings"
	"syscall"

	"weightroom/backend"
)

// Is reports whether err is one of the given system errors. Some libraries, bbolt among them, keep only the text of
// the system's error at the end of their own; that counts too.
func Is(err error, numbers ...syscall.Errno) bool {
	for _, n := range numbers {
		if errors.Is(err, n) || err != nil && strings.HasSuffix(err.Error(), ": "+n.Error()) {
			return true
		}
	}
	return false
}

// IsFull reports whether err says that nothing more fits: the disk is full, this user's share of it is, or the file
// may not become larger (see IsTooLarge).
func IsFull(err error) bool { return Is(err, errnosFull...) || isQuota(err) || IsTooLarge(err) }

// IsTooLarge reports whether err says that one file may not become as large, on this file system or for this process.
// Freeing space does not help, so who can advise something better asks for it before IsFull.
func IsTooLarge(err error) bool { return Is(err, errnosTooLarge...) }

// IsReadOnly reports whether err says that the disk can't be written to. Missing rights are fs.ErrPermission.
func IsReadOnly(err error) bool { return Is(err, errnosReadOnly...) }

// IsBadDisk reports whether err says that the disk itself failed.
func IsBadDisk(err error) bool { return Is(err, errnosBadDisk...) }

func isQuota(err error) bool { return Is(err, errnosQuota...) }

// SaysFull reports whether the output of a program tells of a full disk, in the words of the C library, which are the
// same on every system.
func SaysFull(output string) bool {
	lower := strings.ToLower(output)
	for _, words := range []string{"no space left", "quota exceeded", "file too large"} {
		if strings.Contains(lower, words) {
			return true
		}
	}
	return false
}

// Explain returns the sentence for a disk that is full, read-only or broken, and nil for every other error. then ends
// the next step: what follows when it is put right, and what is kept until then. Empty means to try again.
func Explain(err error, then string) *backend.Error {
	switch {
	case IsFull(err):
		return Full(err, then)
	case IsReadOnly(err):
		return ReadOnly(err, then)
	case IsBadDisk(err):
		return BadDisk(err, then)
	}
	return nil
}

// Full returns the sentence for a full disk, whatever the cause looks like. See Explain for then.
func Full(cause error, then string) *backend.Error {
	message := "The disk is full."
	if isQuota(cause) {
		message = "The disk is full for you: your quota is used up."
	}
	return backend.Fail(backend.CodeDiskFull, cause, message, step("Free some space.", then))
}

// Short returns the sentence for a disk that what would not fit on, found before anything is written: short bytes are
// missing. See Explain for then.
func Short(what string, short int64, then string) *backend.Error {
	return backend.Fail(backend.CodeDiskFull, nil, "There is not enough space for "+what+": the disk is short by "+backend.Bytes(short)+".",
		step("Free some space.", then))
}

// ReadOnly returns the sentence for a disk that can't be written to. See Explain for then.
func ReadOnly(cause error, then string) *backend.Error {
	return backend.Fail(backend.CodeReadOnly, cause, "The disk is read-only.", step("Make it writable, or choose a folder on another disk.", then))
}

// BadDisk returns the sentence for a disk that fails. See Explain for then.
func BadDisk(cause error, then string) *backend.Error {
	return backend.Fail(backend.CodeDisk, cause, "The disk reported an error.", step("Check the disk and its cable.", then))
}

func step(first, then string) string {
	if then == "" {
		then = "Then try again."
	}
	return first + " " + then
}
