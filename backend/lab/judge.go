package lab

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"weightroom/backend"
)

const (
	// goodEnough is the share of the reference's choices that a quant to use must keep. The usual advice for large models,
	// Q4_K_M, keeps 93 to 97%; below nine in ten, answers begin to differ in what they say.
	goodEnough = 0.90
	// sameSpeed is how far apart two speeds must be, beyond what their ranges overlap, to be called different.
	sameSpeed = 0.05
)

// title names a row among the others: by what differs between them.
func (r *Row) title(c *Comparison) string {
	kv, context, name := false, false, false
	for i := range c.Rows {
		o := &c.Rows[i]
		kv = kv || o.Rival.KV != r.Rival.KV
		context = context || o.Rival.Context != r.Rival.Context
		name = name || o.Rival.Model.Quant == r.Rival.Model.Quant && o.Rival.Model.Ref != r.Rival.Model.Ref || base(o) != base(r)
	}
	title := r.Rival.Model.Quant
	if name || title == "" {
		title = r.Rival.Model.Ref
	}
	if kv {
		title += " with " + r.Rival.KV + " KV"
	}
	if context {
		title += " at " + tokens(r.Rival.Context)
	}
	return title
}

// Title names row i of a comparison by what differs between the rows: "Q4_K_M", "Q4_K_M with q8_0 KV at 32k".
func (c *Comparison) Title(i int) string { return c.Rows[i].title(c) }

func base(r *Row) string {
	name, _ := backend.SplitRef(r.Rival.Model.Ref)
	return name
}

// tokens writes a context the way people do: "32k".
func tokens(n int) string {
	if n >= 1024 && n%1024 == 0 {
		return fmt.Sprintf("%dk", n/1024)
	}
	return fmt.Sprint(n)
}

// MemoryBytes is what a row takes: the engine's plan for its context where there is one, else the measured peak, else
// the file.
func (r *Row) MemoryBytes() int64 {
	switch {
	case r.Memory.Plan.TotalBytes > 0:
		return r.Memory.Plan.TotalBytes
	case r.Memory.PeakBytes > 0:
		return r.Memory.PeakBytes
	}
	return r.Rival.Model.Bytes
}

// Judge says what a comparison supports, and no more. It needs nothing but the figures.
func Judge(c *Comparison) Verdict {
	v := Verdict{Pareto: pareto(c), Notes: []string{}}
	reference := c.reference()
	again := ""
	for i := range c.Rows {
		if r := &c.Rows[i]; len(r.Disturbed) > 0 {
			v.Disturbed = true
			if r.Repeated > 0 {
				again = " also when they were repeated,"
			}
		}
	}
	if v.Disturbed {
		v.Notes = append(v.Notes, "Other work disturbed some of the runs,"+again+" so the speeds are rough. Measure again when the machine is idle.")
	}
	usable := c.usable()
	switch {
	case reference == nil || len(usable) == 0:
		v.Sentence = "Nothing was measured to the end, so there is no verdict."
		return v
	case reference.SecondHand:
		v.Notes = append(v.Notes, fmt.Sprintf("%s was itself made from a quant (%s), so the figures say how near a file comes to that, not to the original weights.", reference.Rival.Model.Ref, reference.Rival.Model.Parent.Quant))
	}
	for i := range c.Rows {
		if r := &c.Rows[i]; r.State == RowFailed && r.Problem != nil {
			v.Notes = append(v.Notes, fmt.Sprintf("%s could not be measured: %s", r.title(c), r.Problem.Message))
		}
	}
	if c.Text.Source == TextReference {
		v.Notes = append(v.Notes, "Quality was measured on "+c.Text.Name+", about the kinds of text in the built-in prompts.")
	}
	switch {
	case c.State == StateCancelled || c.State == StateFailed:
		v.Sentence = "The comparison was not finished, so there is no verdict."
	case len(usable) == 1 && usable[0] == reference:
		v.Sentence = "Only the reference was measured, so there is nothing to choose between."
	case reference.Quality == nil:
		v.Sentence = withoutQuality(c, usable)
	default:
		choose(c, &v, reference, usable)
	}
	return v
}

func (c *Comparison) reference() *Row {
	for i := range c.Rows {
		if c.Rows[i].Reference {
			return &c.Rows[i]
		}
	}
	return nil
}

// usable are the rows that were measured.
func (c *Comparison) usable() []*Row {
	var out []*Row
	for i := range c.Rows {
		if r := &c.Rows[i]; r.State == RowDone && (r.Quality != nil || len(r.Speeds) > 0) {
			out = append(out, r)
		}
	}
	return out
}

// choose takes the row that needs least memory among those that keep enough of the reference's choices; of two that
// need about the same, the one that keeps more.
func choose(c *Comparison, v *Verdict, reference *Row, usable []*Row) {
	var best, nearest *Row // of those that are smaller than the reference
	others := false
	for _, r := range usable {
		if r == reference || r.Quality == nil || r.Rival.Context < reference.Rival.Context {
			continue
		}
		others = true
		if !smaller(r, reference) {
			continue
		}
		if nearest == nil || r.Quality.SameTopToken.Value > nearest.Quality.SameTopToken.Value {
			nearest = r
		}
		if r.Quality.SameTopToken.Value < goodEnough {
			continue
		}
		if best == nil || float64(r.MemoryBytes()) < 0.97*float64(best.MemoryBytes()) ||
			float64(r.MemoryBytes()) < 1.03*float64(best.MemoryBytes()) && r.Quality.SameTopToken.Value > best.Quality.SameTopToken.Value {
			best = r
		}
	}
	switch {
	case best != nil:
		speed, slower := speedAgainst(best, reference)
		if v.Disturbed {
			speed, slower = "", false
		}
		text := fmt.Sprintf("%s keeps %s of the reference's choices at %s", best.title(c), percent(best.Quality.SameTopToken.Value), memoryAgainst(best, reference))
		end := ": use it."
		if speed != "" {
			text += " and " + speed
		}
		if slower {
			end = ". Use it where memory is short; otherwise stay with " + reference.title(c) + "."
		} else {
			v.Use, v.KV, v.Context = best.Rival.Model.Ref, best.Rival.KV, best.Rival.Context
		}
		v.Sentence = text + end
		v.Notes = append(v.Notes, fmt.Sprintf("The share of choices is accurate to ± %s (one standard error) on this text.", points(best.Quality.SameTopToken.Error)))
	case nearest != nil:
		v.Sentence = fmt.Sprintf("Nothing compared is both smaller than %s and good enough. %s comes nearest: it keeps %s of the reference's choices, and %s is the least. Stay with %s where it fits.",
			reference.title(c), nearest.title(c), percent(nearest.Quality.SameTopToken.Value), percent(goodEnough), reference.title(c))
		v.Use, v.KV, v.Context = reference.Rival.Model.Ref, reference.Rival.KV, reference.Rival.Context
		v.Notes = append(v.Notes, fmt.Sprintf("The share of choices is accurate to ± %s (one standard error) on this text.", points(nearest.Quality.SameTopToken.Error)))
	case others:
		v.Sentence = fmt.Sprintf("Nothing compared is smaller than %s, so there is nothing to gain from another one: stay with %s.", reference.title(c), reference.title(c))
		v.Use, v.KV, v.Context = reference.Rival.Model.Ref, reference.Rival.KV, reference.Rival.Context
	default:
		v.Sentence = "Only the reference was measured to the end, so there is nothing to choose between."
	}
}

// smaller reports whether a row takes less memory than the reference and its file is no larger.
func smaller(r, reference *Row) bool {
	return r.MemoryBytes() < reference.MemoryBytes() && r.Rival.Model.Bytes <= reference.Rival.Model.Bytes
}

// withoutQuality says what speed alone supports.
func withoutQuality(c *Comparison, usable []*Row) string {
	fastest := usable[0]
	for _, r := range usable[1:] {
		a, _ := r.Generation(0)
		b, _ := fastest.Generation(0)
		if a.Low > b.High*(1+sameSpeed) || a.Median > b.Median && !apart(a, b) && r.MemoryBytes() < fastest.MemoryBytes() {
			fastest = r
		}
	}
	f, ok := fastest.Generation(0)
	if !ok {
		return "Nothing was measured to the end, so there is no verdict."
	}
	return fmt.Sprintf("%s writes fastest, %s tokens a second. Quality was not measured, so this says nothing about which one to use.", fastest.title(c), speedWords(f.Median))
}

// apart reports whether two figures differ by more than what repeats differ by.
func apart(a, b Figure) bool {
	if a.Median < b.Median {
		a, b = b, a
	}
	return a.Low > b.High && a.Median > b.Median*(1+sameSpeed)
}

// speedAgainst compares the speeds of writing in words; "" where the ranges overlap too much to say anything else than
// that they are about the same, and slower says that it is clearly slower.
func speedAgainst(r, reference *Row) (words string, slower bool) {
	a, okA := r.Generation(0)
	b, okB := reference.Generation(0)
	if !okA || !okB {
		return "", false
	}
	if !apart(a, b) {
		return "about the same speed", false
	}
	ratio := a.Median / b.Median
	switch {
	case ratio < 1:
		return fmt.Sprintf("%s of the speed", percent(ratio)), true
	case ratio < 1.15:
		return "a little more speed", false
	case ratio >= 1.85 && ratio < 2.2:
		return "twice the speed", false
	case ratio >= 2.8 && ratio < 3.25:
		return "three times the speed", false
	case ratio >= 3.7 && ratio < 4.3:
		return "four times the speed", false
	}
	return fmt.Sprintf("%.1f times the speed", ratio), false
}

// memoryAgainst compares memory in words.
func memoryAgainst(r, reference *Row) string {
	ratio := float64(r.MemoryBytes()) / float64(max(1, reference.MemoryBytes()))
	for _, w := range []struct {
		of    float64
		words string
	}{{1. / 5, "a fifth"}, {1. / 4, "a quarter"}, {1. / 3, "a third"}, {1. / 2, "half"}, {2. / 3, "two thirds"}, {3. / 4, "three quarters"}} {
		if math.Abs(ratio-w.of) < 0.03 {
			return w.words + " of the memory"
		}
	}
	return percent(ratio) + " of the memory"
}

// pareto lists the rows that no other row is at least as good as in memory, speed, quality and context, and better in
// one. Speeds that differ by less than 3% count as equal.
func pareto(c *Comparison) []int {
	out := []int{}
	better := func(a, b *Row) bool {
		x, okX := a.Generation(0)
		y, okY := b.Generation(0)
		strict := false
		at := func(worse, better bool) bool {
			strict = strict || better
			return !worse
		}
		ok := at(a.MemoryBytes() > b.MemoryBytes(), a.MemoryBytes() < b.MemoryBytes()) &&
			at(a.Rival.Context < b.Rival.Context, a.Rival.Context > b.Rival.Context)
		if okX && okY {
			ok = ok && at(x.Median < y.Median*0.97, x.Median > y.Median*1.03)
		}
		if a.Quality != nil && b.Quality != nil {
			more := a.Quality.KLDivergence.Value - b.Quality.KLDivergence.Value
			ok = ok && at(more > KLFloor, more < -KLFloor)
		}
		return ok && strict
	}
	usable := c.usable()
	for i := range c.Rows {
		r := &c.Rows[i]
		if slices.Contains(usable, r) && !slices.ContainsFunc(usable, func(o *Row) bool { return o != r && better(o, r) }) {
			out = append(out, i)
		}
	}
	return out
}

func percent(share float64) string {
	if p := 100 * share; p > 99 && p < 100 {
		return fmt.Sprintf("%.1f%%", math.Min(p, 99.9))
	}
	return fmt.Sprintf("%.0f%%", 100*share)
}

// points writes a share as percentage points with one digit that counts.
func points(share float64) string {
	text := fmt.Sprintf("%.1f", 100*share)
	return strings.TrimSuffix(text, ".0") + " points"
}

func speedWords(s float64) string {
	if s < 10 {
		return fmt.Sprintf("%.1f", s)
	}
	return fmt.Sprintf("%.0f", s)
}
