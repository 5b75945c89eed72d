package gguf

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"

	"weightroom/backend"
)

// New makes the header of a version 3 file with the usual alignment from metadata and tensors. It sets each tensor's
// Bytes and Offset, in the order given, and the sizes of the file, whose end is the last tensor's, padded. It refuses
// what no file can hold: a tensor of an unknown type or whose rows are not whole blocks, and a list whose elements
// are not in memory.
func New(metadata []KV, tensors []Tensor) (*File, error) {
	f := &File{Version: 3, Alignment: defaultAlignment, Metadata: metadata, index: make(map[string]int, len(metadata))}
	f.HeaderSize = 4 + 4 + 8 + 8
	for i, kv := range metadata {
		n, err := valueSize(kv.Value)
		if err != nil {
			return nil, unwritable("the metadata %s: %v", quoted(kv.Key), err)
		}
		f.HeaderSize += 8 + int64(len(kv.Key)) + 4 + n
		f.index[kv.Key] = i
	}
	var next int64
	for _, t := range tensors {
		n, err := tensorSize(t)
		if err != nil {
			return nil, unwritable("the tensor %s: %v", quoted(t.Name), err)
		}
		t.Offset, t.Bytes = next, n
		f.Tensors = append(f.Tensors, t)
		f.HeaderSize += 8 + int64(len(t.Name)) + 4 + 8*int64(len(t.Shape)) + 4 + 8
		f.DataSize = t.Offset + t.Bytes
		var ok bool
		if next, ok = align(f.DataSize, f.Alignment); !ok {
			return nil, unwritable("the tensors add up to more bytes than any disk holds")
		}
	}
	f.DataOffset, _ = align(f.HeaderSize, f.Alignment)
	f.Size = f.DataOffset + next
	return f, nil
}

// WriteHeader writes everything before the weights, padding included: DataOffset bytes.
func (f *File) WriteHeader(w io.Writer) error {
	b := make([]byte, 0, f.DataOffset)
	b = append(b, "GGUF"...)
	b = binary.LittleEndian.AppendUint32(b, f.Version)
	b = binary.LittleEndian.AppendUint64(b, uint64(len(f.Tensors)))
	b = binary.LittleEndian.AppendUint64(b, uint64(len(f.Metadata)))
	for _, kv := range f.Metadata {
		b = appendText(b, kv.Key)
		var err error
		if b, err = appendValue(b, kv.Value); err != nil {
			return unwritable("the metadata %s: %v", quoted(kv.Key), err)
		}
	}
	for _, t := range f.Tensors {
		b = appendText(b, t.Name)
		b = binary.LittleEndian.AppendUint32(b, uint32(len(t.Shape)))
		for _, d := range t.Shape {
			b = binary.LittleEndian.AppendUint64(b, uint64(d))
		}
		b = binary.LittleEndian.AppendUint32(b, uint32(t.Type))
		b = binary.LittleEndian.AppendUint64(b, uint64(t.Offset))
	}
	if int64(len(b)) > f.DataOffset {
		return unwritable("the header is longer than it was planned")
	}
	b = append(b, make([]byte, f.DataOffset-int64(len(b)))...)
	_, err := w.Write(b)
	return err
}

// Bytes is how much storage a tensor of this type and shape takes. ok is false where rows are not whole blocks, the
// type is unknown, or the size is beyond any disk.
func (t TensorType) Bytes(shape []int64) (n int64, ok bool) {
	n, err := tensorSize(Tensor{Type: t, Shape: shape})
	return n, err == nil
}

func tensorSize(t Tensor) (int64, error) {
	info, ok := t.Type.Info()
	if !ok {
		return 0, fmt.Errorf("unknown type %d", uint32(t.Type))
	}
	if len(t.Shape) == 0 || len(t.Shape) > MaxDims || len(t.Name) > MaxNameBytes {
		return 0, fmt.Errorf("%d dimensions, a name of %d bytes", len(t.Shape), len(t.Name))
	}
	n := int64(1)
	for _, d := range t.Shape {
		if d < 1 || n > math.MaxInt64/512/d { // no block is larger than 292 bytes
			return 0, fmt.Errorf("an impossible shape %v", t.Shape)
		}
		n *= d
	}
	if t.Shape[0]%info.Block != 0 {
		return 0, fmt.Errorf("rows of %d weights do not divide into blocks of %d", t.Shape[0], info.Block)
	}
	return n / info.Block * info.Bytes, nil
}

func appendText(b []byte, s string) []byte {
	return append(binary.LittleEndian.AppendUint64(b, uint64(len(s))), s...)
}

// valueSize is the length of what appendValue adds, less the kind.
func valueSize(v any) (int64, error) {
	b, err := appendValue(nil, v)
	return int64(len(b)) - 4, err
}

func appendValue(b []byte, v any) ([]byte, error) {
	kind := kindOf(v)
	b = binary.LittleEndian.AppendUint32(b, uint32(kind))
	switch v := v.(type) {
	case string:
		return appendText(b, v), nil
	case Array:
		b = binary.LittleEndian.AppendUint32(b, uint32(v.Kind))
		b = binary.LittleEndian.AppendUint64(b, uint64(v.Len))
		if s, ok := v.Values.([]string); ok {
			if int64(len(s)) != v.Len || v.Kind != KindString {
				return nil, fmt.Errorf("a list of %d texts that says %d", len(s), v.Len)
			}
			for _, s := range s {
				b = appendText(b, s)
			}
			return b, nil
		}
		was := len(b)
		if v.Values == nil {
			return nil, fmt.Errorf("a list whose elements are not in memory")
		}
		b, err := binary.Append(b, binary.LittleEndian, v.Values)
		if err != nil || int64(len(b)-was) != v.Len*int64(v.Kind.Size()) {
			return nil, fmt.Errorf("a list of %d elements that is none", v.Len)
		}
		return b, nil
	}
	if kind > KindFloat64 {
		return nil, fmt.Errorf("no kind for %T", v)
	}
	return binary.Append(b, binary.LittleEndian, v)
}

func kindOf(v any) Kind {
	switch v.(type) {
	case uint8:
		return KindUint8
	case int8:
		return KindInt8
	case uint16:
		return KindUint16
	case int16:
		return KindInt16
	case uint32:
		return KindUint32
	case int32:
		return KindInt32
	case float32:
		return KindFloat32
	case bool:
		return KindBool
	case string:
		return KindString
	case Array:
		return KindArray
	case uint64:
		return KindUint64
	case int64:
		return KindInt64
	case float64:
		return KindFloat64
	}
	return KindFloat64 + 1
}

func unwritable(format string, args ...any) error {
	return backend.Fail(backend.CodeInvalid, fmt.Errorf("gguf: "+format, args...), "This model can't be written as a file.", "Pick another model.")
}
