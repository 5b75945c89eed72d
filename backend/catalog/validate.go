package catalog

import (
	"fmt"
	"math"
	"regexp"
	"strings"
	"time"
	"unicode"
)

// Limits that no model of today comes near: what is beyond them is a slip of the pen or an attack.
const (
	maxBytes   = 16e12 // 8 trillion parameters at 16 bits
	maxParams  = 10e12
	maxContext = 100_000_000
	maxText    = 2000 // bytes of one string
	maxItems   = 2000 // of one list
	maxWidth   = 1 << 24
)

var (
	idShape     = regexp.MustCompile(`^[a-z0-9][a-z0-9.+_-]{0,79}$`)
	repoShape   = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]*/[A-Za-z0-9][A-Za-z0-9_.-]*$`)
	tagShape    = regexp.MustCompile(`^([A-Za-z0-9][A-Za-z0-9_.-]*/)?[A-Za-z0-9][A-Za-z0-9_.-]*:[A-Za-z0-9][A-Za-z0-9_.-]*$`)
	digestShape = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

// fault is one field that cannot be right.
type fault struct {
	field string // as in the JSON: "quants[2].bytes"
	why   string // continues `the field "…" `
	next  string
}

// faults collects; the first one is what the person reads.
type faults []fault

func (f *faults) add(field, next, why string, args ...any) {
	*f = append(*f, fault{field, fmt.Sprintf(why, args...), next})
}

func (f *faults) text(field, value string, required bool) {
	switch {
	case required && strings.TrimSpace(value) == "":
		f.add(field, "Write it.", "is empty")
	case len(value) > maxText:
		f.add(field, "Shorten it.", "is longer than %d bytes", maxText)
	case strings.ContainsFunc(value, func(r rune) bool { return !unicode.IsPrint(r) }):
		f.add(field, "Remove the control characters.", "holds characters that cannot be shown")
	}
}

func (f *faults) number(field string, value, low, high int64) {
	if value < low || value > high {
		f.add(field, "Correct the number.", "is %d; it must be between %d and %d", value, low, high)
	}
}

func (f *faults) oneOf(field string, value string, known ...string) {
	for _, k := range known {
		if value == k {
			return
		}
	}
	f.add(field, "Use one of: "+strings.Join(known, ", ")+".", "is %q, which Weightroom does not know", value)
}

func (f *faults) list(field string, n int) {
	if n > maxItems {
		f.add(field, "Shorten the list.", "has %d entries; at most %d are read", n, maxItems)
	}
}

func (f *faults) answer(field string, a Answer) {
	if a != "" {
		f.oneOf(field, string(a), string(Yes), string(No), string(Unknown))
	}
}

// check finds what is wrong with one model. It does not look at other models.
func (c *Catalog) check(m *Model) faults {
	var f faults
	if !idShape.MatchString(m.ID) {
		f.add("id", "Use lower-case letters, digits, dots and dashes, at most 80.", "is %q", m.ID)
	}
	f.text("name", m.Name, true)
	f.text("family", m.Family, true)
	f.text("line", m.Line, true)
	for _, t := range []struct{ field, value string }{
		{"publisher", m.Publisher}, {"extension", m.Extension}, {"architecture", m.Architecture}, {"architectureAlias", m.ArchitectureAlias},
		{"sameAs", m.SameAs}, {"reason", m.Reason}, {"quantsNote", m.QuantsNote}, {"warning", m.Warning},
	} {
		f.text(t.field, t.value, false)
	}
	f.list("notes", len(m.Notes))
	for i, n := range m.Notes {
		f.text(fmt.Sprintf("notes[%d]", i), n, true)
	}
	if _, err := time.Parse(time.DateOnly, m.Released); m.Released != "" && err != nil {
		f.add("released", "Write it like 2026-08-05.", "is %q, which is not a day", m.Released)
	}
	f.list("uses", len(m.Uses))
	for i, u := range m.Uses {
		f.oneOf(fmt.Sprintf("uses[%d]", i), string(u), string(UseChat), string(UseCode), string(UseReasoning), string(UseVision),
			string(UseLongDocuments), string(UseTools), string(UseEmbedding), string(UseCompletion))
	}
	f.number("languages", int64(m.Languages), 0, 10_000)
	f.number("params", m.Params, 0, maxParams)
	f.number("activeParams", m.ActiveParams, 0, max(m.Params, 0))
	f.number("context", int64(m.Context), 1, maxContext)
	f.number("contextExtended", int64(m.ContextExtended), 0, maxContext)
	f.number("fileContext", int64(m.FileContext), 0, maxContext)
	f.number("headerBytes", m.HeaderBytes, 0, 1<<30)
	f.answer("tools", m.Tools)
	f.answer("gated", m.Gated)
	if m.Experts != nil {
		f.number("experts.count", int64(m.Experts.Count), 1, 100_000)
		f.number("experts.used", int64(m.Experts.Used), 1, int64(max(m.Experts.Count, 1)))
	}
	f.oneOf("verified", string(m.Verified), string(VerifiedExact), string(VerifiedConsistent), string(VerifiedSame),
		string(VerifiedParams), string(VerifiedSource), string(VerifiedRecalled))
	if _, ok := c.licences[m.LicenceID]; !ok {
		f.add("licence", `Use a licence of the catalog, or "unknown".`, "is %q, which Weightroom does not know", m.LicenceID)
	}
	c.checkShape(&f, m)
	c.checkQuants(&f, m)
	c.checkPlaces(&f, m)
	f.list("benchmarks", len(m.Benchmarks))
	for i, b := range m.Benchmarks {
		at := fmt.Sprintf("benchmarks[%d]", i)
		f.text(at+".name", b.Name, true)
		f.text(at+".source", b.Source, true)
		f.text(at+".mode", b.Mode, false)
		f.text(at+".variant", b.Variant, false)
		if b.Value < 0 || b.Value > 10_000 {
			f.add(at+".value", "Correct the number.", "is %v; it must be between 0 and 10000", b.Value)
		}
	}
	return f
}

func (c *Catalog) checkShape(f *faults, m *Model) {
	f.list("cache", len(m.Cache))
	for i, g := range m.Cache {
		at := fmt.Sprintf("cache[%d]", i)
		f.number(at+".layers", int64(g.Layers), 1, 10_000)
		f.number(at+".values", int64(g.Values), 1, maxWidth)
		f.number(at+".window", int64(g.Window), 0, maxContext)
	}
	f.list("oddWidths", len(m.OddWidths))
	for i, w := range m.OddWidths {
		f.number(fmt.Sprintf("oddWidths[%d]", i), int64(w), 1, maxWidth)
	}
	if m.Blueprint == nil {
		return
	}
	f.text("blueprint.architecture", m.Blueprint.Architecture, true)
	f.list("blueprint.hyper", len(m.Blueprint.Hyper))
	for symbol, value := range m.Blueprint.Hyper {
		if !isHyper(value) {
			f.add("blueprint.hyper."+symbol, "Write a number, true, false, or a list of them.", "is neither a number nor true or false")
		}
	}
}

func isHyper(value any) bool {
	switch v := value.(type) {
	case bool:
		return true
	case float64:
		return math.Abs(v) <= 1e15
	case []any:
		for _, item := range v {
			if _, nested := item.([]any); nested || !isHyper(item) {
				return false
			}
		}
		return len(v) <= maxItems
	}
	return false
}

func (c *Catalog) checkQuants(f *faults, m *Model) {
	f.list("quants", len(m.Quants))
	if len(m.Quants) == 0 && m.Reason == "" && m.QuantsNote == "" {
		f.add("quants", `List at least one, or say in "quantsNote" why there is none.`, "is empty")
	}
	seen := map[string]bool{}
	for i, q := range m.Quants {
		at := fmt.Sprintf("quants[%d]", i)
		if known, ok := c.QuantQuality(q.Name); !ok || known.Name != q.Name {
			f.add(at+".name", "Use llama.cpp's name, like Q4_K_M.", "is %q, which Weightroom does not know", q.Name)
		}
		if seen[q.Name] {
			f.add(at+".name", "Remove one of them.", "lists %s twice", q.Name)
		}
		seen[q.Name] = true
		f.number(at+".bytes", q.Bytes, 1, maxBytes)
		f.oneOf(at+".source", string(q.Source), string(SizeComputed), string(SizePrinted), string(SizeUser))
		if bits := float64(q.Bytes) * 8 / float64(m.Params); m.Params > 0 && q.Bytes > 0 && (bits < 1 || bits > 40) {
			f.add(at+".bytes", "Check both numbers.", "is %d, which is %.1f bits for each of the %d parameters", q.Bytes, bits, m.Params)
		}
	}
	if p := m.Projector; p != nil {
		f.number("projector.bytes", p.Bytes, 1, maxBytes)
		f.text("projector.source", p.Source, true)
	}
}

// checkPlaces looks at where files come from.
func (c *Catalog) checkPlaces(f *faults, m *Model) {
	digest := func(field, value string) {
		if value != "" && !digestShape.MatchString(value) {
			f.add(field, "Copy it again: 64 characters from 0 to 9 and a to f.", "is not a SHA-256")
		}
	}
	quant := func(field, name string) {
		if _, ok := c.QuantQuality(name); name != "" && !ok {
			f.add(field, "Use llama.cpp's name, like Q4_K_M.", "is %q, which Weightroom does not know", name)
		}
	}
	if m.Ollama != nil {
		f.text("ollama.library", m.Ollama.Library, true)
		f.list("ollama.tags", len(m.Ollama.Tags))
		for i, t := range m.Ollama.Tags {
			at := fmt.Sprintf("ollama.tags[%d]", i)
			if len(t.Name) > 200 || !tagShape.MatchString(t.Name) {
				f.add(at+".name", "Write it like llama3.1:8b, without a host.", "is %.200q", t.Name)
			}
			quant(at+".quant", t.Quant)
			digest(at+".sha256", t.SHA256)
			f.number(at+".bytes", t.Bytes, 0, maxBytes)
			f.number(at+".context", int64(t.Context), 0, maxContext)
		}
	}
	f.list("repos", len(m.Repos))
	for i, r := range m.Repos {
		at := fmt.Sprintf("repos[%d]", i)
		if len(r.Name) > 200 || !repoShape.MatchString(r.Name) {
			f.add(at+".name", "Write it like OWNER/REPO, without a host.", "is %.200q", r.Name)
		}
		f.text(at+".pattern", r.Pattern, false)
		f.list(at+".files", len(r.Files))
		for j, file := range r.Files {
			at := fmt.Sprintf("%s.files[%d]", at, j)
			f.text(at+".name", file.Name, true)
			if strings.HasPrefix(file.Name, "/") || strings.Contains(file.Name, "..") || strings.ContainsAny(file.Name, `\:`) {
				f.add(at+".name", "Write the file's path inside the repository.", "is %.200q", file.Name)
			}
			f.text(at+".source", file.Source, true)
			quant(at+".quant", file.Quant)
			digest(at+".sha256", file.SHA256)
			f.number(at+".bytes", file.Bytes, 0, maxBytes)
		}
	}
}
