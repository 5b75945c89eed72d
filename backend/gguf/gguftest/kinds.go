package gguftest

// Split cuts a model into n files, as llama-gguf-split does: the first has all that is said about the model, the others
// only weights. Tensors are dealt out in order.
func Split(b *Builder, n int) []*Builder {
	out := make([]*Builder, n)
	each := (len(b.Tensors) + n - 1) / n
	for i := range out {
		p := &Builder{Magic: b.Magic, Version: b.Version, Align: b.Align}
		if i == 0 {
			p.Entries = append(p.Entries, b.Entries...)
		}
		p.Set("split.no", uint16(i)).Set("split.count", uint16(n)).Set("split.tensors.count", int32(len(b.Tensors)))
		for _, t := range b.Tensors[min(i*each, len(b.Tensors)):min((i+1)*each, len(b.Tensors))] {
			t.Offset = 0
			p.Add(t)
		}
		out[i] = p
	}
	return out
}

// Adapter returns a LoRA of rank 2 that fits Small: it changes the attention's queries.
func Adapter(seed byte) *Builder {
	b := &Builder{Magic: "GGUF", Version: 3}
	b.Set("general.architecture", "llama")
	b.Set("general.type", "adapter")
	b.Set("general.name", "Tiny Adapter")
	b.Set("adapter.type", "lora")
	b.Set("adapter.lora.alpha", float32(4))
	data := make([]byte, 32*2*4)
	data[0] = seed
	b.Add(Tensor{Name: "blk.0.attn_q.weight.lora_a", Shape: []uint64{32, 2}, Data: data})
	b.Add(Tensor{Name: "blk.0.attn_q.weight.lora_b", Shape: []uint64{2, 32}, Size: 32 * 2 * 4})
	return b
}

// Projector returns the header of a part that sees, with one tensor: no engine runs it.
func Projector(seed byte) *Builder {
	b := &Builder{Magic: "GGUF", Version: 3}
	b.Set("general.architecture", "clip")
	b.Set("general.type", "mmproj")
	b.Set("general.file_type", uint32(1))
	b.Set("clip.has_vision_encoder", true)
	b.Set("clip.projector_type", "mlp")
	b.Set("clip.vision.projection_dim", uint32(32))
	b.Add(Tensor{Name: "mm.0.weight", Shape: []uint64{32}, Data: append([]byte{seed}, make([]byte, 127)...)})
	return b
}
