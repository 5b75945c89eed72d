package advice

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"weightroom/app/core/models"
	"weightroom/backend"
	"weightroom/backend/advisor"
	"weightroom/backend/catalog"
	"weightroom/backend/gguf"
	"weightroom/backend/testdrive"
)

// target is a model at one quant that can be planned for and test-driven: its header without weights, and what the
// advisor needs to know of it.
type target struct {
	id, quant string
	digest    string // of the weights in the library that the header is from; empty: from elsewhere
	header    *testdrive.Header
	candidate *advisor.Candidate
	siblings  []advisor.Candidate
	template  *models.ChatTemplate // of an external model; nil: one of the catalog
}

// headerCache keeps external models, those outside the catalog, whose headers were read.
type headerCache struct {
	mu    sync.Mutex
	all   map[[2]string]*target // by id and quant
	keys  [][2]string           // oldest first
	files map[string][2]string  // models of the library by their digests; empty: their headers say too little
	// pictures are the buffers of projectors, by their paths.
	pictures map[string]int64
}

// keptHeaders is how many headers stay in memory; one is some hundred kilobytes.
const keptHeaders = 64

func (h *headerCache) keep(t *target) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.all == nil {
		h.all = map[[2]string]*target{}
	}
	key := [2]string{t.id, t.quant}
	if h.all[key] == nil {
		h.keys = append(h.keys, key)
	}
	h.all[key] = t
	if len(h.keys) > keptHeaders {
		delete(h.all, h.keys[0])
		h.keys = h.keys[1:]
	}
}

func (h *headerCache) find(id, quant string) (*target, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	t, ok := h.all[[2]string{id, quant}]
	return t, ok
}

// ofFile is the id and quant under which the header of a model of the library is kept. False: it was not read yet.
func (h *headerCache) ofFile(digest string) (key [2]string, read bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	key, read = h.files[digest]
	return key, read
}

func (h *headerCache) keepFile(digest string, key [2]string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.files == nil {
		h.files = map[string][2]string{}
	}
	h.files[digest] = key
}

// target finds what id and quant name: an external model whose header was read, else a model of the catalog.
func (a *Advice) target(id, quant string) (*target, error) {
	if t, ok := a.headers.find(id, quant); ok {
		return t, nil
	}
	header, err := a.header(id, quant)
	if err != nil {
		return nil, err
	}
	candidate, ok := a.candidates.find(id, quant)
	if !ok {
		return nil, noModel(id + ":" + quant)
	}
	return &target{id: id, quant: quant, header: header, candidate: candidate, siblings: a.candidates.siblings(id)}, nil
}

// CanTestDrive returns why a model can't be test-driven; nil: it can.
func (a *Advice) CanTestDrive(id, quant string) error {
	_, err := a.target(id, quant)
	return err
}

// Target finds what a reference of any kind names, for fit and testdrive: a model of the catalog, a model of the
// library, a GGUF file, or what a source elsewhere has, of which only the header is read.
func (a *Advice) Target(ctx context.Context, ref, path string) (id, quant string, err error) {
	if _, err := a.load(); err != nil {
		return "", "", err
	}
	if id, quant, err = a.opts.Catalog.Ref(ref); err == nil {
		return id, quant, nil
	}
	unknown := err
	if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
		return a.readTarget(path, filepath.Base(path), "")
	}
	if m, err := a.opts.Library.Model(ctx, ref); err == nil {
		return a.readTarget(m.Path, m.Ref, m.Digest)
	}
	if errors.Is(unknown, catalog.ErrNoQuant) || a.opts.History == nil || !strings.ContainsAny(ref, ":/") { // no address, and the catalog's sentence says more
		return "", "", unknown
	}
	found, err := a.PeekHeader(ctx, ref)
	return found.Choice.Model, found.Choice.Quant, err
}

// ChatTemplate is the chat template of a model whose header was read, and what people call the model; nil: it was not read,
// or the model doesn't chat.
func (a *Advice) ChatTemplate(id, quant string) (template *models.ChatTemplate, name string) {
	if t, ok := a.headers.find(id, quant); ok {
		return t.template, t.candidate.Name
	}
	return nil, ""
}

// readTarget makes a target of a file on this machine; digest is that of one in the library.
func (a *Advice) readTarget(path, name, digest string) (id, quant string, err error) {
	f, err := gguf.ReadFile(path)
	if err != nil && !errors.As(err, new(*backend.Error)) {
		return "", "", backend.Fail(backend.CodeNotFound, err, "The file can't be opened.", "Check its name and its permissions.")
	}
	if err != nil {
		return "", "", err
	}
	all, err := a.load()
	if err != nil {
		return "", "", err
	}
	x, err := targetOf(all.catalog, f, name, "", f.Size)
	if err != nil {
		return "", "", err
	}
	x.digest = digest
	if n, q := backend.SplitRef(name); strings.EqualFold(q, x.quant) {
		x.id, x.candidate.ID = n, n
	}
	a.headers.keep(x)
	return x.id, x.quant, nil
}

// targetOf makes a target of a header. bytes is the size of all files of the model.
func targetOf(all *catalog.Catalog, f *gguf.File, id, quant string, bytes int64) (*target, error) {
	if bad := gguf.CheckHeader(f); bad != nil {
		return nil, bad
	}
	header, err := testdrive.FromFile(f)
	if err != nil {
		return nil, err
	}
	if quant == "" {
		quant = f.Quant()
	}
	can := f.Capable()
	experts, used := f.Experts()
	c := &advisor.Candidate{
		ID: id, Name: nameOf(f, id), Family: f.Architecture(), Quant: quant, FileBytes: bytes, ActiveBytes: header.ActiveBytes, TwiceBytes: header.TwiceBytes,
		Params: f.Parameters(), Layers: f.Layers(), MaxContext: f.ContextLength(),
		Scores: map[advisor.Use]advisor.Score{}, Thinking: slices.Contains(can, "thinking"), Vision: slices.Contains(can, "vision"),
		Tools: slices.Contains(can, "tools"), Embedding: slices.Contains(can, "embedding"),
	}
	if c.Thinking {
		c.Thoughts = thoughtsOfModel(all, id)
	}
	c.Cache, c.StateBytes = cacheOf(f)
	if heads := f.Ints(f.ArchKey("attention.head_count")); len(heads) > 0 && f.KVHeads() > 0 {
		c.Queries = float64(slices.Max(heads)) / float64(f.KVHeads())
	}
	inner := int64(slices.Max(append(f.Ints(f.ArchKey("feed_forward_length")), 0)))
	if experts > 0 {
		c.ActiveParams = header.ActiveWeights
		width, _ := f.Int(f.ArchKey("expert_feed_forward_length"))
		inner = max(inner, int64(used)*width)
	}
	if f.Vocabulary() > 0 && f.Embedding() > 0 {
		c.SetBuffers(int64(f.Vocabulary()), int64(f.Embedding()), inner)
	}
	x := &target{id: id, quant: quant, header: header, candidate: c}
	if !c.Embedding {
		x.template = &models.ChatTemplate{Text: f.ChatTemplate(), ChatML: f.ChatML}
	}
	return x, nil
}

func nameOf(f *gguf.File, id string) string {
	if n := f.Name(); n != "" {
		return n
	}
	name, _ := backend.SplitRef(id)
	return name[strings.LastIndexByte(name, '/')+1:]
}

// cacheOf is what the layers keep of the context by a header, and what they keep whatever it is.
func cacheOf(f *gguf.File) (groups []advisor.CacheGroup, stateBytes int64) {
	all, stateBytes := f.Cache()
	for _, g := range all {
		groups = append(groups, advisor.CacheGroup(g))
	}
	return groups, stateBytes
}

// External is a model outside the catalog: what its header says, and how it would run here.
type External struct {
	models.Peeked
	Choice    Choice
	Candidate *advisor.Candidate
}

// PeekHeader reads the header of what ref names, by ranges, and judges the model for this machine. No weights are fetched.
func (a *Advice) PeekHeader(ctx context.Context, ref string) (External, error) {
	all, err := a.load()
	if err != nil {
		return External{}, err
	}
	p, err := a.opts.Downloads.PeekHeader(ctx, ref)
	if err != nil {
		return External{}, err
	}
	id, tag := backend.SplitRef(p.Landing.Ref)
	if !strings.EqualFold(tag, p.Offer.Quant) { // an Ollama tag or an address says more than a quant
		id = p.Landing.Ref
	}
	t, err := targetOf(all.catalog, p.Header, id, p.Offer.Quant, max(p.Header.Size, p.WeightsBytes()))
	if err != nil {
		return External{}, err
	}
	t.candidate.Licence = p.Landing.Licence
	if t.candidate.ProjectorBytes = p.ProjectorBytes(); t.candidate.ProjectorBytes > 0 {
		t.candidate.Vision = true
	}
	if p.Landing.Name != "" && p.Header.Name() == "" {
		t.candidate.Name = p.Landing.Name
	}
	a.headers.keep(t)
	choice, err := a.judgeTarget(ctx, t)
	return External{Peeked: p, Choice: choice, Candidate: t.candidate}, err
}

// judgeTarget says how an external model would run here: by the engine's own plan, where the engine answers.
func (a *Advice) judgeTarget(ctx context.Context, t *target) (Choice, error) {
	ask, err := advisor.Ask{}.Complete()
	if err != nil {
		return Choice{}, err
	}
	if t.candidate.MaxContext > 0 {
		ask.Context = min(ask.Context, t.candidate.MaxContext)
	}
	if plan, err := a.plan(ctx, t.header, ask); err == nil {
		t.candidate.Plan = &advisor.Plan{Memory: plan, Context: ask.Context, KV: ask.KV}
	} else {
		slog.Warn("external model judged without the engine's plan", "id", t.id, "error", err)
	}
	m, err := a.thisMachine(ctx)
	if err != nil {
		return Choice{}, err
	}
	return a.dominated(t.candidate, &m, a.LocalRuns(ctx, m.RAM, ask.KV), ask, ""), nil
}
