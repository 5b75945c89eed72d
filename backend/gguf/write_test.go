package gguf_test

import (
	"bytes"
	"math"
	"reflect"
	"testing"

	"weightroom/backend/gguf"
	"weightroom/backend/gguf/gguftest"
)

func TestWrite(t *testing.T) {
	t.Run("a header that was written is read back the same", func(t *testing.T) {
		data := gguftest.Small(3).Bytes()
		in, err := gguf.Read(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			t.Fatal(err)
		}
		f, err := gguf.New(in.Metadata, in.Tensors)
		if err != nil {
			t.Fatal(err)
		}
		var w bytes.Buffer
		if err := f.WriteHeader(&w); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(w.Bytes(), data[:in.DataOffset]) {
			t.Error("the bytes differ")
		}
		if f.Size != in.Size || f.DataSize != in.DataSize || f.HeaderSize != in.HeaderSize || !reflect.DeepEqual(f.Tensors, in.Tensors) {
			t.Errorf("wrote %d, %d, %d; read %d, %d, %d", f.Size, f.DataSize, f.HeaderSize, in.Size, in.DataSize, in.HeaderSize)
		}
	})
	t.Run("every kind of value survives", func(t *testing.T) {
		kv := []gguf.KV{{Key: "general.architecture", Value: "x"}}
		for key, v := range map[string]any{
			"a": uint8(1), "b": int8(-1), "c": uint16(2), "d": int16(-2), "e": uint32(3), "f": int32(-3), "g": float32(0.5), "h": true,
			"i": uint64(4), "j": int64(-4), "k": 0.25, "l": gguf.Array{Kind: gguf.KindBool, Len: 2, Values: []bool{true, false}},
			"m": gguf.Array{Kind: gguf.KindString, Len: 2, Values: []string{"p", "q"}}, "n": gguf.Array{Kind: gguf.KindInt32, Len: 1, Values: []int32{7}},
		} {
			kv = append(kv, gguf.KV{Key: key, Value: v})
		}
		f, err := gguf.New(kv, []gguf.Tensor{{Name: "t", Type: gguf.Q8_0, Shape: []int64{64, 3}}})
		if err != nil {
			t.Fatal(err)
		}
		w := &bytes.Buffer{}
		if err := f.WriteHeader(w); err != nil {
			t.Fatal(err)
		}
		w.Write(make([]byte, f.Size-f.DataOffset))
		back, err := gguf.Read(bytes.NewReader(w.Bytes()), int64(w.Len()))
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range kv {
			got, _ := back.Get(e.Key)
			if a, ok := got.(gguf.Array); ok {
				a.Offset, a.Bytes = 0, 0
				got = a
			}
			if !reflect.DeepEqual(got, e.Value) {
				t.Errorf("%s: wrote %v, read %v", e.Key, e.Value, got)
			}
		}
	})
	t.Run("what no file can hold is refused", func(t *testing.T) {
		for name, tensor := range map[string]gguf.Tensor{
			"an unknown type":         {Name: "t", Type: 4, Shape: []int64{32}},
			"rows that are no blocks": {Name: "t", Type: gguf.Q8_0, Shape: []int64{33}},
			"no dimensions":           {Name: "t", Type: gguf.F32},
			"a size of nothing":       {Name: "t", Type: gguf.F32, Shape: []int64{4, 0}},
			"more than any disk":      {Name: "t", Type: gguf.F32, Shape: []int64{1 << 40, 1 << 40}},
			"nearly that":             {Name: "t", Type: gguf.F32, Shape: []int64{math.MaxInt64}},
		} {
			if _, err := gguf.New(nil, []gguf.Tensor{tensor}); err == nil {
				t.Errorf("%s was accepted", name)
			}
		}
		for name, v := range map[string]any{
			"a list that was not kept": gguf.Array{Kind: gguf.KindString, Len: 9},
			"a list that lies":         gguf.Array{Kind: gguf.KindInt32, Len: 9, Values: []int32{1}},
			"a value of no kind":       struct{}{},
		} {
			if _, err := gguf.New([]gguf.KV{{Key: "k", Value: v}}, nil); err == nil {
				t.Errorf("%s was accepted", name)
			}
		}
	})
}
