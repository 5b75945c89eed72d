package gguf_test

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"weightroom/backend"
	"weightroom/backend/gguf"
	"weightroom/backend/gguf/gguftest"
)

func read(t *testing.T, data []byte) *gguf.File {
	t.Helper()
	f, err := gguf.Read(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestSoundFileSaysWhatItIs(t *testing.T) {
	const elements = 32*8 + 2*32*32 + 2*32*16 + 3*32*64 // in the Q8_0 tensors
	f := read(t, gguftest.Small(1).Bytes())
	experts, used := f.Experts()
	no, parts := f.Split()
	id, _, _ := f.Licence()
	for name, c := range map[string]struct{ got, want any }{
		"architecture":     {f.Architecture(), "llama"},
		"name":             {f.Name(), "Tiny Llama 1K"},
		"role":             {f.Role(), gguf.RoleModel},
		"parameters":       {f.Parameters(), int64(elements + 3*32)},
		"quant":            {f.Quant(), "Q8_0"},
		"context":          {f.ContextLength(), 256},
		"layers":           {f.Layers(), 1},
		"embedding":        {f.Embedding(), 32},
		"heads":            {f.Heads(), 4},
		"key-value heads":  {f.KVHeads(), 2},
		"head size":        {f.HeadDim(), 8},
		"experts":          {[]int{experts, used}, []int{0, 0}},
		"vocabulary":       {f.Vocabulary(), 8},
		"split":            {[]int{no, parts}, []int{0, 1}},
		"licence":          {id, "mit"},
		"capable":          {f.Capable(), []string{"chat"}},
		"alignment":        {f.Alignment, int64(32)},
		"weights' size":    {f.DataSize, int64(elements/32*34 + 16 + 3*128)},
		"weights inside":   {f.DataOffset+f.DataSize == f.Size, true},
		"weights' mixture": {f.TypeMix(), []gguf.TypeShare{{gguf.Q8_0, 8, elements, elements / 32 * 34}, {gguf.F32, 3, 96, 3 * 128}}},
	} {
		if !reflect.DeepEqual(c.got, c.want) {
			t.Errorf("%s: %v, want %v", name, c.got, c.want)
		}
	}
}

func TestEveryKindOfValueIsRead(t *testing.T) {
	b := gguftest.Small(1)
	b.Version = 2
	values := map[string]any{
		"u8": uint8(255), "i8": int8(-128), "u16": uint16(65535), "i16": int16(-32768), "u32": uint32(1 << 31),
		"i32": int32(-1 << 31), "u64": uint64(1 << 63), "i64": int64(-1 << 63), "f32": float32(1.5), "f64": 2.5,
		"yes": true, "no": false, "text": "schön 張庭", "empty": "",
	}
	lists := map[string]any{
		"lu8": []uint8{1, 2}, "li8": []int8{-1}, "lu16": []uint16{1}, "li16": []int16{-1}, "lu32": []uint32{1}, "li32": []int32{-1},
		"lu64": []uint64{1}, "li64": []int64{-1}, "lf32": []float32{1}, "lf64": []float64{1}, "lb": []bool{true, false}, "ls": []string{"a", "", "ü"},
	}
	for k, v := range values {
		b.Set("x."+k, v)
	}
	for k, v := range lists {
		b.Set("x."+k, v)
	}
	f := read(t, b.Bytes())
	for k, want := range values {
		if got, ok := f.Get("x." + k); !ok || got != want {
			t.Errorf("%s: %v, want %v", k, got, want)
		}
	}
	for k, want := range lists {
		got, _ := f.Get("x." + k)
		if a, ok := got.(gguf.Array); !ok || !reflect.DeepEqual(a.Values, want) || a.Len != int64(reflect.ValueOf(want).Len()) {
			t.Errorf("%s: %v, want %v", k, got, want)
		}
	}
	if _, ok := f.Int("x.i8"); ok {
		t.Error("a negative number was taken for a size")
	}
	if _, ok := f.Int("x.u64"); ok {
		t.Error("2^63 was taken for a size")
	}
}

func TestLongListIsNotKeptButItsPlaceIs(t *testing.T) {
	data := gguftest.Small(1).Set("x.long", make([]uint32, 100_000)).Bytes()
	f := read(t, data)
	v, _ := f.Get("x.long")
	a, _ := v.(gguf.Array)
	if a.Values != nil || a.Len != 100_000 || a.Bytes != 400_000 || a.Kind != gguf.KindUint32 {
		t.Errorf("%+v", a)
	}
	if !bytes.Equal(data[a.Offset-8:a.Offset], []byte{0xa0, 0x86, 1, 0, 0, 0, 0, 0}) {
		t.Error("offset does not follow the list's length")
	}
}

func TestWhatAFileIsFor(t *testing.T) {
	for name, c := range map[string]struct {
		change func(b *builder)
		role   gguf.Role
		can    []string
	}{
		"model":                {func(*builder) {}, gguf.RoleModel, []string{"chat"}},
		"model without a chat": {func(b *builder) { b.Drop("tokenizer.chat_template") }, gguf.RoleModel, []string{}},
		"tools":                {func(b *builder) { b.Set("tokenizer.chat_template", "{% if tools %}") }, gguf.RoleModel, []string{"chat", "tools"}},
		"thinking":             {func(b *builder) { b.Set("tokenizer.chat_template", "<think></think>") }, gguf.RoleModel, []string{"chat", "thinking"}},
		"embedding":            {func(b *builder) { b.Set("llama.pooling_type", uint32(1)) }, gguf.RoleModel, []string{"embedding"}},
		"vision":               {func(b *builder) { b.Set("llama.vision.block_count", uint32(2)) }, gguf.RoleModel, []string{"chat", "vision"}},
		"mmproj":               {func(b *builder) { b.Set("general.type", "mmproj") }, gguf.RoleProjector, []string{}},
		"clip":                 {func(b *builder) { b.Set("general.architecture", "clip") }, gguf.RoleProjector, []string{}},
		"LoRA":                 {func(b *builder) { b.Set("general.type", "adapter") }, gguf.RoleAdapter, []string{}},
		"vocabulary":           {func(b *builder) { b.Tensors = nil }, gguf.RoleVocabulary, []string{}},
	} {
		t.Run(name, func(t *testing.T) {
			b := gguftest.Small(1)
			c.change(b)
			f := read(t, b.Bytes())
			if f.Role() != c.role || !reflect.DeepEqual(f.Capable(), c.can) {
				t.Errorf("%s %v, want %s %v", f.Role(), f.Capable(), c.role, c.can)
			}
		})
	}
}

func TestQuantIsNamedAsLlamaCppDoes(t *testing.T) {
	for name, c := range map[string]struct {
		fileType any
		want     string
	}{
		"Q4_K_M": {uint32(15), "Q4_K_M"}, "IQ4_XS": {uint32(30), "IQ4_XS"}, "BF16": {uint32(32), "BF16"}, "MXFP4": {uint32(38), "MXFP4_MOE"},
		"guessed by the converter": {uint32(1024 + 15), "Q4_K_M"}, "unknown, so by the tensors": {uint32(999), "Q8_0"},
		"not given, so by the tensors": {nil, "Q8_0"}, "not a number": {"seven", "Q8_0"},
	} {
		t.Run(name, func(t *testing.T) {
			b := gguftest.Small(1).Set("general.file_type", c.fileType)
			if c.fileType == nil {
				b.Drop("general.file_type")
			}
			if got := read(t, b.Bytes()).Quant(); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}

// The sizes are computed from the field lists of the block structures in ggml/src/ggml-common.h.
func TestTensorTypesHaveTheEnginesSizes(t *testing.T) {
	known := 0
	for n := range gguf.TensorType(100) {
		info, ok := n.Info()
		if !ok {
			continue
		}
		known++
		bits := float64(info.Bytes*8) / float64(info.Block)
		if info.Block < 1 || info.Bytes < 1 || bits > 64 || bits < 1 {
			t.Errorf("%s: %.2f bits", info.Name, bits)
		}
	}
	if known != 35 {
		t.Errorf("%d types, want the 35 of llama.cpp b10488", known)
	}
	for typ, bits := range map[gguf.TensorType]float64{0: 32, 1: 16, 2: 4.5, 3: 5, 8: 8.5, 10: 2.625, 11: 3.4375, 12: 4.5, 13: 5.5, 14: 6.5625, 16: 2.0625, 17: 2.3125, 18: 3.0625, 19: 1.5625, 20: 4.5, 21: 3.4375, 22: 2.5625, 23: 4.25, 29: 1.75, 34: 1.6875, 35: 2.0625, 39: 4.25, 40: 4.5} {
		if info, _ := typ.Info(); float64(info.Bytes*8)/float64(info.Block) != bits {
			t.Errorf("%s: %.4f bits a weight, want %.4f", info.Name, float64(info.Bytes*8)/float64(info.Block), bits)
		}
	}
}

func TestEveryBeginningOfAFileIsRefused(t *testing.T) {
	whole := gguftest.Small(1).Bytes()
	for n := range len(whole) {
		_, err := gguf.Read(bytes.NewReader(whole[:n]), int64(n))
		if e := backend.Readable(err); err == nil || e.Code != truncated && n > 0 {
			t.Fatalf("%d of %d bytes: %v", n, len(whole), err)
		}
	}
}

// claims is a header that claims a list of n elements, followed by a hole of size bytes.
type claims struct {
	head []byte
	size int64
	read int64
}

func (c *claims) ReadAt(p []byte, at int64) (int, error) {
	n := 0
	for n < len(p) && at+int64(n) < c.size {
		p[n] = 0
		if i := at + int64(n); i < int64(len(c.head)) {
			p[n] = c.head[i]
		}
		n++
	}
	c.read += int64(n)
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func TestMemoryIsBoundedWhateverIsClaimed(t *testing.T) {
	for name, c := range map[string]struct {
		key   string
		value gguftest.Raw
		most  uint64 // bytes allocated
	}{
		"2^60 strings":           {"x.y", raw(9, gguftest.List(8, 1<<60)), 1 << 20},
		"2^26 strings":           {"x.y", raw(9, gguftest.List(8, 1<<26)), 1 << 20},
		"2^21 strings, a hole":   {"x.y", raw(9, gguftest.List(8, 1<<21)), 1 << 20},
		"2^21 tokens, a hole":    {"tokenizer.ggml.tokens", raw(9, gguftest.List(8, 1<<21)), 1 << 20},
		"2^25 numbers, a hole":   {"x.y", raw(9, gguftest.List(0, 1<<25)), 1 << 20},
		"16 MiB of text, a hole": {"x.y", raw(8, []byte{0, 0, 0, 1, 0, 0, 0, 0}), 40 << 20},
	} {
		t.Run(name, func(t *testing.T) {
			b := gguftest.Small(1)
			b.Tensors, b.TensorCount = nil, count(1)
			b.Drop("tokenizer.ggml.tokens").Set(c.key, c.value)
			r := &claims{head: b.Header(), size: 1 << 40}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := gguf.Read(r, r.size)
			runtime.ReadMemStats(&after)
			if err == nil {
				t.Error("accepted")
			}
			if got := after.TotalAlloc - before.TotalAlloc; got > c.most {
				t.Errorf("%d bytes allocated, want at most %d", got, c.most)
			}
		})
	}
}

func TestTextThatFillsMemoryIsRefused(t *testing.T) {
	b := gguftest.Small(1)
	for i := range 5 {
		b.Set("x."+strings.Repeat("y", i+1), strings.Repeat("z", 15<<20))
	}
	data := b.Bytes()
	_, err := gguf.Read(bytes.NewReader(data), int64(len(data)))
	checkRefusal(t, err, hostile, "64 MiB")
}

type failing struct{ io.ReaderAt }

func (f failing) ReadAt(p []byte, at int64) (int, error) {
	n, err := f.ReaderAt.ReadAt(p[:min(len(p), 100)], at)
	return n, errors.Join(err, fs.ErrInvalid)
}

func TestBadDiskIsNotABadFile(t *testing.T) {
	data := gguftest.Small(1).Bytes()
	_, err := gguf.Read(failing{bytes.NewReader(data)}, int64(len(data)))
	checkRefusal(t, err, backend.CodeDamaged, "disk")
	if !errors.Is(err, fs.ErrInvalid) {
		t.Error("the log would not see the cause")
	}
}

func TestFileThatShrinksWhileReadIsTruncated(t *testing.T) {
	data := gguftest.Small(1).Bytes()
	_, err := gguf.Read(bytes.NewReader(data[:600]), int64(len(data)))
	checkRefusal(t, err, truncated, "ends inside its header")
}

// TestRealModelsAreAccepted reads every GGUF file below the folder WEIGHTROOM_TEST_GGUF.
func TestRealModelsAreAccepted(t *testing.T) {
	dir := os.Getenv("WEIGHTROOM_TEST_GGUF")
	if dir == "" {
		t.Skip("WEIGHTROOM_TEST_GGUF names no folder of models")
	}
	n := 0
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".gguf" {
			return err
		}
		h, err := os.Open(path)
		if err != nil {
			return err
		}
		defer func() { _ = h.Close() }()
		info, err := h.Stat()
		if err != nil {
			return err
		}
		n++
		f, err := gguf.Read(h, info.Size())
		if err != nil {
			t.Errorf("%s: %v", d.Name(), err)
			return nil
		}
		t.Log(d.Name(), f.Role(), f.Architecture(), f.Quant(), f.Parameters(), f.Capable())
		return nil
	})
	if err != nil || n == 0 {
		t.Errorf("%d files, %v", n, err)
	}
}

func TestFileOnDiskIsReadAsFromMemory(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tiny.gguf")
	data := gguftest.Small(1).Bytes()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := gguf.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if want, _ := gguf.Read(bytes.NewReader(data), int64(len(data))); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v instead of %+v", got, want)
	}
	if _, err := gguf.ReadFile(path + ".none"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
}
