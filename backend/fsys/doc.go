// Package fsys is the operating system's files: locks, syncing folders, free and allocated space, holes, clones, and
// what the system's errors say about the disk.
//
// A file system that lacks something is no failure where the work can be done without it: Reserve then does nothing,
// Clone fails with errors.ErrUnsupported or the system's error and callers copy, and TryLock fails with an error other
// than ErrLocked, which each caller judges.
package fsys
