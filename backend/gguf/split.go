package gguf

import (
	"fmt"

	"weightroom/backend"
)

// The entries of a part of a model that llama-gguf-split cut up. Only the first part has others.
const (
	keySplitNo      = "split.no"
	keySplitCount   = "split.count"
	keySplitTensors = "split.tensors.count"
)

// Split returns the number of this part, from 0, and of all parts; 0, 1 for a file that is whole.
func (f *File) Split() (no, count int) {
	n, _ := f.Int(keySplitNo)
	c, _ := f.Int(keySplitCount)
	return int(min(n, 1<<16)), int(max(1, min(c, 1<<16)))
}

func (f *File) split() bool { _, n := f.Split(); return n > 1 }

// laterPart reports whether the file is a part but the first: it has weights and says nothing about the model.
func (f *File) laterPart() bool { no, n := f.Split(); return n > 1 && no > 0 }

// checkSplit checks the numbers of a part. The engine aborts on other widths than these (llama.cpp b10488,
// src/llama-model-loader.cpp).
func checkSplit(f *File) error {
	for _, key := range []string{keySplitNo, keySplitCount} {
		if v, ok := f.Get(key); ok {
			if _, short := v.(uint16); !short {
				return hostile("The metadata entry %s is not a number the engine can use.", quoted(key))
			}
		}
	}
	if v, ok := f.Get(keySplitTensors); ok {
		if _, number := v.(int32); !number {
			return hostile("The metadata entry %s is not a number the engine can use.", quoted(keySplitTensors))
		}
	}
	if no, count := f.Split(); count > 1 && no >= count {
		return hostile("This file says it is part %d of %d.", no+1, count)
	}
	return nil
}

// Join makes one header of all parts of a split model, given in any order: the first part's metadata and everyone's
// tensors, in the parts' order. Offsets stay those within each part; Size and DataSize are sums. It refuses parts that
// are missing, twice or of another model, and checks what only the whole can be checked for.
func Join(parts []*File) (*File, error) {
	if len(parts) == 0 {
		return nil, invalid("No part of this model was given.")
	}
	_, count := parts[0].Split()
	ordered := make([]*File, count)
	for _, p := range parts {
		no, n := p.Split()
		switch {
		case n != count:
			return nil, invalid("These files are parts of different models: one of %d, one of %d.", count, n)
		case ordered[no] != nil:
			return nil, invalid("Part %d of %d of this model is there twice.", no+1, count)
		}
		ordered[no] = p
	}
	for no, p := range ordered {
		if p == nil {
			return nil, backend.Fail(backend.CodeInvalid, nil, fmt.Sprintf("Part %d of %d of this model is missing.", no+1, count),
				"Put all parts into one folder, then choose one of them.")
		}
	}
	whole := *ordered[0]
	whole.Tensors, whole.Size, whole.DataSize = nil, 0, 0
	names := map[string]bool{}
	for no, p := range ordered {
		if a := p.Architecture(); a != "" && a != whole.Architecture() {
			return nil, invalid("Part %d of these files belongs to another model.", no+1)
		}
		if n, ok := p.Int(keySplitTensors); ok {
			if want, _ := whole.Int(keySplitTensors); n != want {
				return nil, invalid("Part %d of these files belongs to another model.", no+1)
			}
		}
		for _, t := range p.Tensors {
			if names[t.Name] {
				return nil, hostile("The tensor %s is there twice.", quoted(t.Name))
			}
			names[t.Name] = true
		}
		whole.Tensors = append(whole.Tensors, p.Tensors...)
		whole.Size += p.Size
		whole.DataSize += p.DataSize
	}
	if want, ok := whole.Int(keySplitTensors); ok && want != int64(len(whole.Tensors)) {
		return nil, hostile("The parts of this model hold %d tensors instead of %d.", len(whole.Tensors), want)
	}
	if len(whole.Tensors) == 0 {
		return nil, hostile("The parts of this model hold no weights.")
	}
	if err := checkShape(&whole); err != nil {
		return nil, err
	}
	return &whole, nil
}

func invalid(format string, args ...any) error {
	return backend.Fail(backend.CodeInvalid, nil, fmt.Sprintf(format, args...), "Get all parts of one model from the same place.")
}
