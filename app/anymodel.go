package app

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"weightroom/backend"
	"weightroom/backend/advisor"
	"weightroom/backend/catalog"
	"weightroom/backend/download/source"
	"weightroom/backend/gguf"
	"weightroom/backend/testdrive"
)

// subject is a model at one quant that can be planned for and test-driven: its header without weights, and what the
// advisor needs to know of it.
type subject struct {
	id, quant string
	header    *testdrive.Header
	candidate *advisor.Candidate
	siblings  []advisor.Candidate
}

// strangers are models outside the catalog whose headers were read.
type strangers struct {
	mu   sync.Mutex
	all  map[[2]string]*subject // by id and quant
	keys [][2]string            // oldest first
}

// keptStrangers is how many headers stay in memory; one is some hundred kilobytes.
const keptStrangers = 64

func (s *strangers) keep(x *subject) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all == nil {
		s.all = map[[2]string]*subject{}
	}
	key := [2]string{x.id, x.quant}
	if s.all[key] == nil {
		s.keys = append(s.keys, key)
	}
	s.all[key] = x
	if len(s.keys) > keptStrangers {
		delete(s.all, s.keys[0])
		s.keys = s.keys[1:]
	}
}

func (s *strangers) find(id, quant string) (*subject, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	x, ok := s.all[[2]string{id, quant}]
	return x, ok
}

// subject finds what id and quant name: a stranger that was looked at, else a model of the catalog.
func (c *Core) subject(id, quant string) (*subject, error) {
	if x, ok := c.found.find(id, quant); ok {
		return x, nil
	}
	header, err := c.header(id, quant)
	if err != nil {
		return nil, err
	}
	candidate, ok := c.shelf.candidate(id, quant)
	if !ok {
		return nil, noModel(id + ":" + quant)
	}
	return &subject{id, quant, header, candidate, c.shelf.siblings(id)}, nil
}

// Subject finds what a reference of any kind names, for fit and testdrive: a model of the catalog, a model of the
// library, a GGUF file, or what a place elsewhere has, of which only the header is read.
func (c *Core) Subject(ctx context.Context, ref, path string) (id, quant string, err error) {
	if err := c.shelf.load(); err != nil {
		return "", "", err
	}
	if id, quant, err = c.CatalogRef(ref); err == nil {
		return id, quant, nil
	}
	known := err
	if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
		return c.readSubject(path, filepath.Base(path))
	}
	if m, err := c.Models.Model(ctx, ref); err == nil {
		return c.readSubject(m.Path, m.Ref)
	}
	if c.History == nil || !strings.ContainsAny(ref, ":/") { // no address, and the catalog's sentence says more
		return "", "", known
	}
	found, err := c.Look(ctx, ref)
	return found.Model.ID, found.Quant, err
}

// NeedsHistory says that a reference is none that the catalog, the library or a file answers, so that finding it goes
// online and has to be written into the ledger.
func (c *Core) NeedsHistory(ctx context.Context, ref, path string) bool {
	if _, _, err := c.CatalogRef(ref); err == nil {
		return false
	}
	if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
		return false
	}
	_, err := c.Models.Model(ctx, ref)
	return err != nil && strings.ContainsAny(ref, ":/")
}

// readSubject makes a subject of a file on this machine.
func (c *Core) readSubject(path, name string) (id, quant string, err error) {
	f, err := gguf.ReadFile(path)
	if err != nil && !errors.As(err, new(*backend.Error)) {
		return "", "", backend.Fail(backend.CodeNotFound, err, "The file can't be opened.", "Check its name and its permissions.")
	}
	if err != nil {
		return "", "", err
	}
	x, err := strangerOf(f, name, "", f.Size)
	if err != nil {
		return "", "", err
	}
	if n, q := backend.SplitRef(name); strings.EqualFold(q, x.quant) {
		x.id, x.candidate.ID = n, n
	}
	c.found.keep(x)
	return x.id, x.quant, nil
}

// strangerOf makes a subject of a header. bytes is the size of all files of the model.
func strangerOf(f *gguf.File, id, quant string, bytes int64) (*subject, error) {
	header, err := testdrive.FromFile(f)
	if err != nil {
		return nil, err
	}
	if quant == "" {
		quant = f.Quant()
	}
	can := f.Capable()
	experts, _ := f.Experts()
	c := &advisor.Candidate{
		ID: id, Name: nameOf(f, id), Family: f.Architecture(), Quant: quant, FileBytes: bytes, ActiveBytes: header.ActiveBytes,
		Params: f.Parameters(), Layers: f.Layers(), MaxContext: f.ContextLength(), Cache: cacheOf(f),
		Scores: map[advisor.Use]advisor.Score{}, Thinking: slices.Contains(can, "thinking"), Vision: slices.Contains(can, "vision"),
		Tools: slices.Contains(can, "tools"), Embedding: slices.Contains(can, "embedding"),
	}
	if experts > 0 {
		c.ActiveParams = header.ActiveWeights
	}
	return &subject{id: id, quant: quant, header: header, candidate: c}, nil
}

func nameOf(f *gguf.File, id string) string {
	if n := f.Name(); n != "" {
		return n
	}
	name, _ := backend.SplitRef(id)
	return name[strings.LastIndexByte(name, '/')+1:]
}

// cacheOf says what each layer keeps of a token. It is a first guess, right for ordinary attention: the engine's own
// plan corrects its scale.
func cacheOf(f *gguf.File) []advisor.CacheGroup {
	heads := f.Ints(f.ArchKey("attention.head_count_kv"))
	value := f.HeadDim()
	if n, ok := f.Int(f.ArchKey("attention.value_length")); ok && n > 0 {
		value = int(n)
	}
	var groups []advisor.CacheGroup
	for layer := range f.Layers() {
		n := f.KVHeads()
		if len(heads) == f.Layers() {
			n = int(heads[layer])
		}
		values := n * (f.HeadDim() + value)
		if values <= 0 {
			continue
		}
		if last := len(groups) - 1; last >= 0 && groups[last].Values == values {
			groups[last].Layers++
		} else {
			groups = append(groups, advisor.CacheGroup{Layers: 1, Values: values})
		}
	}
	return groups
}

// Look reads the header of what ref names, by ranges, and judges the model for this machine. No weights are fetched.
func (c *Core) Look(ctx context.Context, ref string) (Found, error) {
	offer, as, err := c.resolve(ctx, ref)
	if err != nil {
		return Found{}, err
	}
	n, err := c.online(ctx)
	if err != nil {
		return Found{}, err
	}
	f, read, err := n.sources.ModelHeader(ctx, offer)
	if err != nil {
		return Found{}, err
	}
	id, tag := backend.SplitRef(as.Ref)
	if !strings.EqualFold(tag, offer.Quant) { // an Ollama tag or an address says more than a quant
		id = as.Ref
	}
	x, err := strangerOf(f, id, offer.Quant, max(f.Size, weightsOf(offer)))
	if err != nil {
		return Found{}, err
	}
	x.candidate.Licence = as.Licence
	if as.Name != "" && f.Name() == "" {
		x.candidate.Name = as.Name
	}
	c.found.keep(x)
	choice, err := c.judge(ctx, x)
	if err != nil {
		return Found{}, err
	}
	return Found{Model: strangerModel(x, f, offer, as), Quant: x.quant, Choice: choice, Host: as.Host, HeaderBytes: read}, nil
}

// weightsOf is the size of the files that hold an offer's weights.
func weightsOf(o source.Offer) (n int64) {
	for _, i := range o.Items {
		if i.Kind == backend.KindModel {
			n += max(0, i.Bytes)
		}
	}
	return n
}

// judge says how a stranger would run here: by the engine's own plan, where the engine answers.
func (c *Core) judge(ctx context.Context, x *subject) (Choice, error) {
	ask, err := advisor.Ask{}.Complete()
	if err != nil {
		return Choice{}, err
	}
	if x.candidate.MaxContext > 0 {
		ask.Context = min(ask.Context, x.candidate.MaxContext)
	}
	if plan, err := c.plan(ctx, x.header, ask); err == nil {
		x.candidate.Plan = &advisor.Plan{Memory: plan, Context: ask.Context, KV: ask.KV}
	} else {
		slog.Warn("stranger judged without the engine's plan", "id", x.id, "error", err)
	}
	m, err := c.adviceMachine(ctx)
	if err != nil {
		return Choice{}, err
	}
	drives := c.Drives(ctx)
	own := known{drives, c.build().Ollama, c.estimator(drives, m.RAM.BandwidthBytesPerSec), c.findings(ctx)}
	return c.beaten(x.candidate, &m, own, ask, ""), nil
}

// strangerModel is a model outside the catalog as the page shows it.
func strangerModel(x *subject, f *gguf.File, o source.Offer, as identity) CatalogModel {
	c := x.candidate
	out := CatalogModel{
		ID: x.id, Name: c.Name, Family: c.Family, Publisher: publisherOf(o), Params: c.Params, ActiveParams: c.ActiveParams, Context: c.MaxContext,
		Architecture: f.Architecture(), Uses: []string{}, Vision: c.Vision, Tools: c.Tools, Thinking: c.Thinking, Runs: true,
		LicenceName: as.Licence.Name, OpenSource: as.Licence.OpenSource, Commercial: as.Licence.Commercial, Licence: []Answer{},
		Benchmarks: []Benchmark{}, Quants: []CatalogQuant{}, Repositories: []string{}, Notes: strings0(o.Warnings),
	}
	if c.ActiveParams == 0 {
		out.ActiveParams = c.Params
	}
	if as.Terms.ID != "" && as.Terms.ID != "unknown" {
		out.Licence = answersOf(as.Terms)
	}
	if as.Terms.Commercial == catalog.Yes || as.Terms.Commercial == catalog.Conditions {
		out.Commercial = true
	}
	if o.Page != "" {
		out.Repositories = append(out.Repositories, o.Page)
	}
	seen := false
	for _, choice := range o.Choices {
		quant := choice.Quant
		if quant == "" {
			_, quant = backend.SplitRef(choice.Ref)
		}
		seen = seen || quant == x.quant
		out.Quants = append(out.Quants, CatalogQuant{Name: quant, Bytes: max(0, choice.Bytes), Exact: choice.Bytes > 0, Ref: choice.Ref})
	}
	if !seen {
		out.Quants = append(out.Quants, CatalogQuant{Name: x.quant, Bytes: c.FileBytes, Exact: true, Ref: as.Ref})
	}
	return out
}

// publisherOf is the owner that an offer's reference names.
func publisherOf(o source.Offer) string {
	parts := strings.Split(o.Ref, "/")
	if len(parts) >= 3 {
		return parts[len(parts)-2]
	}
	return ""
}

// Look reads the header of a model outside the catalog.
func (s *Downloads) Look(ref string) (Found, error) {
	return withNetwork(s, "Look", func(ctx context.Context, core *Core, _ *network) (Found, error) { return core.Look(ctx, ref) })
}

// searchShown is how many hits are asked for.
const searchShown = 40

// Search asks Hugging Face for repositories with GGUF files.
func (s *Downloads) Search(query string) ([]Hit, error) {
	return withNetwork(s, "Search", func(ctx context.Context, core *Core, _ *network) ([]Hit, error) {
		n, err := core.online(ctx)
		if err != nil {
			return nil, err
		}
		hits, err := n.sources.Search(ctx, query, searchShown)
		if err != nil {
			return nil, err
		}
		if err := core.shelf.load(); err != nil {
			return nil, err
		}
		return convert(hits, core.hitOf), nil
	})
}

func (c *Core) hitOf(h source.Hit) Hit {
	out := Hit{Ref: h.Ref, Owner: h.Owner, Name: h.Name, Downloads: h.Downloads, Likes: h.Likes, UpdatedAt: millis(h.Updated), LicenceName: h.Licence, Gated: h.Gated, Params: h.Parameters, Context: h.ContextLength}
	if terms, ok := c.termsOf(source.Terms{Name: h.Licence}); ok {
		out.LicenceName = terms.Name
	}
	return out
}
