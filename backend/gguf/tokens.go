package gguf

import (
	"bufio"
	"encoding/binary"
	"io"
	"os"
	"path/filepath"
	"slices"
)

// TokensIn returns which of the tokens asked for a file's vocabulary has. f is its header.
func TokensIn(path string, f *File, wanted []string) ([]string, error) {
	v, _ := f.Get(keyVocab)
	list, ok := v.(Array)
	if !ok || list.Kind != KindString {
		return nil, nil
	}
	var found []string
	note := func(token string) {
		if slices.Contains(wanted, token) && !slices.Contains(found, token) {
			found = append(found, token)
		}
	}
	if kept, ok := list.Values.([]string); ok {
		for _, token := range kept {
			note(token)
		}
		return found, nil
	}
	file, err := os.Open(filepath.Clean(path))
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	r := bufio.NewReaderSize(io.NewSectionReader(file, list.Offset, list.Bytes), 1<<16)
	var length [8]byte
	text := make([]byte, maxTokenBytes)
	for range list.Len {
		if _, err := io.ReadFull(r, length[:]); err != nil {
			return nil, err
		}
		n := binary.LittleEndian.Uint64(length[:])
		if n > maxTokenBytes {
			return nil, io.ErrUnexpectedEOF
		}
		if _, err := io.ReadFull(r, text[:n]); err != nil {
			return nil, err
		}
		if n < 64 { // no marker is as long
			note(string(text[:n]))
		}
	}
	return found, nil
}
