package gguf

import (
	"bufio"
	"bytes"
)

// Lead reads the metadata that is whole at the beginning of a file: its name and the like stand before the vocabulary,
// so that a few kilobytes have them. It returns nil for what is no GGUF file, and checks nothing else; for a file that
// is used, Read does.
func Lead(head []byte) *File {
	d := &decoder{size: int64(len(head)), in: bufio.NewReader(bytes.NewReader(head))}
	f := &File{Size: d.size, Alignment: defaultAlignment, index: map[string]int{}}
	if d.preamble(f) != nil {
		return nil
	}
	d.u64() // tensors
	keys := d.u64()
	for range min(keys, MaxKeys) {
		if d.entry(f, &vocabulary{}) != nil {
			break
		}
	}
	return f
}
