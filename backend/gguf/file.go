package gguf

import "math"

// File is the header of a GGUF file. It holds no file open and none of the weights.
type File struct {
	Version    uint32 // 2 or 3
	Alignment  int64  // of every tensor's place in the file
	Metadata   []KV   // in the file's order
	Tensors    []Tensor
	HeaderSize int64 // bytes before the first padding
	DataOffset int64 // where the weights begin; HeaderSize, aligned
	DataSize   int64 // of the weights, without the padding after the last tensor
	Size       int64 // of the whole file, as it was given to Read
	ChatML     bool  // the vocabulary has the markers of ChatML, which the engine uses for a model without a chat template

	index map[string]int
}

// KV is one metadata entry. Value is a uint8 … float64, bool, string or Array.
type KV struct {
	Key   string
	Value any
}

// Array is a list in the metadata. Long lists (a vocabulary) are checked but not kept: Values is nil, and Offset and
// Bytes say where in the file the elements are, so that a writer can copy them.
type Array struct {
	Kind   Kind
	Len    int64
	Values any // []uint8 … []float64, []bool or []string; nil: not kept
	Offset int64
	Bytes  int64
}

// Tensor is one entry of the tensor list.
type Tensor struct {
	Name   string
	Type   TensorType
	Shape  []int64 // 1 to 4 sizes; the first is the length of a row
	Offset int64   // from File.DataOffset
	Bytes  int64
}

// Elements is how many weights the tensor has.
func (t Tensor) Elements() int64 {
	n := int64(1)
	for _, d := range t.Shape {
		n *= d
	}
	return n
}

// Get returns the value of a key: a number, bool, string or Array.
func (f *File) Get(key string) (any, bool) {
	i, ok := f.index[key]
	if !ok {
		return nil, false
	}
	return f.Metadata[i].Value, true
}

// String returns the text of a key, or "" where there is none.
func (f *File) String(key string) string {
	v, _ := f.Get(key)
	s, _ := v.(string)
	return s
}

// Int returns a whole, non-negative number of any width. ok is false for anything else.
func (f *File) Int(key string) (n int64, ok bool) {
	v, found := f.Get(key)
	if !found {
		return 0, false
	}
	return toInt(v)
}

// Float returns a number of any kind as a float64.
func (f *File) Float(key string) (float64, bool) {
	v, found := f.Get(key)
	if !found {
		return 0, false
	}
	switch v := v.(type) {
	case float32:
		return float64(v), true
	case float64:
		return v, true
	}
	n, ok := toInt(v)
	return float64(n), ok
}

// Ints returns a key that is one number or a list of them, as numbers of layers often are: nil where it is neither.
func (f *File) Ints(key string) []int64 {
	v, found := f.Get(key)
	if !found {
		return nil
	}
	if n, ok := toInt(v); ok {
		return []int64{n}
	}
	a, ok := v.(Array)
	if !ok {
		return nil
	}
	switch values := a.Values.(type) {
	case []uint8:
		return ints(values)
	case []int8:
		return ints(values)
	case []uint16:
		return ints(values)
	case []int16:
		return ints(values)
	case []uint32:
		return ints(values)
	case []int32:
		return ints(values)
	case []int64:
		return ints(values)
	case []uint64:
		return ints(values)
	}
	return nil
}

// Strings returns a list of texts, or nil where there is none or it was too long to keep.
func (f *File) Strings(key string) []string {
	v, _ := f.Get(key)
	a, _ := v.(Array)
	s, _ := a.Values.([]string)
	return s
}

// ArchKey returns the full name of a key that belongs to the architecture: "block_count" is "llama.block_count".
func (f *File) ArchKey(key string) string { return f.Architecture() + "." + key }

func toInt(v any) (int64, bool) {
	switch v := v.(type) {
	case uint8:
		return int64(v), true
	case uint16:
		return int64(v), true
	case uint32:
		return int64(v), true
	case uint64:
		return int64(v), v <= math.MaxInt64
	case int8:
		return int64(v), v >= 0
	case int16:
		return int64(v), v >= 0
	case int32:
		return int64(v), v >= 0
	case int64:
		return v, v >= 0
	}
	return 0, false
}

func ints[T uint8 | int8 | uint16 | int16 | uint32 | int32 | int64 | uint64](values []T) []int64 {
	out := make([]int64, len(values))
	for i, v := range values {
		out[i] = int64(v)
	}
	return out
}
