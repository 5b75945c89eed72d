package gguf

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"
)

// The limits. Real models stay far below them: the largest headers in circulation hold about 2,000 tensors, 60 keys
// and 20 MiB, nearly all of it vocabulary.
const (
	MaxKeys        = 65_536
	MaxTensors     = 65_536
	MaxKeyBytes    = 65_535    // the GGUF specification's limit
	MaxNameBytes   = 63        // GGML_MAX_NAME is 64 with the terminating zero
	MaxDims        = 4         // GGML_MAX_DIMS
	MaxStringBytes = 16 << 20  // Ollama's reader stops at the same size
	MaxArrayLen    = 64 << 20  // Ollama's reader stops at the same length
	MaxHeaderBytes = 512 << 20 // all of the metadata and the tensor list

	maxKeptElements = 4096     // a longer list is checked but not held in memory
	maxKeptBytes    = 64 << 20 // of text and lists, all together

	defaultAlignment = 32 // GGUF_DEFAULT_ALIGNMENT
	bufferSize       = 64 << 10
)

// Read reads and checks the header of a GGUF file of size bytes. It keeps at most 64 MiB, whatever the header
// claims, and reads nothing after the header. Its errors are *backend.Error: not_gguf, truncated, hostile_file,
// unsupported, or damaged when the reader itself fails.
func Read(r io.ReaderAt, size int64) (*File, error) {
	size = max(size, 0)
	d := &decoder{size: size, in: bufio.NewReaderSize(io.NewSectionReader(r, 0, size), int(min(size+1, bufferSize)))}
	f := &File{Size: size, Alignment: defaultAlignment, index: map[string]int{}}
	if err := d.preamble(f); err != nil {
		return nil, err
	}
	tensors, keys := d.u64(), d.u64()
	if d.err != nil {
		return nil, d.err
	}
	if tensors > MaxTensors {
		return nil, hostile("This file claims %d tensors, and no model has more than %d.", tensors, MaxTensors)
	}
	if keys > MaxKeys {
		return nil, hostile("This file claims %d metadata entries, and no model has more than %d.", keys, MaxKeys)
	}
	vocab := &vocabulary{}
	for range keys {
		if err := d.entry(f, vocab); err != nil {
			return nil, err
		}
	}
	if err := checkGeneral(f); err != nil {
		return nil, err
	}
	names := make(map[string]bool)
	var next int64
	for range tensors {
		t, err := d.tensor(f, names, next)
		if err != nil {
			return nil, err
		}
		f.Tensors = append(f.Tensors, t)
		f.DataSize = t.Offset + t.Bytes
		var ok bool
		if next, ok = align(f.DataSize, f.Alignment); !ok {
			return nil, hostile("The tensors of this file add up to more bytes than any disk holds.")
		}
	}
	f.HeaderSize = d.at
	if err := checkPlaces(f); err != nil {
		return nil, err
	}
	if err := checkVocabulary(f, vocab); err != nil {
		return nil, err
	}
	if err := checkShape(f); err != nil {
		return nil, err
	}
	f.ChatML = vocab.chatML
	return f, nil
}

// ReadFile is Read for a file on disk. An error that is not a *backend.Error means that it can't be opened.
func ReadFile(path string) (*File, error) {
	f, err := os.Open(filepath.Clean(path))
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	return Read(f, info.Size())
}

// preamble checks the magic and the version.
func (d *decoder) preamble(f *File) error {
	head, err := d.in.Peek(int(min(d.size, 64)))
	if err != nil && !errors.Is(err, io.EOF) {
		return unreadable(err)
	}
	if err := checkMagic(head); err != nil {
		return err
	}
	d.skip(4)
	f.Version = d.u32()
	if d.err != nil {
		return d.err
	}
	switch {
	case f.Version == 2 || f.Version == 3:
		return nil
	case f.Version == 1:
		return unsupported("This file is in version 1 of the GGUF format, which no engine reads any more.")
	case f.Version == 0:
		return hostile("This file says it is in version 0 of the GGUF format, which never existed.")
	case f.Version&0xffff == 0:
		return unsupported("This file was made for a big-endian machine, and this one is little-endian.")
	}
	return unsupported("This file is in version %d of the GGUF format; this app reads versions 2 and 3.", f.Version)
}

// checkMagic tells a GGUF file by its first bytes, and names what else people take for one.
func checkMagic(head []byte) error {
	text := strings.ToLower(strings.TrimSpace(string(head)))
	switch {
	case bytes.HasPrefix(head, []byte("GGUF")):
		return nil
	case len(head) == 0:
		return notGGUF("This file is empty.", hintAgain)
	case len(head) < 4 && string(head) == "GGUF"[:len(head)]:
		return truncated("This file ends after %d bytes, before its header begins.", len(head))
	case bytes.HasPrefix(head, []byte("FUGG")):
		return unsupported("This file was made for a big-endian machine, and this one is little-endian.")
	case bytes.HasPrefix(head, []byte("tjgg")), bytes.HasPrefix(head, []byte("fmgg")), bytes.HasPrefix(head, []byte("lmgg")):
		return unsupported("This file is in an old format from before GGUF, which no engine reads any more.")
	case strings.HasPrefix(text, "version https://git-lfs"):
		return notGGUF("This file is only a pointer that stands for the model; the weights are elsewhere.", "Download the model file itself, or run \"git lfs pull\" in its folder.")
	case strings.HasPrefix(text, "<!doctype"), strings.HasPrefix(text, "<html"), strings.HasPrefix(text, "<?xml"):
		return notGGUF("This file is a web page, not a model.", "The download was probably a login or error page. Open the address in a browser and download the file itself.")
	case len(head) > 8 && head[8] == '{' && binary.LittleEndian.Uint64(head) < 1<<27:
		return notGGUF("This file holds weights in the safetensors format, not in GGUF.", "Look for a GGUF version of the same model.")
	case bytes.HasPrefix(head, []byte("PK\x03\x04")):
		return notGGUF("This file is a zip archive, not a model.", "Unpack it, then choose the GGUF file inside it.")
	}
	return notGGUF("This file is not a GGUF model, whatever its name ends in.", "Choose another file, or get this one again from where it is from.")
}

// entry reads one metadata entry.
func (d *decoder) entry(f *File, vocab *vocabulary) error {
	key := d.text(MaxKeyBytes, "the name of a metadata entry")
	kind := Kind(d.u32())
	if d.err != nil {
		return d.err
	}
	switch {
	case key == "":
		return hostile("A metadata entry of this file has no name.")
	case !utf8.ValidString(key) || strings.ContainsFunc(key, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return hostile("The name %s of a metadata entry is not readable text.", quoted(key))
	}
	if _, twice := f.index[key]; twice {
		return hostile("The metadata entry %s is there twice.", quoted(key))
	}
	var value any
	switch kind {
	case KindString:
		value = d.text(MaxStringBytes, quoted(key))
	case KindArray:
		value = d.array(key, vocab)
	default:
		if kind.Size() == 0 {
			return hostile("The metadata entry %s is of a kind that does not exist (%d).", quoted(key), uint32(kind))
		}
		value = d.scalar(kind, key)
	}
	if d.err != nil {
		return d.err
	}
	f.index[key] = len(f.Metadata)
	f.Metadata = append(f.Metadata, KV{Key: key, Value: value})
	return nil
}

func (d *decoder) scalar(kind Kind, key string) any {
	switch kind {
	case KindUint8:
		return d.u8()
	case KindInt8:
		return int8(d.u8())
	case KindUint16:
		return d.u16()
	case KindInt16:
		return int16(d.u16())
	case KindUint32:
		return d.u32()
	case KindInt32:
		return int32(d.u32())
	case KindFloat32:
		return math.Float32frombits(d.u32())
	case KindBool:
		b := d.u8()
		if b > 1 {
			d.fail(hostile("The metadata entry %s should be yes or no, and is neither.", quoted(key)))
		}
		return b == 1
	case KindUint64:
		return d.u64()
	case KindInt64:
		return int64(d.u64())
	default:
		return math.Float64frombits(d.u64())
	}
}

// array reads a list: a short one into memory, a long one past, with the vocabulary noted on the way.
func (d *decoder) array(key string, vocab *vocabulary) Array {
	a := Array{Kind: Kind(d.u32())}
	n := d.u64()
	a.Offset = d.at
	if d.err != nil {
		return a
	}
	if a.Kind == KindArray {
		d.fail(hostile("The metadata entry %s is a list of lists, which the engine can't read.", quoted(key)))
		return a
	}
	each := int64(a.Kind.Size())
	if a.Kind == KindString {
		each = 8 // the length alone
	}
	if each == 0 {
		d.fail(hostile("The metadata entry %s is a list of a kind that does not exist (%d).", quoted(key), uint32(a.Kind)))
		return a
	}
	if n > MaxArrayLen {
		d.fail(hostile("The metadata entry %s claims a list of %d elements, more than any model has.", quoted(key), n))
		return a
	}
	a.Len = int64(n)
	if need := a.Len * each; !d.room(need) {
		return a
	}
	switch {
	case a.Kind == KindString && key == keyVocab:
		a.Values = d.tokens(a.Len, vocab)
	case a.Kind == KindString:
		a.Values = d.texts(a.Len, key)
	case a.Len <= maxKeptElements:
		a.Values = d.numbers(a.Kind, int(a.Len), key)
	case key == keyCharsmap && a.Kind.Size() == 1:
		vocab.charsmap = d.u32()
		vocab.hasCharsmap = true
		d.skip(a.Len - 4)
	default:
		d.skip(a.Len * each)
	}
	a.Bytes = d.at - a.Offset
	return a
}

// numbers reads a short list of anything but text.
func (d *decoder) numbers(kind Kind, n int, key string) any {
	d.keep(int64(n * kind.Size()))
	switch kind {
	case KindUint8:
		return list[uint8](d, kind, n, key)
	case KindInt8:
		return list[int8](d, kind, n, key)
	case KindUint16:
		return list[uint16](d, kind, n, key)
	case KindInt16:
		return list[int16](d, kind, n, key)
	case KindUint32:
		return list[uint32](d, kind, n, key)
	case KindInt32:
		return list[int32](d, kind, n, key)
	case KindFloat32:
		return list[float32](d, kind, n, key)
	case KindBool:
		return list[bool](d, kind, n, key)
	case KindUint64:
		return list[uint64](d, kind, n, key)
	case KindInt64:
		return list[int64](d, kind, n, key)
	default:
		return list[float64](d, kind, n, key)
	}
}

func list[T any](d *decoder, kind Kind, n int, key string) []T {
	out := make([]T, 0, n)
	for range n {
		v, _ := d.scalar(kind, key).(T)
		if d.err != nil {
			return nil
		}
		out = append(out, v)
	}
	return out
}

// texts reads a list of strings, keeping a short one.
func (d *decoder) texts(n int64, key string) any {
	keep, what := n <= maxKeptElements, quoted(key)
	var out []string
	for range n {
		if keep {
			out = append(out, d.text(MaxStringBytes, what))
		} else {
			d.skip(d.length(MaxStringBytes, what))
		}
		if d.err != nil {
			return nil
		}
	}
	if !keep {
		return nil
	}
	return out
}

// tensor reads one entry of the tensor list. next is where its weights must begin.
func (d *decoder) tensor(f *File, names map[string]bool, next int64) (Tensor, error) {
	var t Tensor
	t.Name = d.text(MaxNameBytes, "the name of a tensor")
	dims := d.u32()
	if d.err != nil {
		return t, d.err
	}
	switch {
	case t.Name == "" || strings.ContainsRune(t.Name, 0) || !utf8.ValidString(t.Name):
		return t, hostile("The name %s of a tensor is not readable text.", quoted(t.Name))
	case names[t.Name]:
		return t, hostile("The tensor %s is there twice.", quoted(t.Name))
	case dims == 0:
		return t, hostile("The tensor %s has no dimensions.", quoted(t.Name))
	case dims > MaxDims:
		return t, hostile("The tensor %s has %d dimensions, and the engine can hold %d.", quoted(t.Name), dims, MaxDims)
	}
	names[t.Name] = true
	elements := int64(1)
	for range dims {
		n := d.u64()
		if d.err != nil {
			return t, d.err
		}
		if n == 0 {
			return t, unfit("The tensor %s is empty: it has a dimension of size 0, which this engine can't read.", quoted(t.Name))
		}
		if n > math.MaxInt64 || int64(n) > math.MaxInt64/elements {
			return t, hostile("The dimensions of the tensor %s multiply to more than a number can hold.", quoted(t.Name))
		}
		elements *= int64(n)
		t.Shape = append(t.Shape, int64(n))
	}
	t.Type = TensorType(d.u32())
	offset := d.u64()
	if d.err != nil {
		return t, d.err
	}
	info, ok := t.Type.Info()
	if !ok && t.Type > newestType {
		return t, newer("its tensor %s is stored in a way that this one doesn't know (type %d).", quoted(t.Name), uint32(t.Type))
	}
	if !ok {
		return t, unsupported("The tensor %s is stored in an old way that no engine reads any more (type %d).", quoted(t.Name), uint32(t.Type))
	}
	if t.Shape[0]%info.Block != 0 {
		return t, unfit("The rows of the tensor %s are %d long, which %s can't store: it needs a multiple of %d.", quoted(t.Name), t.Shape[0], info.Name, info.Block)
	}
	blocks := elements / info.Block
	if blocks > math.MaxInt64/info.Bytes {
		return t, hostile("The tensor %s claims more bytes than a number can hold.", quoted(t.Name))
	}
	t.Bytes = blocks * info.Bytes
	// The engine reads the tensors back to back and refuses every other order.
	switch {
	case offset > math.MaxInt64:
		return t, hostile("The tensor %s claims to begin beyond any file.", quoted(t.Name))
	case int64(offset)%f.Alignment != 0:
		return t, hostile("The tensor %s begins at byte %d of the weights, which is not a multiple of %d.", quoted(t.Name), offset, f.Alignment)
	case int64(offset) < next:
		return t, hostile("The tensor %s overlaps the one before it.", quoted(t.Name))
	case int64(offset) > next:
		return t, unfit("There is a gap of %d bytes before the tensor %s.", int64(offset)-next, quoted(t.Name))
	case t.Bytes > math.MaxInt64-int64(offset):
		return t, hostile("The tensor %s claims to end beyond any file.", quoted(t.Name))
	}
	t.Offset = int64(offset)
	return t, nil
}

// align rounds n up to a multiple of to. ok is false when the sum does not fit.
func align(n, to int64) (rounded int64, ok bool) {
	if n > math.MaxInt64-(to-1) {
		return 0, false
	}
	return (n + to - 1) / to * to, true
}
