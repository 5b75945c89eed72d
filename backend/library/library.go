package library

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"weightroom/backend"
	"weightroom/backend/fsys"
)

// Where a model came from: Model.Source.
const (
	SourceStarter = "starter"
	SourceImport  = "import"
	SourcePull    = "pull"
	SourceAdopted = "adopted"
	SourceDerived = "derived"
)

const lockName = ".lock"

var errNoWeights = errors.New("manifest names no weights")

// Library is one store. It may be used from many goroutines, and beside other processes.
type Library struct {
	home  string                 // where it was made, and where a note tells where it was moved to
	dir   atomic.Pointer[string] // where it is
	busy  chan struct{}          // holds one token while this process changes the store
	cache *cache
	step  func(string) error // tests fail or end the process here; nil outside them

	partBytes int64 // PartBytes; tests make it smaller
	apart     bool  // tests move a library as if to another disk
}

// New opens the store in dir, creating it where there is none, and tidies what an earlier process left when no other
// one is at work. A folder that can't be written still opens, for reading.
func New(dir string) (*Library, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, explain(err)
	}
	l := &Library{home: dir, busy: make(chan struct{}, 1), partBytes: PartBytes}
	l.dir.Store(&dir)
	if err := makeFolder(dir); err != nil {
		return nil, explain(err)
	}
	if free, ok := l.lock(dir); ok {
		l.finishMove()
		free()
	}
	l.cache = openCache(filepath.Join(l.Dir(), indexName))
	if l.follow() != nil {
		return l, nil //nolint:nilerr // every call says so until its disk is back
	}
	for _, d := range []string{l.blobs(), l.manifests()} {
		if err := makeFolder(d); err != nil && !unwritable(err) {
			return nil, explain(err)
		}
	}
	l.cache = openCache(filepath.Join(l.Dir(), indexName))
	if free, ok := l.tryChange(); ok {
		l.tidy()
		free()
	}
	return l, nil
}

// makeFolder makes dir a folder. A file in its place, which nothing of ours writes, is moved aside.
func makeFolder(dir string) error {
	info, err := os.Stat(dir)
	if err == nil && info.IsDir() {
		return nil
	}
	if err == nil {
		if err := os.Rename(dir, dir+".set-aside-"+time.Now().UTC().Format("20060102-150405")); err != nil {
			return err
		}
	}
	return os.MkdirAll(dir, 0o755)
}

// Dir is the store's folder: OLLAMA_MODELS of the engine. Move changes it.
func (l *Library) Dir() string { return *l.dir.Load() }

// Models lists what can be run, by name and then size. A model whose files are damaged is left out, and Verify says
// why; one such model never hides another.
func (l *Library) Models(ctx context.Context) ([]backend.Model, error) {
	entries, err := l.entries()
	if err != nil {
		return nil, explain(err)
	}
	models := []backend.Model{}
	for _, e := range entries {
		if err := ctx.Err(); err != nil {
			return nil, explain(err)
		}
		m, err := l.model(e)
		if errors.Is(err, errNoWeights) {
			continue // an adapter
		}
		if err != nil {
			slog.Warn("model left out of the list", "ref", e.name.ref(), "error", err)
			continue
		}
		models = append(models, m)
	}
	l.cache.save(l)
	slices.SortFunc(models, func(a, b backend.Model) int {
		return cmp.Or(strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)), cmp.Compare(a.Bytes, b.Bytes), strings.Compare(a.Ref, b.Ref))
	})
	return models, nil
}

// model turns a manifest into a model, or says why it can't be run.
func (l *Library) model(e entry) (backend.Model, error) {
	if e.bad != nil {
		return backend.Model{}, e.bad
	}
	weights := e.manifest.weights()
	if len(weights) == 0 {
		return backend.Model{}, errNoWeights
	}
	var m backend.Model
	for i, w := range weights {
		f, err := l.cache.facts(l.blob(w.Digest), w)
		if err != nil {
			return backend.Model{}, err
		}
		if i > 0 {
			m.Parameters += f.Parameters
			continue
		}
		m = f.model()
	}
	m.Ref = e.name.ref()
	m.Bytes = e.manifest.bytes()
	m.Digest = strings.ToLower(weights[0].Digest)
	m.Path = l.blob(weights[0].Digest)
	m.Added = e.added
	m.Source = SourceAdopted
	if e.manifest.has(typeProjector) && !slices.Contains(m.Capable, "vision") {
		m.Capable = append(m.Capable, "vision")
	}
	if e.manifest.has(typeTemplate) && !slices.Contains(m.Capable, "embedding") {
		m.Template = true
		if !slices.Contains(m.Capable, "chat") {
			m.Capable = append([]string{"chat"}, m.Capable...)
		}
	}
	c, readable := l.readConfig(e.manifest.Config)
	o := c.Ours
	if k, ok := l.cache.of(e.name.ref()); !readable && ok {
		o = k.origin()
	}
	if o != nil {
		m.Name = cmp.Or(o.Name, m.Name)
		m.Source = cmp.Or(o.Source, m.Source)
		if o.Licence.Name != "" {
			m.Licence = o.Licence
		}
		if !o.Added.IsZero() {
			m.Added = o.Added
		}
		if o.Parent != nil {
			m.Parent = *o.Parent
		}
	}
	if m.Name == "" {
		m.Name = e.name.model
	}
	if readable {
		l.remember(e)
	}
	return m, nil
}

// Model finds a model by reference. A full reference names one model. A name alone is the model of that name, or,
// where there are several quantizations, the one most people would pick: see preferred.
func (l *Library) Model(ctx context.Context, ref string) (backend.Model, error) {
	models, err := l.Models(ctx)
	if err != nil {
		return backend.Model{}, err
	}
	return find(models, ref)
}

func find(models []backend.Model, ref string) (backend.Model, error) {
	ref = strings.TrimSpace(ref)
	for _, same := range []func(a, b string) bool{func(a, b string) bool { return a == b }, strings.EqualFold} {
		for _, m := range models {
			if same(m.Ref, ref) {
				return m, nil
			}
		}
	}
	wantName, wantTag := backend.SplitRef(ref)
	var named []backend.Model
	for _, m := range models {
		if n, _ := backend.SplitRef(m.Ref); strings.EqualFold(n, wantName) {
			named = append(named, m)
		}
	}
	switch {
	case len(named) == 0 || ref == "":
		hint := "Import a GGUF file first."
		if len(models) > 0 {
			hint = "The library has " + list(models) + "."
		}
		return backend.Model{}, backend.Fail(backend.CodeNotFound, nil, "There is no model "+quoted(ref)+" in the library.", hint)
	case wantTag != "":
		return backend.Model{}, backend.Fail(backend.CodeNotFound, nil, "The library has "+quoted(wantName)+", but not as "+quoted(wantTag)+".", "It has "+list(named)+".")
	case len(named) == 1:
		return named[0], nil
	}
	for _, quant := range preferred() {
		for _, m := range named {
			if _, tag := backend.SplitRef(m.Ref); strings.EqualFold(tag, quant) {
				return m, nil
			}
		}
	}
	return backend.Model{}, backend.Fail(backend.CodeInvalid, nil, "Several models are called "+quoted(wantName)+".", "Say which one: "+list(named)+".")
}

// preferred is the order in which a name without a quantization is resolved: the usual compromise first, then what
// is nearest to it, more precise before less.
func preferred() []string {
	return []string{"Q4_K_M", "Q5_K_M", "Q4_K_S", "Q6_K", "Q8_0", "Q4_1", "Q4_0", "IQ4_XS", "IQ4_NL", "MXFP4_MOE", "BF16", "F16", "F32", "latest"}
}

func list(models []backend.Model) string {
	const most = 5
	var refs []string
	for i, m := range models {
		if i == most {
			return strings.Join(refs, ", ") + " and more"
		}
		refs = append(refs, m.Ref)
	}
	return strings.Join(refs, ", ")
}

// change waits for the sole right to change the store, and gives it back by calling free.
func (l *Library) change(ctx context.Context) (free func(), err error) {
	select {
	case l.busy <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	for {
		if err = l.follow(); err != nil {
			break
		}
		dir := l.Dir()
		var f *os.File
		if f, err = openLock(dir); err != nil {
			break
		}
		for wait := time.Millisecond; err == nil && !tryLock(f); wait = min(2*wait, 50*time.Millisecond) {
			select {
			case <-time.After(wait):
			case <-ctx.Done():
				err = ctx.Err()
			}
		}
		if err == nil && l.resolve() == dir { // it has not been moved while we waited
			return func() { _ = f.Close(); <-l.busy }, nil
		}
		_ = f.Close()
		if err != nil {
			break
		}
	}
	<-l.busy
	return nil, err
}

// tryChange is change without waiting.
func (l *Library) tryChange() (free func(), ok bool) {
	select {
	case l.busy <- struct{}{}:
	default:
		return nil, false
	}
	if l.follow() == nil {
		dir := l.Dir()
		if free, ok := l.lock(dir); ok {
			if l.resolve() == dir {
				return func() { free(); <-l.busy }, true
			}
			free()
		}
	}
	<-l.busy
	return nil, false
}

// lock takes the lock of a folder, without waiting.
func (l *Library) lock(dir string) (free func(), ok bool) {
	f, err := openLock(dir)
	if err != nil {
		return nil, false
	}
	if tryLock(f) {
		return func() { _ = f.Close() }, true
	}
	_ = f.Close()
	return nil, false
}

// tryLock takes an exclusive lock on f, without waiting. A file system without locks counts as free.
func tryLock(f *os.File) bool { return !errors.Is(fsys.TryLock(f, fsys.Exclusive), fsys.ErrLocked) }

func openLock(dir string) (*os.File, error) {
	path := filepath.Join(dir, lockName)
	if err := clearFolder(path); err != nil {
		return nil, err
	}
	return os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
}

// at marks a step of a change, for tests.
func (l *Library) at(step string) error {
	if l.step == nil {
		return nil
	}
	return l.step(step)
}
