package store

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"os"
)

// salvageWindow is how much of a file is searched at a time.
const salvageWindow = 4 << 20

// unreadableBlock is what is given up when the disk cannot read a place.
const unreadableBlock = 4096

// salvage finds every whole record in the raw bytes of a file, current or left behind on a free page, whatever state
// the file is in. found gets records whose bytes are valid during the call; broken gets the headers whose record is
// not whole any more: most of them are old versions that were partly overwritten.
//
// It never trusts a length that it has not checked against the file, reads with plain reads only, and goes over places
// that the disk cannot read.
func salvage(ctx context.Context, path string, found func(record), broken func(k kind, key []byte)) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // opened for reading only
	info, err := f.Stat()
	if err != nil {
		return err
	}
	return salvageAll(ctx, f, info.Size(), found, broken)
}

func salvageAll(ctx context.Context, r io.ReaderAt, size int64, found func(record), broken func(k kind, key []byte)) error {
	buf := make([]byte, min(size, salvageWindow))
	for at := int64(0); at < size; {
		if err := ctx.Err(); err != nil {
			return err
		}
		b := buf[:min(size-at, int64(len(buf)))]
		readOver(r, b, at)
		at += salvageIn(b, at, size, r, found, broken)
	}
	return nil
}

// salvageIn searches b, which is what stands at offset at, and gives how far the next window begins, at least 1.
func salvageIn(b []byte, at, size int64, r io.ReaderAt, found func(record), broken func(k kind, key []byte)) int64 {
	more := at+int64(len(b)) < size
	for i := 0; ; {
		j := bytes.Index(b[i:], []byte(recordMagic))
		if j < 0 {
			if more { // the magic may be cut at the end
				return max(int64(len(b)-len(recordMagic)+1), 1)
			}
			return int64(len(b))
		}
		i += j
		cut := len(b)-i < recordHeader+maxKey && more
		if cut && i > 0 {
			return int64(i)
		}
		n := recordSize(b[i:])
		if n == 0 {
			i++
			continue
		}
		raw := b[i:]
		switch {
		case n <= len(raw):
			raw = raw[:n]
		case int64(i)+int64(n) > size-at: // ends after the file does
			broken(kind(raw[3]), keyOf(raw))
			i++
			continue
		case i > 0:
			return int64(i)
		default: // larger than the window
			raw = make([]byte, n)
			readOver(r, raw, at)
		}
		record, err := decodeRecord(raw)
		if err != nil {
			broken(kind(raw[3]), keyOf(raw))
			i++
			continue
		}
		found(record)
		if i += n; i >= len(b) {
			return int64(i)
		}
	}
}

// keyOf is the key that a header announces, as far as it is there.
func keyOf(raw []byte) []byte {
	n := recordHeader + int(binary.LittleEndian.Uint16(raw[12:]))
	return raw[recordHeader:min(n, len(raw))]
}

// readOver fills b from offset at, with zeros where the disk cannot read.
func readOver(r io.ReaderAt, b []byte, at int64) {
	if _, err := r.ReadAt(b, at); err == nil {
		return
	}
	for i := 0; i < len(b); i += unreadableBlock {
		block := b[i:min(i+unreadableBlock, len(b))]
		if n, err := r.ReadAt(block, at+int64(i)); err != nil {
			clear(block[n:])
		}
	}
}
