package gguf_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"

	"weightroom/backend"
	"weightroom/backend/gguf"
	"weightroom/backend/gguf/gguftest"
)

// checkPromises holds what Read promises of any input.
func checkPromises(tb testing.TB, data []byte) (accepted bool) {
	tb.Helper()
	f, err := gguf.Read(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		var e *backend.Error
		if !errors.As(err, &e) || e.Message == "" || e.Hint == "" {
			tb.Fatalf("refused without a sentence: %v", err)
		}
		return false
	}
	if f.DataOffset < f.HeaderSize || len(f.Tensors) > 0 && f.DataOffset+f.DataSize > int64(len(data)) {
		tb.Fatal("weights outside the file")
	}
	end := int64(0)
	for _, x := range f.Tensors {
		if x.Offset < end || x.Bytes <= 0 || x.Offset%f.Alignment != 0 || x.Offset+x.Bytes > f.DataSize || x.Elements() <= 0 {
			tb.Fatalf("tensor %+v", x)
		}
		end = x.Offset + x.Bytes
	}
	for _, n := range []int{f.Layers(), f.Heads(), f.KVHeads(), f.HeadDim(), f.Embedding(), f.Vocabulary(), f.ContextLength()} {
		if n < 0 {
			tb.Fatal("a negative size")
		}
	}
	f.Split()
	f.Licence()
	f.Experts()
	if f.Architecture() == "" || f.Parameters() < 0 || f.Capable() == nil || len(f.TypeMix()) > 0 && f.Quant() == "" {
		tb.Fatal("a fact is missing")
	}
	return true
}

func FuzzRead(f *testing.F) {
	f.Add(gguftest.Small(1).Bytes())
	for _, c := range hostileFiles() {
		f.Add(c.make())
	}
	f.Fuzz(func(t *testing.T, data []byte) { checkPromises(t, data) })
}

// TestMutantsNeverCrash tries WEIGHTROOM_MUTANTS files, or 60,000, that know the format: whole fields are changed to
// values that break readers, as well as single bytes.
func TestMutantsNeverCrash(t *testing.T) {
	n, seed := 60_000, uint64(1)
	if s, err := strconv.Atoi(os.Getenv("WEIGHTROOM_MUTANTS")); err == nil {
		n, seed = s, rand.Uint64()
	}
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	whole := gguftest.Small(1).Bytes()
	accepted := 0
	for range n {
		var data []byte
		switch r.IntN(3) {
		case 0:
			data = mutantModel(r).Bytes()
		case 1:
			data = mutantBytes(r, whole)
		default:
			data = mutantBytes(r, mutantModel(r).Bytes())
		}
		if checkPromises(t, data) {
			accepted++
		}
	}
	t.Logf("%d mutants, %d accepted, the rest refused with a sentence", n, accepted)
}

// edge returns numbers at which sums and products break.
func edge(r *rand.Rand) uint64 {
	n := uint64(1) << r.IntN(64)
	switch r.IntN(4) {
	case 0:
		return n - 1
	case 1:
		return -n
	case 2:
		return uint64(r.IntN(64))
	}
	return n
}

func mutantModel(r *rand.Rand) *builder {
	b := gguftest.Small(1)
	for range 1 + r.IntN(2) {
		e := &b.Entries[r.IntN(len(b.Entries))]
		x := &b.Tensors[r.IntN(len(b.Tensors))]
		switch r.IntN(12) {
		case 0:
			e.Value = uint32(edge(r))
		case 1:
			e.Value = []any{edge(r), int64(edge(r)), int32(edge(r)), uint8(edge(r)), float32(r.NormFloat64()), true, "text"}[r.IntN(7)]
		case 2:
			e.Value = raw(9, gguftest.List(uint32(r.IntN(15)), edge(r)))
		case 3:
			e.Value = raw(8, binary.LittleEndian.AppendUint64(nil, edge(r)))
		case 4:
			e.Value = make([]int32, r.IntN(20))
		case 5:
			e.Key = b.Entries[r.IntN(len(b.Entries))].Key
		case 6:
			x.Shape = append(x.Shape, edge(r))
		case 7:
			x.Shape[r.IntN(len(x.Shape))] = edge(r)
		case 8:
			x.Offset = edge(r)
		case 9:
			x.Type = uint32(r.IntN(48))
		case 10:
			b.Keys = count(edge(r))
		case 11:
			b.TensorCount = count(edge(r))
		}
	}
	return b
}

func mutantBytes(r *rand.Rand, data []byte) []byte {
	data = bytes.Clone(data)
	for range 1 + r.IntN(3) {
		at := r.IntN(len(data))
		switch r.IntN(4) {
		case 0:
			data[at] ^= 1 << r.IntN(8)
		case 1:
			data[at] = byte(r.Uint32())
		case 2:
			if at+8 <= len(data) {
				binary.LittleEndian.PutUint64(data[at:], edge(r))
			}
		case 3:
			data = data[:max(1, at)]
		}
	}
	return data
}
