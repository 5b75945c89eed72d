package gguf

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"

	"weightroom/backend"
)

// decoder reads little-endian values in order and remembers its first failure.
type decoder struct {
	in   *bufio.Reader
	size int64 // of the file
	at   int64 // bytes read
	kept int64 // bytes held in memory for the caller
	err  error
	word [8]byte
}

func (d *decoder) fail(err error) {
	if d.err == nil {
		d.err = err
	}
}

// room reports whether n more bytes are inside the header's limit and the file, and fails the decoder if not.
func (d *decoder) room(n int64) bool {
	switch {
	case d.err != nil:
		return false
	case n > MaxHeaderBytes-d.at:
		d.fail(hostile("The header of this file is larger than %d MiB, more than any model needs.", MaxHeaderBytes>>20))
	case n > d.size-d.at:
		d.fail(truncated("This file ends inside its header: at least %s are missing.", backend.Bytes(n-(d.size-d.at))))
	default:
		return true
	}
	return false
}

// keep counts n bytes that stay in memory.
func (d *decoder) keep(n int64) bool {
	d.kept += n
	if d.kept > maxKeptBytes {
		d.fail(hostile("The metadata of this file holds more than %d MiB of text and lists.", maxKeptBytes>>20))
	}
	return d.err == nil
}

// fill reads exactly len(p) bytes.
func (d *decoder) fill(p []byte) bool {
	if !d.room(int64(len(p))) {
		return false
	}
	if _, err := io.ReadFull(d.in, p); err != nil {
		d.short(err)
		return false
	}
	d.at += int64(len(p))
	return true
}

// skip passes n bytes, reading them so that a hole in the file is noticed.
func (d *decoder) skip(n int64) {
	if !d.room(n) {
		return
	}
	if _, err := d.in.Discard(int(n)); err != nil {
		d.short(err)
		return
	}
	d.at += n
}

// short tells a file that shrank while it was read from a disk that failed.
func (d *decoder) short(err error) {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		d.fail(truncated("This file ends inside its header."))
		return
	}
	d.fail(unreadable(err))
}

func (d *decoder) u8() uint8 {
	d.fill(d.word[:1])
	return d.word[0]
}

func (d *decoder) u16() uint16 {
	d.fill(d.word[:2])
	return binary.LittleEndian.Uint16(d.word[:2])
}

func (d *decoder) u32() uint32 {
	d.fill(d.word[:4])
	return binary.LittleEndian.Uint32(d.word[:4])
}

func (d *decoder) u64() uint64 {
	d.fill(d.word[:8])
	return binary.LittleEndian.Uint64(d.word[:8])
}

// length reads the length of a string and checks it. what names the string in a sentence.
func (d *decoder) length(most int64, what string) int64 {
	n := d.u64()
	if d.err != nil {
		return 0
	}
	if n > uint64(most) {
		d.fail(hostile("The text of %s claims to be %d bytes long, and %d is the most there can be.", what, n, most))
		return 0
	}
	if !d.room(int64(n)) {
		return 0
	}
	return int64(n)
}

// text reads a string into memory.
func (d *decoder) text(most int64, what string) string {
	n := d.length(most, what)
	if d.err != nil || n == 0 || !d.keep(n) {
		return ""
	}
	p := make([]byte, n)
	if !d.fill(p) {
		return ""
	}
	return string(p)
}
