package testdrive

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"weightroom/backend"
	"weightroom/backend/gguf"
	"weightroom/backend/llama"
)

// Header is a model without its weights: everything that its speed and memory follow from.
type Header struct {
	File          *gguf.File // metadata without a vocabulary, and every tensor with its place
	Quant         string     // llama.cpp's name: Q4_K_M
	Bytes         int64      // of the whole file, without a vocabulary
	ActiveBytes   int64      // of the weights read for one token: all but unused experts and tables that rows are looked up in
	ActiveWeights int64      // how many weights those are
	Parts         []Part     // what ActiveBytes are, by type
	TwiceBytes    int64      // of the weights that the engine holds twice
	Fallbacks     []string   // tensors whose width forced a larger type than the quant's own
}

// Outline is the shape of a model before a quant is chosen: making it is most of the work of Plan, so that one
// outline serves all quants.
type Outline struct {
	arch     string
	metadata []gguf.KV
	tensors  []gguf.Tensor // types not yet chosen
	layers   []int         // each tensor's block, -1: none
	mix      mixer
}

// Plan makes the header of a model with the types that llama-quantize would choose for quant without an importance
// matrix, except for the quants that can't be made without one. Its errors are *backend.Error: unknown architecture
// or quant, a quant the model can't have, and facts that can't be right.
func Plan(bp backend.Blueprint, quant string) (*Header, error) {
	o, err := NewOutline(bp)
	if err != nil {
		return nil, err
	}
	return o.Plan(quant, false)
}

// NewOutline works out the metadata, and the names and shapes of the tensors.
func NewOutline(bp backend.Blueprint) (*Outline, error) {
	table, err := recipes()
	if err != nil {
		return nil, err
	}
	r, ok := table[bp.Architecture]
	if !ok {
		return nil, backend.Fail(backend.CodeUnsupported, nil, fmt.Sprintf("The architecture of this model, %q, is not one this app can measure without its weights.", bp.Architecture),
			"Download the model to measure it.")
	}
	s, err := newScope(bp)
	if err != nil {
		return nil, err
	}
	o := &Outline{arch: bp.Architecture}
	if o.metadata, err = r.metadata(bp.Architecture, s, bp.Hyper); err != nil {
		return nil, unbuildable(err)
	}
	global, err := shapes(r.Globals, s)
	if err != nil {
		return nil, unbuildable(err)
	}
	o.add(global, -1, "")
	kinds := map[block][]gguf.Tensor{}
	for i := range s.int("L") {
		b := s.at(i)
		tensors, ok := kinds[b]
		if !ok {
			s.enter(b)
			if tensors, err = shapes(r.Blocks, s); err != nil {
				return nil, unbuildable(err)
			}
			kinds[b] = tensors
		}
		o.add(tensors, i, "blk."+strconv.Itoa(i)+".")
	}
	o.mix = newMixer(bp.Architecture, s, o.tensors)
	return o, nil
}

func (o *Outline) add(tensors []gguf.Tensor, layer int, prefix string) {
	for _, t := range tensors {
		t.Name = prefix + t.Name
		o.tensors = append(o.tensors, t)
		o.layers = append(o.layers, layer)
	}
}

func newMixer(arch string, s scope, tensors []gguf.Tensor) mixer {
	m := mixer{arch: arch, layers: s.int("L"), experts: s.int("NE"), tied: true}
	first := s.at(0)
	if arch == "deepseek2" || arch == "mistral4" {
		first.KV = 1 // latent attention has one key-value head
	}
	if first.KV > 0 {
		m.shared = first.H / first.KV
	}
	if m.layers == 80 && (arch == "llama" && m.experts != 8 && first.H != first.KV || arch == "qwen2") {
		m.seventy = true
	}
	for _, t := range tensors {
		if t.Name == "output.weight" {
			m.tied = false
		}
		if strings.Contains(t.Name, "attn_v.weight") || strings.Contains(t.Name, "attn_qkv.weight") || strings.Contains(t.Name, "attn_kv_b.weight") {
			m.values++
		}
	}
	return m
}

// Plan chooses the types. matrix says that the quantizer had an importance matrix, as most published files' had:
// a few tensors of Q4_0, Q5_0, IQ3_XXS, IQ4_NL and IQ4_XS differ then.
func (o *Outline) Plan(name string, matrix bool) (*Header, error) {
	i := slices.IndexFunc(quants, func(q quant) bool { return strings.EqualFold(q.name, name) })
	if i < 0 {
		return nil, backend.Fail(backend.CodeInvalid, nil, fmt.Sprintf("There is no quant named %q.", name), "Try one such as Q4_K_M, Q8_0 or F16.")
	}
	if quants[i].name == "MXFP4_MOE" && o.mix.experts == 0 {
		return nil, backend.Fail(backend.CodeInvalid, nil, "MXFP4_MOE is for models made of experts, and this model has none.", "Pick Q4_K_M instead.")
	}
	needs, _ := llama.FindQuant(quants[i].name)
	return o.plan(quants[i], matrix || needs.Matrix)
}

func (o *Outline) plan(q quant, matrix bool) (*Header, error) {
	m := o.mix
	m.quant, m.matrix = q, matrix
	tensors := slices.Clone(o.tensors)
	var fallbacks []string
	for i := range tensors {
		t := &tensors[i]
		var fell bool
		if t.Type, fell = m.pick(t.Name, t.Shape, o.layers[i]); fell {
			fallbacks = append(fallbacks, t.Name)
		}
	}
	metadata := slices.Clone(o.metadata)
	metadata = slices.Insert(metadata, 2, gguf.KV{Key: "general.file_type", Value: m.fileType}, gguf.KV{Key: "general.quantization_version", Value: uint32(2)})
	f, err := gguf.New(metadata, tensors)
	if err != nil {
		return nil, err
	}
	if f.Size > maxFile {
		return nil, invalid("its file would have %d TB", f.Size>>40)
	}
	h := newHeader(f)
	h.Quant, h.Fallbacks = m.name, fallbacks
	return h, nil
}

// newHeader adds up a header whose tensors have their types.
func newHeader(f *gguf.File) *Header {
	h := &Header{File: f, Quant: f.Quant(), Bytes: f.Size}
	experts, used := f.Experts()
	tied := !slices.ContainsFunc(f.Tensors, func(t gguf.Tensor) bool { return t.Name == "output.weight" })
	for _, t := range f.Tensors {
		bytes, weights := t.Bytes, t.Elements()
		if t.Name == "token_embd.weight" && tied && outputFirst(f.Architecture()) {
			h.TwiceBytes = bytes
		}
		switch {
		case t.Name == "token_embd.weight" && !tied, t.Name == "per_layer_token_embd.weight", t.Name == "position_embd.weight", t.Name == "token_types.weight":
			continue
		case strings.Contains(t.Name, "_exps.") && experts > 0:
			bytes, weights = bytes/int64(experts)*int64(used), weights/int64(experts)*int64(used)
		}
		h.ActiveBytes += bytes
		h.ActiveWeights += weights
		h.part(t, bytes, weights)
	}
	return h
}

// part adds a tensor to the parts.
func (h *Header) part(t gguf.Tensor, bytes, weights int64) {
	kind, output := t.Type.String(), t.Name == "output.weight" || t.Name == "token_embd.weight"
	i := slices.IndexFunc(h.Parts, func(p Part) bool { return p.Type == kind && p.Output == output })
	if i < 0 {
		i, h.Parts = len(h.Parts), append(h.Parts, Part{Type: kind, Output: output})
	}
	h.Parts[i].Bytes += bytes
	h.Parts[i].Weights += weights
}

// Input is what an estimate of the model's speed is made from.
func (h *Header) Input() SpeedInput {
	return SpeedInput{Quant: h.Quant, Bytes: h.Bytes, ActiveBytes: h.ActiveBytes, Layers: h.Layers(), Parts: h.Parts}
}

// outputFirst are the architectures for which llama.cpp b10488 makes the output before the embedding that is the output too
// (load_arch_tensors in src/models/gemma3n.cpp and gemma4.cpp). Its loader looks for a tensor to share among those made
// before (TENSOR_DUPLICATED in src/llama-model-loader.cpp), finds none, and holds this one twice.
func outputFirst(arch string) bool { return arch == "gemma3n" || arch == "gemma4" }

// TwiceBytes is the TwiceBytes of the header that Plan makes, without making it; 0 also where Plan fails.
func TwiceBytes(bp backend.Blueprint, name string) int64 {
	i := slices.IndexFunc(quants, func(q quant) bool { return strings.EqualFold(q.name, name) })
	if i < 0 || !outputFirst(bp.Architecture) {
		return 0
	}
	s, err := newScope(bp)
	if tied, _ := s["tied"].(bool); err != nil || !tied {
		return 0
	}
	m, shape := mixer{quant: quants[i], arch: bp.Architecture, tied: true}, []int64{int64(s.int("D")), int64(s.int("V"))}
	t, _ := m.pick("token_embd.weight", shape, -1)
	info, _ := t.Info()
	return shape[0] * shape[1] / info.Block * info.Bytes
}

// Architecture is GGUF's name for the kind of model.
func (h *Header) Architecture() string { return h.File.Architecture() }

// Layers is the number of blocks that a token passes: the prediction blocks at the end are not among them.
func (h *Header) Layers() int { return h.File.Layers() - h.archInt("nextn_predict_layers") }

func (h *Header) archInt(key string) int {
	n, _ := h.File.Int(h.File.ArchKey(key))
	return int(n)
}

func unbuildable(err error) error {
	if e := backend.Readable(err); e.Code != backend.CodeInternal {
		return e
	}
	return backend.Fail(backend.CodeInvalid, err, "The facts about this model do not add up to a model.", "Pick another model, or correct its entry.")
}
