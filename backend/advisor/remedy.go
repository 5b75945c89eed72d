package advisor

import (
	"cmp"
	"fmt"
	"sort"

	"weightroom/backend"
)

// RemedyKind is a way to make a model fit.
type RemedyKind string

// The remedies, in the order in which they are offered.
const (
	RemedyFree    RemedyKind = "free"    // close other programs
	RemedyKV      RemedyKind = "kv"      // keep the context at 8 bits
	RemedyContext RemedyKind = "context" // a shorter context
	RemedyBoth    RemedyKind = "both"    // the two together
	RemedyQuant   RemedyKind = "quant"   // another quantization of the same model
	RemedySplit   RemedyKind = "split"   // share the layers between graphics processors
)

// Remedy is one way to make a model fit, with its price.
type Remedy struct {
	Kind       RemedyKind `json:"kind"`
	Context    int        `json:"context"`    // the context it means; 0: as asked
	KV         KVType     `json:"kv"`         // empty: as asked
	Quant      string     `json:"quant"`      // empty: the same
	SavesBytes int64      `json:"savesBytes"` // memory that it saves; for free, what must be freed
	Fits       bool       `json:"fits"`
	Place      Place      `json:"fit"` // with the remedy
	ShortBy    int64      `json:"shortByBytes"`
	Text       string     `json:"text"` // a sentence
}

// Remedies prices what would make c fit, where it does not; siblings are other quantizations of the same model. The
// remedies that suffice come first. None are given where c fits, but for sharing graphics processors.
func Remedies(c *Candidate, siblings []Candidate, m *Machine, ask Ask) []Remedy {
	ask = ask.filled()
	v := c.fit(m, ask)
	remedies := []Remedy{}
	if r, ok := split(c, m, ask, v); ok {
		remedies = append(remedies, r)
	}
	if v.Place == PlaceNo {
		if r, ok := freeing(c, m, ask, v); ok {
			remedies = append(remedies, r)
		}
		remedies = append(remedies, smaller(c, m, ask)...)
		if r, ok := requantized(c, siblings, m, ask); ok {
			remedies = append(remedies, r)
		}
	}
	sort.SliceStable(remedies, func(i, j int) bool { return remedies[i].Fits && !remedies[j].Fits })
	return remedies
}

// try fits c under another ask and puts the outcome into r.
func (r Remedy) try(c *Candidate, m *Machine, ask Ask, what string) Remedy {
	v := c.fit(m, ask)
	r.Place, r.Fits, r.ShortBy = v.Place, v.Place != PlaceNo, v.ShortByBytes
	r.Text = what + outcome(v)
	return r
}

func outcome(v Verdict) string {
	switch v.Place {
	case PlaceNo:
		return fmt.Sprintf(", but it is still short by %s.", backend.Bytes(v.ShortByBytes))
	case PlacePartial:
		return ", and then it fits, partly in main memory."
	}
	return ", and then it fits."
}

func freeing(c *Candidate, m *Machine, ask Ask, v Verdict) (Remedy, bool) {
	if ask.FreeMemory > 0 || m.reclaimable() <= m.usableRAM(ask) {
		return Remedy{}, false
	}
	ask.FreeMemory = m.RAM.TotalBytes - systemBytes(m.OS, m.RAM.TotalBytes)
	if c.fit(m, ask).Place == PlaceNo {
		return Remedy{}, false
	}
	// The reserve grows a little with what is free; a tenth more covers it.
	most := ask.FreeMemory - m.RAM.AvailableBytes
	free := min(most, v.ShortByBytes+v.ShortByBytes/10)
	ask.FreeMemory = m.RAM.AvailableBytes + free
	if c.fit(m, ask).Place == PlaceNo {
		free = most
		ask.FreeMemory = m.RAM.AvailableBytes + free
	}
	r := Remedy{Kind: RemedyFree, SavesBytes: free}
	return r.try(c, m, ask, fmt.Sprintf("Close programs that hold %s", backend.Bytes(free))), true
}

// smaller prices 8 bits for the context, a shorter context, and both where neither is enough.
func smaller(c *Candidate, m *Machine, ask Ask) []Remedy {
	now := c.Memory(ask.Context, ask.KV).TotalBytes
	var remedies []Remedy
	fits := false
	add := func(r Remedy, ask Ask, what string) {
		r.SavesBytes = now - c.Memory(ask.Context, ask.KV).TotalBytes
		if r.SavesBytes <= 0 {
			return
		}
		r = r.try(c, m, ask, fmt.Sprintf("%s saves %s", what, backend.Bytes(r.SavesBytes)))
		fits = fits || r.Fits
		remedies = append(remedies, r)
	}
	eight := ask
	eight.KV = KVQ8
	if ask.KV.bits() > KVQ8.bits() {
		add(Remedy{Kind: RemedyKV, KV: KVQ8}, eight, "Keeping the context at 8 bits (q8_0)")
	}
	if short, ok := shorter(c, m, ask); ok {
		add(Remedy{Kind: RemedyContext, Context: short.Context}, short, fmt.Sprintf("A context of %s tokens", backend.Count(int64(short.Context))))
	}
	if !fits && ask.KV.bits() > KVQ8.bits() {
		if short, ok := shorter(c, m, eight); ok {
			add(Remedy{Kind: RemedyBoth, Context: short.Context, KV: KVQ8}, short, fmt.Sprintf("A context of %s tokens at 8 bits", backend.Count(int64(short.Context))))
		}
	}
	return remedies
}

// shorter is the ask with the longest context out of half, a quarter and so on that fits, or with the shortest.
func shorter(c *Candidate, m *Machine, ask Ask) (Ask, bool) {
	const least = 2048 // a shorter context is no chat
	found := false
	for n := ask.Context / 2; n >= least; n /= 2 {
		ask.Context, found = n, true
		if c.fit(m, ask).Place != PlaceNo {
			break
		}
	}
	return ask, found
}

// requantized prices the most precise sibling that fits, else the smallest.
func requantized(c *Candidate, siblings []Candidate, m *Machine, ask Ask) (Remedy, bool) {
	var fitting, smallest *Candidate
	for i := range siblings {
		s := &siblings[i]
		if s.ID != c.ID || s.FileBytes >= c.FileBytes || s.Unrunnable != "" {
			continue
		}
		if s.fit(m, ask).Place != PlaceNo && (fitting == nil || bySize(s, fitting) > 0) {
			fitting = s
		}
		if smallest == nil || bySize(s, smallest) < 0 {
			smallest = s
		}
	}
	best := cmp.Or(fitting, smallest)
	if best == nil {
		return Remedy{}, false
	}
	saves := c.Memory(ask.Context, ask.KV).TotalBytes - best.Memory(ask.Context, ask.KV).TotalBytes
	r := Remedy{Kind: RemedyQuant, Quant: best.Quant, SavesBytes: saves}
	what := fmt.Sprintf("%s saves %s", best.Quant, backend.Bytes(saves))
	if best.Loss.Share > c.Loss.Share {
		what += fmt.Sprintf(" and costs about %s of its quality", percent(best.Loss.Share-c.Loss.Share))
	}
	return r.try(best, m, ask, what), true
}

func bySize(a, b *Candidate) int {
	return cmp.Or(cmp.Compare(a.FileBytes, b.FileBytes), cmp.Compare(a.Quant, b.Quant))
}

// split reports whether sharing the layers between graphics processors gives a better place.
func split(c *Candidate, m *Machine, ask Ask, v Verdict) (Remedy, bool) {
	if ask.SumGPUs || v.Place == PlaceGPU {
		return Remedy{}, false
	}
	ask.SumGPUs = true
	shared := c.fit(m, ask)
	if shared.GPUs < 2 || shared.Place.Rank() <= v.Place.Rank() {
		return Remedy{}, false
	}
	what := "Sharing its layers between the graphics processors puts all of it in graphics memory."
	if shared.Place == PlacePartial {
		what = "Sharing its layers between the graphics processors makes it fit, partly in main memory."
	}
	return Remedy{Kind: RemedySplit, Fits: true, Place: shared.Place, SavesBytes: v.ShortByBytes, Text: what}, true
}
