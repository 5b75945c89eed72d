package library

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strconv"

	"weightroom/backend"
	"weightroom/backend/gguf"
)

// keyAlpha is where an adapter says how strongly it was trained to be added (llama.cpp b10488, src/llama-adapter.h): its
// change is multiplied by alpha / rank, and by 1 where alpha is 0 or missing.
const keyAlpha = "adapter.lora.alpha"

// maxScale bounds a strength. Real ones lie between 0 and 2; what is far beyond writes only noise.
const maxScale = 100

// AdapterUse is an adapter and its strength: 1 is as it was trained, 0 not at all.
type AdapterUse struct {
	Ref   string
	Scale float64
}

func (u AdapterUse) check() error {
	if math.IsNaN(u.Scale) || math.Abs(u.Scale) > maxScale {
		return backend.Fail(backend.CodeInvalid, nil, fmt.Sprintf("An adapter's strength can't be %v.", u.Scale), "Choose one between 0 and 2; 1 is as it was trained.")
	}
	return nil
}

// label is how a strength is written in a name: nothing for 1.
func (u AdapterUse) label() string {
	if u.Scale == 1 {
		return ""
	}
	return strconv.FormatFloat(u.Scale, 'g', 4, 64)
}

// scaled makes a copy of an adapter that is added at another strength. The engine starts with every adapter at strength
// 1 (Ollama v0.34.4, llm/llama_server.go), so the strength goes into the file: into alpha, which is all that is changed.
func (st *stager) scaled(ctx context.Context, path string, scale float64) (*staged, *gguf.File, error) {
	src, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = src.Close() }()
	info, err := src.Stat()
	if err != nil {
		return nil, nil, err
	}
	header, err := gguf.Read(src, info.Size())
	if err != nil {
		return nil, nil, err
	}
	changed, err := withAlpha(header, scale)
	if err != nil {
		return nil, nil, err
	}
	if err := st.checkSpace(changed.Size); err != nil {
		return nil, nil, err
	}
	s, err := st.temporary(ctx)
	if err != nil {
		return nil, nil, err
	}
	sum := sha256.New()
	if err := writeTensors(ctx, io.MultiWriter(s.file, sum), changed, header, src); err != nil {
		s.discard()
		return nil, nil, err
	}
	if err := s.file.Sync(); err != nil {
		s.discard()
		return nil, nil, err
	}
	s.sum, s.size = fmt.Sprintf("%x", sum.Sum(nil)), changed.Size
	return s, changed, nil
}

// withAlpha is an adapter's header with another strength.
func withAlpha(f *gguf.File, scale float64) (*gguf.File, error) {
	alpha, _ := f.Float(keyAlpha)
	if alpha == 0 { // the engine then takes 1 for alpha / rank
		rank := rankOf(f)
		if rank == 0 {
			return nil, backend.Fail(backend.CodeUnsupported, nil, "The strength of this adapter can't be changed: its parts have different ranks.", "Use it at strength 1.")
		}
		alpha = float64(rank)
	}
	metadata := slices.Clone(f.Metadata)
	i := slices.IndexFunc(metadata, func(kv gguf.KV) bool { return kv.Key == keyAlpha })
	if i < 0 {
		metadata, i = append(metadata, gguf.KV{Key: keyAlpha}), len(metadata)
	}
	metadata[i].Value = float32(alpha * scale)
	return gguf.New(metadata, f.Tensors)
}

// rankOf is the rank that all parts of an adapter have; 0: they differ.
func rankOf(f *gguf.File) int64 {
	var rank int64
	for _, t := range f.Tensors {
		if len(t.Shape) < 2 || len(t.Name) < 7 || t.Name[len(t.Name)-7:] != ".lora_a" {
			continue
		}
		if rank != 0 && rank != t.Shape[1] {
			return 0
		}
		rank = t.Shape[1]
	}
	return rank
}

// writeTensors writes a file whose header is to and whose tensors are those of from, in the order of to.
func writeTensors(ctx context.Context, w io.Writer, to, from *gguf.File, src io.ReaderAt) error {
	if err := to.WriteHeader(w); err != nil {
		return err
	}
	var at int64
	for i, t := range to.Tensors {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := pad(w, t.Offset-at); err != nil {
			return err
		}
		old := from.Tensors[i]
		if _, err := io.Copy(w, io.NewSectionReader(src, from.DataOffset+old.Offset, t.Bytes)); err != nil {
			return err
		}
		at = t.Offset + t.Bytes
	}
	return pad(w, to.Size-to.DataOffset-at)
}

func pad(w io.Writer, n int64) error {
	_, err := w.Write(make([]byte, max(0, n)))
	return err
}
