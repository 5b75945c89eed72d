package catalog

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"weightroom/backend"
)

// Found is what a reference means.
type Found struct {
	Model   *Model   // nil: only Listing is known
	Listing *Listing // where the name belongs to no Model; its Tag says what can be pulled
	Quant   string   // empty: the reference names none
	Tag     *Tag     // the Ollama tag that was named; nil: none
	Repo    *Repo    // the repository that was named; nil: none
}

// ErrNoQuant is the cause where a reference names a model of the catalog at a quant that it does not have, so that no one
// else need be asked.
var ErrNoQuant = errors.New("no such quant")

// Resolve reads a reference as commands take it: a catalog id with an optional quantization ("llama-3.1-8b:Q4_K_M"),
// an Ollama name ("llama3.1:8b"), or a repository, with or without its host ("OWNER/REPO:Q4_K_M"). Its errors are
// *backend.Error.
func (c *Catalog) Resolve(ref string) (Found, error) {
	ref = strings.TrimSpace(ref)
	if m, ok := c.byID[strings.ToLower(ref)]; ok {
		return Found{Model: m}, nil
	}
	if f, ok := c.byTag(ref); ok {
		return f, nil
	}
	name, quant := backend.SplitRef(ref)
	if m, ok := c.byID[strings.ToLower(name)]; ok {
		f, err := c.withQuant(Found{Model: m}, quant)
		if err != nil && m.Ollama != nil && strings.EqualFold(m.Ollama.Library, m.ID) {
			err = open(err) // it may be a tag of Ollama's that is not listed here
		}
		return f, err
	}
	if f, ok := c.byRepo(name); ok { // it may have more than is known of it
		f, err := c.withQuant(f, quant)
		return f, open(err)
	}
	for _, l := range c.listings {
		if strings.EqualFold(l.ID, name) || strings.EqualFold(l.Name, name) {
			return Found{}, backend.Fail(backend.CodeUnsupported, nil,
				fmt.Sprintf("%s is known by name only: %s", l.Name, l.About), "Import its file, and Weightroom reads the rest from its header.")
		}
	}
	hint := "Search the catalog on the Discover page."
	if near := c.Find(name); len(near) > 0 {
		hint = fmt.Sprintf("Did you mean %s?", near[0].ID)
	}
	return Found{}, backend.Fail(backend.CodeNotFound, nil, fmt.Sprintf("The catalog has no model called %q.", ref), hint)
}

// open takes ErrNoQuant out of an error: the model may be had like that where it comes from.
func open(err error) error {
	if !errors.Is(err, ErrNoQuant) {
		return err
	}
	e := backend.Readable(err)
	return backend.Fail(e.Code, nil, e.Message, e.Hint)
}

func (c *Catalog) withQuant(f Found, quant string) (Found, error) {
	if quant == "" {
		return f, nil
	}
	if ok, why := c.CanHave(f.Model, quant); !ok {
		if _, known := c.QuantQuality(quant); !known {
			why = fmt.Sprintf("%s has no %s.", f.Model.ID, quant)
		}
		return Found{}, backend.Fail(backend.CodeInvalid, ErrNoQuant, why, c.quantHint(f.Model))
	}
	q, _ := c.QuantQuality(quant)
	f.Quant = q.Name
	return f, nil
}

func (c *Catalog) quantHint(m *Model) string {
	if len(m.Quants) == 0 {
		return "Choose another model."
	}
	names := make([]string, len(m.Quants))
	for i, q := range m.Quants {
		names[i] = q.Name
	}
	return fmt.Sprintf("%s comes as %s.", m.Name, strings.Join(names, ", "))
}

// byTag finds an Ollama name. One without a tag means ":latest", as it does for Ollama.
func (c *Catalog) byTag(name string) (Found, bool) {
	if !strings.Contains(name, ":") {
		name += ":latest"
	}
	for _, m := range c.models {
		if m.Ollama == nil {
			continue
		}
		if t := tagCalled(name, m.Ollama.Tags); t != nil {
			return Found{Model: m, Quant: t.Quant, Tag: t}, true
		}
	}
	for i := range c.listings {
		if t := tagCalled(name, c.listings[i].Tags); t != nil {
			return Found{Listing: &c.listings[i], Quant: t.Quant, Tag: t}, true
		}
	}
	return Found{}, false
}

func tagCalled(name string, tags []Tag) *Tag {
	for i := range tags {
		if strings.EqualFold(tags[i].Name, name) {
			return &tags[i]
		}
	}
	return nil
}

// byRepo finds "OWNER/REPO", with or without a host before it.
func (c *Catalog) byRepo(name string) (Found, bool) {
	parts := strings.Split(name, "/")
	if len(parts) == 3 {
		parts = parts[1:]
	}
	if len(parts) != 2 {
		return Found{}, false
	}
	name = strings.Join(parts, "/")
	for _, m := range c.models {
		for i := range m.Repos {
			if r := &m.Repos[i]; strings.EqualFold(r.Name, name) {
				return Found{Model: m, Repo: r}, true
			}
		}
	}
	return Found{}, false
}

// Find searches as a person types: every word must occur in a model's id, name, family, publisher, uses or Ollama
// names. Models whose name starts with the query come first, then the order of Models.
func (c *Catalog) Find(query string) []*Model {
	words := strings.Fields(strings.ToLower(query))
	if len(words) == 0 {
		return c.Models()
	}
	type hit struct {
		model *Model
		rank  int
	}
	var hits []hit
	for _, m := range c.models {
		text, rank := m.searchText(), 1
		if strings.HasPrefix(strings.ToLower(m.Name), strings.ToLower(strings.TrimSpace(query))) || strings.HasPrefix(m.ID, words[0]) {
			rank = 0
		}
		if !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(text, w) }) {
			hits = append(hits, hit{m, rank})
		}
	}
	slices.SortStableFunc(hits, func(a, b hit) int { return a.rank - b.rank })
	models := make([]*Model, len(hits))
	for i, h := range hits {
		models[i] = h.model
	}
	return models
}

func (m *Model) searchText() string {
	parts := []string{m.ID, m.Name, m.Family, m.Line, m.Publisher, m.Architecture}
	for _, u := range m.Uses {
		parts = append(parts, string(u))
	}
	if m.Ollama != nil {
		parts = append(parts, m.Ollama.Library)
		for _, t := range m.Ollama.Tags {
			parts = append(parts, t.Name)
		}
	}
	return strings.ToLower(strings.Join(parts, " "))
}
