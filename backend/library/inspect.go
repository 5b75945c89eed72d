package library

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"time"

	"weightroom/backend"
	"weightroom/backend/gguf"
	"weightroom/backend/library/layout"
)

// Details is what is known of one model, for its page. Texts are the publisher's: show them as text.
type Details struct {
	Model       backend.Model `json:"model"`
	Mix         []TypeUse     `json:"mix"` // most bytes first
	Layers      int           `json:"layers"`
	Embedding   int           `json:"embedding"`
	Heads       int           `json:"heads"`
	KVHeads     int           `json:"kvHeads"`
	HeadDim     int           `json:"headDim"`
	Experts     int           `json:"experts"`
	ExpertsUsed int           `json:"expertsUsed"` // for one token
	Tokenizer   Tokenizer     `json:"tokenizer"`
	Template    Template      `json:"template"`
	System      string        `json:"system"`      // the prompt that comes with the model
	Params      string        `json:"params"`      // the sampling that comes with it, as JSON; empty: none
	LicenceText string        `json:"licenceText"` // empty: no text came with it
	LicenceLink string        `json:"licenceLink"` // an address the file names
	Address     string        `json:"address"`     // where the model is from
	Revision    string        `json:"revision"`
	App         string        `json:"app"` // that keeps it, of an adopted model
	Files       []FileUse     `json:"files"`
	Adapters    []string      `json:"adapters"` // references of the adapters it is changed by, where they are in the library
	Frees       int64         `json:"frees"`    // bytes that its removal gives back
	Cloned      bool          `json:"cloned"`   // it may give back less: the disk shares blocks with an original
}

// TypeUse is how much of a model is stored in one type.
type TypeUse struct {
	Type       string `json:"type"` // "Q4_K"
	Tensors    int    `json:"tensors"`
	Parameters int64  `json:"parameters"`
	Bytes      int64  `json:"bytes"`
}

// Tokenizer is how a model cuts text.
type Tokenizer struct {
	Kind   string `json:"kind"` // "gpt2", "llama", …: the family of its algorithm
	Pre    string `json:"pre"`  // the rule by which text is cut first; may be empty
	Tokens int    `json:"tokens"`
}

// Template is how messages become a prompt.
type Template struct {
	Text   string `json:"text"`   // the file's own, in Jinja; empty: none
	SHA256 string `json:"sha256"` // of Text without white space around it
	Chosen string `json:"chosen"` // what a person chose, by its name; empty: its own
	Own    bool   `json:"own"`    // it came with one, in the file or beside it
	Known  string `json:"known"`  // the name of the well-known template that it is; empty: it is the file's own
	Ollama string `json:"ollama"` // one that came beside the file, in Ollama's language; empty: none
}

// FileUse is one file of a model.
type FileUse struct {
	Kind       backend.FileKind `json:"kind"`
	Name       string           `json:"name"` // what it was called; may be empty
	Digest     string           `json:"digest"`
	Bytes      int64            `json:"bytes"`
	Path       string           `json:"path"`
	How        string           `json:"how"`        // a How constant, by what is on the disk now
	Original   string           `json:"original"`   // the file of another app, where bytes are shared with one
	Keeps      string           `json:"keeps"`      // what the sharing means, in a sentence; empty for its own files
	Address    string           `json:"address"`    // where to fetch it again
	SharedWith []string         `json:"sharedWith"` // other models of the library that use it
	Checked    time.Time        `json:"checked"`    // date of the file when it was last found to be sound; zero: not known
	Parts      int              `json:"parts"`      // whose sums are known, for a repair in parts
}

// inspector tells more of what the catalogue lists: what is in it, and what it takes.
type inspector struct{ *catalogue }

// Inspect tells what is known of a model. It reads headers, not weights.
func (ins *inspector) Inspect(ctx context.Context, ref string) (Details, error) {
	d, err := ins.inspect(ctx, ref)
	return d, layout.Explain(err)
}

func (ins *inspector) inspect(ctx context.Context, ref string) (Details, error) {
	m, err := ins.Model(ctx, ref)
	if err != nil {
		return Details{}, err
	}
	entries, err := ins.entries()
	if err != nil {
		return Details{}, err
	}
	e, ok := layout.Find(entries, m.Ref)
	if !ok {
		return Details{}, backend.Fail(backend.CodeNotFound, nil, "There is no model "+layout.Quoted(ref)+" in the library.", "It may just have been removed. Choose another one.")
	}
	h, err := ins.store().Header(e.Manifest)
	if err != nil {
		return Details{}, err
	}
	d := Details{
		Model: m, Mix: []TypeUse{}, Layers: h.Layers(), Embedding: h.Embedding(), Heads: h.Heads(), KVHeads: h.KVHeads(), HeadDim: h.HeadDim(),
		Tokenizer: Tokenizer{Kind: h.String("tokenizer.ggml.model"), Pre: h.String("tokenizer.ggml.pre"), Tokens: h.Vocabulary()},
		Template:  templateOf(h), System: ins.store().Text(e, layout.TypeSystem), Params: ins.store().Text(e, layout.TypeParams), LicenceText: ins.store().Text(e, layout.TypeLicence), Files: []FileUse{}, Adapters: []string{},
	}
	d.Experts, d.ExpertsUsed = h.Experts()
	_, _, d.LicenceLink = h.Licence()
	d.Template.Ollama = ins.store().Text(e, layout.TypeTemplate)
	for _, s := range h.TypeMix() {
		d.Mix = append(d.Mix, TypeUse{s.Type.String(), s.Tensors, s.Parameters, s.Bytes})
	}
	ins.files(&d, e, entries)
	return d, nil
}

func templateOf(h *gguf.File) Template {
	t := Template{Text: h.ChatTemplate()}
	if t.Text != "" {
		t.SHA256 = fmt.Sprintf("%x", sha256.Sum256([]byte(strings.TrimSpace(t.Text))))
		t.Known = layout.KnownTemplate(t.Text)
	}
	return t
}

// files fills in what is known of each file of a model.
func (ins *inspector) files(d *Details, e layout.Entry, entries []layout.Entry) {
	var from layout.Origin
	if c, ok := ins.store().ReadConfig(e.Manifest.Config); ok && c.Ours != nil {
		from = *c.Ours
	}
	d.Address, d.Revision, d.App = from.Address, from.Revision, from.App
	d.Template.Own = d.Template.Text != "" || d.Template.Ollama != ""
	if c := from.Chosen; c != nil {
		d.Template.Chosen, d.Template.Own = c.Name, d.Template.Text != "" || c.Template != ""
	}
	users := map[string][]string{}
	for _, other := range entries {
		for digest := range other.Manifest.Digests() {
			users[digest] = append(users[digest], other.Name.Ref())
		}
	}
	for _, x := range e.Manifest.All() {
		digest := strings.ToLower(x.Digest)
		path := ins.store().Blob(digest)
		if path == "" || slices.ContainsFunc(d.Files, func(f FileUse) bool { return f.Digest == digest }) {
			continue
		}
		of := from.Files[digest]
		f := FileUse{
			Kind: layout.KindOf(x.MediaType), Name: of.Name, Digest: digest, Bytes: x.Size, Path: path, Address: of.Address,
			SharedWith: slices.DeleteFunc(slices.Clone(users[digest]), func(r string) bool { return r == e.Name.Ref() }),
		}
		f.How, f.Original = ins.how(digest, of)
		f.Keeps = keeps(f.How)
		if s, ok := ins.store().ReadSums(digest); ok {
			f.Checked, f.Parts = s.Modified, len(s.Parts)
		}
		if x.MediaType == layout.TypeAdapter {
			for _, other := range entries {
				if other.Name.Namespace == layout.Adapters && other.Manifest.Has(layout.TypeAdapter) && other.Manifest.Layers[0].Digest == x.Digest {
					d.Adapters = append(d.Adapters, other.Name.Ref())
				}
			}
		}
		d.Files = append(d.Files, f)
	}
	count := map[string]int{}
	for digest, refs := range users {
		count[digest] = len(refs)
	}
	u := ins.use(e, count)
	d.Frees, d.Cloned = u.Frees, u.Cloned
}
