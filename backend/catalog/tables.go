package catalog

import (
	"slices"
	"strings"
	"time"
)

// Price is what an interface on the internet asked for at a date, in US dollars per million tokens.
type Price struct {
	Provider string  `json:"provider"`
	Model    string  `json:"model"`
	Input    float64 `json:"inputUsdPerMillion"`
	Output   float64 `json:"outputUsdPerMillion"`
	AsOf     string  `json:"asOf"`            // 2026-08-05
	From     string  `json:"from,omitempty"`  // valid from this day
	Until    string  `json:"until,omitempty"` // valid before this day
	Source   string  `json:"source"`
	Recalled bool    `json:"recalled,omitempty"` // price or date was written down from memory
}

// Bandwidth is a processor's or memory's published peak rate. Real runs reach 60 to 85% of it.
type Bandwidth struct {
	Kind           string    `json:"kind"` // gpu-nvidia, gpu-nvidia-laptop, gpu-nvidia-datacenter, gpu-amd, gpu-intel, apple, system-memory
	Name           string    `json:"name"`
	MemoryGB       []float64 `json:"memoryGB,omitempty"` // sizes it is sold with
	BytesPerSecond float64   `json:"bytesPerSecond"`
	Source         string    `json:"source"`
	Note           string    `json:"note,omitempty"`
}

// Prices returns the price table, in its published order.
func (c *Catalog) Prices() []Price { return slices.Clone(c.prices) }

// Current reports whether p is what an interface asks on a day, and not what one asked before or will ask.
func (p Price) Current(day time.Time) bool {
	today := day.UTC().Format(time.DateOnly)
	return !p.Recalled && p.From <= today && (p.Until == "" || today < p.Until)
}

// Price finds the current price of a model.
func (c *Catalog) Price(model string, day time.Time) (Price, bool) {
	for _, p := range c.prices {
		if p.Model == model && p.Current(day) {
			return p, true
		}
	}
	return Price{}, false
}

// Bandwidths returns the hardware table.
func (c *Catalog) Bandwidths() []Bandwidth { return slices.Clone(c.bandwidths) }

// Bandwidth finds the row for a device's name as a driver reports it ("NVIDIA GeForce RTX 4090 Laptop GPU"): the row
// with the most words, all of which the name has. A laptop's part never matches a desktop's row.
func (c *Catalog) Bandwidth(device string) (Bandwidth, bool) {
	words := deviceWords(device)
	best, most := Bandwidth{}, 0
	for _, b := range c.bandwidths {
		if b.Kind == "system-memory" {
			continue
		}
		need := deviceWords(b.Name)
		if len(need) <= most || slices.Contains(words, "laptop") != slices.Contains(need, "laptop") {
			continue
		}
		all := true
		for _, w := range need {
			all = all && slices.Contains(words, w)
		}
		if all {
			best, most = b, len(need)
		}
	}
	return best, most > 0
}

// deviceWords drops what tells rows of one chip apart by memory or casing, which drivers leave out.
func deviceWords(name string) []string {
	name, _, _ = strings.Cut(strings.ToLower(name), "(")
	var words []string
	for _, w := range strings.FieldsFunc(name, func(r rune) bool { return r == ' ' || r == '-' || r == '/' || r == ',' }) {
		if w == "apple" || strings.HasSuffix(w, "gb") {
			continue
		}
		words = append(words, w)
	}
	return words
}
