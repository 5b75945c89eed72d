package models

import (
	"os"
	"strings"
	"sync"

	"weightroom/backend"
	"weightroom/backend/catalog"
	"weightroom/backend/download/source"
)

// Catalog is the embedded catalog with the person's own entries, read when it is first asked for.
type Catalog struct {
	dir      string
	once     sync.Once
	err      error
	catalog  *catalog.Catalog
	problems []*backend.Error
}

// NewCatalog makes a Catalog that reads the person's own entries from dir, which need not be there.
func NewCatalog(dir string) *Catalog { return &Catalog{dir: dir} }

// Load reads the catalog once and returns it.
func (c *Catalog) Load() (*catalog.Catalog, error) {
	c.once.Do(func() {
		if c.catalog, c.err = catalog.Load(); c.err == nil && c.dir != "" {
			c.catalog, c.problems = c.catalog.LoadUser(os.DirFS(c.dir))
		}
	})
	return c.catalog, c.err
}

// Dir is the folder of the person's own entries.
func (c *Catalog) Dir() string { return c.dir }

// Problems are the person's own entries that could not be read.
func (c *Catalog) Problems() []*backend.Error {
	if _, err := c.Load(); err != nil {
		return nil
	}
	return c.problems
}

// Ref finds a model of the catalog by a reference, with the quant that it names or a usual one.
func (c *Catalog) Ref(ref string) (id, quant string, err error) {
	all, err := c.Load()
	if err != nil {
		return "", "", err
	}
	found, err := all.Resolve(ref)
	if err != nil {
		return "", "", err
	}
	quant = found.Quant
	if quant == "" {
		quant = usualQuant(found.Model)
	}
	return found.Model.ID, quant, nil
}

// Entry finds the entry of a model of the library, by its reference.
func (c *Catalog) Entry(m backend.Model) (id, quant string, ok bool) {
	all, err := c.Load()
	if err != nil {
		return "", "", false
	}
	name, _ := backend.SplitRef(m.Ref)
	found, err := all.Resolve(name)
	if err != nil {
		return "", "", false
	}
	return found.Model.ID, m.Quant, true
}

// Terms finds a licence that the catalog explains, by its identifier or by the first words of its text.
func (c *Catalog) Terms(t source.Terms) (catalog.Licence, bool) {
	all, err := c.Load()
	if err != nil {
		return catalog.Licence{}, false
	}
	name := strings.ToLower(strings.TrimSpace(t.Name))
	if l, ok := all.Licence(name); ok {
		return l, true
	}
	head := strings.ToLower(strings.Join(strings.Fields(t.Text[:min(len(t.Text), 400)]), " "))
	for _, known := range []struct{ words, id string }{
		{"apache license version 2.0", "apache-2.0"}, {"mit license", "mit"}, {"llama 3.1 community license", "llama3.1"},
		{"llama 3.2 community license", "llama3.2"}, {"llama 3.3 community license", "llama3.3"}, {"llama 4 community license", "llama4"},
		{"gemma terms of use", "gemma"}, {"qwen research license", "qwen-research"}, {"qwen license agreement", "qwen"},
	} {
		if strings.Contains(head, known.words) || strings.Contains(name, known.words) {
			return all.Licence(known.id)
		}
	}
	return catalog.Licence{}, false
}

// TermsOf explains the licence of a model of the library, where the catalog can: by the model's own entry, else by its
// name or its text.
func (c *Catalog) TermsOf(ref, name, text string) (catalog.Licence, bool) {
	all, err := c.Load()
	if err != nil {
		return catalog.Licence{}, false
	}
	if found, err := all.Resolve(ref); err == nil && found.Model != nil {
		return found.Model.Licence, true
	}
	return c.Terms(source.Terms{Name: name, Text: text})
}

// usualQuant is what most people take: 4 bits where there is one, else the smallest there is.
func usualQuant(m *catalog.Model) string {
	for _, name := range []string{"Q4_K_M", "MXFP4", "Q4_1", "Q4_0"} {
		if _, ok := m.Quant(name); ok {
			return name
		}
	}
	if len(m.Quants) > 0 {
		return m.Quants[len(m.Quants)-1].Name
	}
	return ""
}
