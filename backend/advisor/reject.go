package advisor

import (
	"cmp"
	"fmt"
	"slices"

	"weightroom/backend"
)

// reject returns one rejection for each model without a pick: those that fit, then the misses with the nearest first,
// whether memory or speed is missing, then the rest; the strongest first among equals.
func reject(siblings map[string][]*row, all []Candidate, m *Machine, ask Ask) []Rejection {
	ofModel := map[string][]Candidate{}
	for i := range all {
		ofModel[all[i].ID] = append(ofModel[all[i].ID], all[i])
	}
	var nearest []*row
	for _, rows := range siblings {
		best := rows[0]
		picked := false
		for _, r := range rows {
			picked = picked || r.cause == ""
			if nearer(r, best) {
				best = r
			}
		}
		if !picked {
			nearest = append(nearest, best)
		}
	}
	slices.SortFunc(nearest, func(a, b *row) int {
		return cmp.Or(
			cmp.Compare(b.cause.kind(), a.cause.kind()),
			cmp.Compare(a.miss(m, ask), b.miss(m, ask)),
			cmp.Compare(b.score.Value, a.score.Value),
			byName(a, b),
		)
	})
	rejected := make([]Rejection, 0, len(nearest))
	for _, r := range nearest {
		x := Rejection{
			Model: r.c.ID, Name: r.c.Name, Quant: r.c.Quant, Cause: r.cause, ShortByBytes: r.v.ShortByBytes,
			TokensPerSecond: r.speed.Generation, Miss: r.miss(m, ask), Remedies: []Remedy{},
		}
		x.Reason = r.reason(len(ofModel[r.c.ID]), m, ask)
		switch r.cause {
		case CauseMemory, CauseSlow:
			for _, remedy := range Remedies(r.c, ofModel[r.c.ID], m, ask) {
				if remedy.Fits {
					x.Remedies = append(x.Remedies, remedy)
				}
			}
		case CauseContext:
			x.Remedies = append(x.Remedies, Remedy{
				Kind: RemedyContext, Context: r.c.MaxContext,
				SavesBytes: r.c.Memory(ask.Context, ask.KV).TotalBytes - r.c.Memory(r.c.MaxContext, ask.KV).TotalBytes,
			}.try(r.c, m, withContext(ask, r.c.MaxContext), fmt.Sprintf("Ask for a context of %s tokens", backend.Count(int64(r.c.MaxContext)))))
		}
		rejected = append(rejected, x)
	}
	return rejected
}

func withContext(ask Ask, tokens int) Ask {
	ask.Context = tokens
	return ask
}

// nearer says which of two quantizations of one model came nearer to being picked.
func nearer(a, b *row) bool {
	return cmp.Or(
		cmp.Compare(b.cause.nearness(), a.cause.nearness()),
		cmp.Compare(a.v.ShortByBytes, b.v.ShortByBytes),
		cmp.Compare(b.sloth(), a.sloth()),
		cmp.Compare(b.utility, a.utility),
		byName(a, b),
	) < 0
}

// miss is how far a model is from running as asked: the memory or the disk that it takes over what there is, or the
// speed that is asked for over its own. 0: something else is against it, or nothing.
func (r *row) miss(m *Machine, ask Ask) float64 {
	over := func(wanted, have float64) float64 { return wanted / max(have, wanted/1e6) }
	switch r.cause {
	case CauseMemory:
		need := float64(r.v.Memory.ResidentBytes())
		return over(need, need-float64(r.v.ShortByBytes))
	case CauseDisk:
		return over(float64(r.c.download()), float64(m.DiskFree))
	case CauseSlow:
		return over(*ask.MinSpeed, r.speed.Generation)
	}
	return 0
}

// sloth is the speed of what is too slow, where the fastest came nearest.
func (r *row) sloth() float64 {
	if r.cause == CauseSlow {
		return r.speed.Generation
	}
	return 0
}

// reason says in one or two sentences why a model is not among the picks.
func (r *row) reason(quants int, m *Machine, ask Ask) string {
	c := r.c
	switch r.cause {
	case CauseUnrunnable:
		return c.Unrunnable
	case CauseUse:
		switch {
		case c.Embedding:
			return "It turns text into numbers for search. It cannot chat."
		case c.Base:
			return "It continues a text and does not follow instructions."
		case ask.Use == UseVision:
			return "It cannot see pictures."
		}
		return fmt.Sprintf("It is not made for %s.", ask.Use.words())
	case CauseLicence:
		if ask.Licences == LicenceCommercial {
			return fmt.Sprintf("Its licence, %s, does not allow commercial use.", licenceName(c.Licence))
		}
		return fmt.Sprintf("Its licence, %s, is not open source.", licenceName(c.Licence))
	case CauseContext:
		return fmt.Sprintf("It reads at most %s tokens, and you ask for %s.", backend.Count(int64(c.MaxContext)), backend.Count(int64(ask.Context)))
	case CauseMemory:
		even := ""
		if quants > 1 {
			even = ", even at " + c.Quant
		}
		return fmt.Sprintf("Short by %s%s: it needs %s.", backend.Bytes(r.v.ShortByBytes), even, backend.Bytes(r.v.Memory.ResidentBytes()))
	case CauseDisk:
		return fmt.Sprintf("Its %s do not fit on the disk, which has %s free.", backend.Bytes(c.download()), backend.Bytes(m.DiskFree))
	case CauseSlow:
		return r.slow(quants, m, ask)
	case CauseDominated:
		return r.dominated()
	case CauseLimit:
		return "It is a fair choice too, but others suit you better."
	}
	return "It is no better than the others."
}

func (r *row) slow(quants int, m *Machine, ask Ask) string {
	even := ""
	if quants > 1 {
		even = ", even at " + r.c.Quant
	}
	text := fmt.Sprintf("Writes only %s tokens a second%s; you ask for %s.", tokens(r.speed.Generation), even, tokens(*ask.MinSpeed))
	switch {
	case r.v.Place == PlacePartial:
		text += fmt.Sprintf(" Only %d of its %d layers fit on the graphics processor.", r.v.LayersOnGPU, r.v.Layers)
	case r.v.Place == PlaceRAM && len(m.GPUs) == 0 && !r.c.mixture():
		text += fmt.Sprintf(" Each token reads %s of weights.", backend.Bytes(r.c.active()))
	}
	return text
}

func (r *row) dominated() string {
	k := r.dominator
	who := k.c.Name + " " + k.c.Quant
	faster := "is as fast"
	if k.speed.Generation > r.speed.Generation*1.1 {
		faster = fmt.Sprintf("writes %s tokens a second instead of %s", tokens(k.speed.Generation), tokens(r.speed.Generation))
	}
	memory := "takes no more memory"
	if float64(k.v.Memory.TotalBytes) < 0.9*float64(r.v.Memory.TotalBytes) {
		memory = fmt.Sprintf("takes %s instead of %s", backend.Bytes(k.v.Memory.TotalBytes), backend.Bytes(r.v.Memory.TotalBytes))
	}
	if !r.known {
		return fmt.Sprintf("%s %s, %s, and its quality is known.", who, faster, memory)
	}
	good := "scores about as high"
	if k.score.Value > r.score.Value+noticeable {
		good = "scores higher"
	}
	return fmt.Sprintf("%s %s, %s, and %s (%s against %s).", who, faster, memory, good, points(k.score.Value), points(r.score.Value))
}

func licenceName(l backend.Licence) string {
	if l.Name == "" {
		return "which is unknown"
	}
	return l.Name
}
