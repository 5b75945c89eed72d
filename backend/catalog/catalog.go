package catalog

import (
	"embed"
	"encoding/json"
	"fmt"
	"slices"

	"weightroom/backend"
)

//go:embed data/*.json
var data embed.FS

// Catalog is the embedded facts, and the person's own entries where LoadUser added some.
type Catalog struct {
	models     []*Model
	byID       map[string]*Model
	licences   map[string]Licence
	quants     []QuantQuality
	families   []Family
	listings   []Listing
	prices     []Price
	bandwidths []Bandwidth
	scale      scale
	thoughts   thoughts
}

// Family is a line of releases under one name.
type Family struct {
	Name     string   `json:"name"`
	About    string   `json:"about"`
	Models   []string `json:"-"` // ids
	Listings []string `json:"-"` // ids
}

// ListingKind says why something is a Listing and not a Model.
type ListingKind string

// The kinds of listings.
const (
	ListingLibrary ListingKind = "library" // a family of the Ollama library: names and sizes
	ListingPartial ListingKind = "partial" // released, with a shape that is not known well enough
	ListingAbsent  ListingKind = "absent"  // looked for and not found: people ask for it by name
)

// Listing is something known by name and size, with no shape: a file's own header completes it once it is here. Its
// ID is unique among those of its Kind.
type Listing struct {
	ID           string      `json:"id"`
	Kind         ListingKind `json:"kind"`
	Name         string      `json:"name"`
	Line         string      `json:"line"`
	About        string      `json:"about"`
	Architecture string      `json:"architecture,omitempty"`
	Capable      []string    `json:"capable,omitempty"` // vision, tools, thinking, audio
	Params       int64       `json:"params,omitempty"`
	ActiveParams int64       `json:"activeParams,omitempty"`
	Context      int         `json:"context,omitempty"`
	Released     string      `json:"released,omitempty"`
	LicenceID    string      `json:"licence,omitempty"`
	Tags         []Tag       `json:"tags,omitempty"`
	Models       []string    `json:"models,omitempty"` // catalog ids that are part of it
	Source       string      `json:"source"`
}

// Load reads the embedded catalog.
func Load() (*Catalog, error) {
	c := &Catalog{byID: map[string]*Model{}, licences: map[string]Licence{}}
	var licences []Licence
	var blueprints map[string]*backend.Blueprint
	for _, file := range []struct {
		name string
		into any
	}{
		{"models", &c.models}, {"licences", &licences}, {"quants", &c.quants}, {"families", &c.families},
		{"listings", &c.listings}, {"prices", &c.prices}, {"bandwidths", &c.bandwidths}, {"scale", &c.scale},
		{"thoughts", &c.thoughts}, {"blueprints", &blueprints},
	} {
		raw, err := data.ReadFile("data/" + file.name + ".json")
		if err != nil {
			return nil, fmt.Errorf("read embedded catalog: %w", err)
		}
		if err := json.Unmarshal(raw, file.into); err != nil {
			return nil, fmt.Errorf("read embedded catalog, %s: %w", file.name, err)
		}
	}
	for _, l := range licences {
		c.licences[l.ID] = l
	}
	for _, m := range c.models {
		m.Blueprint = blueprints[m.ID]
		c.complete(m)
	}
	for i := range c.families {
		f := &c.families[i]
		for _, m := range c.models {
			if m.Line == f.Name {
				f.Models = append(f.Models, m.ID)
			}
		}
		for _, l := range c.listings {
			if l.Line == f.Name {
				f.Listings = append(f.Listings, l.ID)
			}
		}
	}
	return c, nil
}

// complete fills in what follows from a model's own fields and puts it into the index.
func (c *Catalog) complete(m *Model) {
	m.Runs = m.Reason == ""
	m.Licence = c.licences[m.LicenceID]
	c.byID[m.ID] = m
}

// Models returns every model, the person's own last. A line's models stand together.
func (c *Catalog) Models() []*Model { return slices.Clone(c.models) }

// Model returns one model by its id.
func (c *Catalog) Model(id string) (*Model, bool) {
	m, ok := c.byID[id]
	return m, ok
}

// Families returns the lines of releases, by name.
func (c *Catalog) Families() []Family { return slices.Clone(c.families) }

// Listings returns what is known by name only.
func (c *Catalog) Listings() []Listing { return slices.Clone(c.listings) }

// Licence returns one licence by its id.
func (c *Catalog) Licence(id string) (Licence, bool) {
	l, ok := c.licences[id]
	return l, ok
}
