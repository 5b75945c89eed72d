package source

import (
	"cmp"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Names of quantizations as llama.cpp's quantizer and its users write them into file names. "UD-" marks mixes that
// keep some layers more precise.
var (
	quantWord = regexp.MustCompile(`(?i)(UD-)?(IQ[1-4]_(XXS|XS|S|M|NL)|Q[2-8]_K(_(XXL|XL|L|M|S|XS))?|Q[1-8]_[01](_\d_\d)?|TQ[12]_0|MXFP4(_MOE)?|NVFP4|BF16|FP16|FP32|F16|F32)`)
	splitForm = regexp.MustCompile(`(?i)^(.*)-(\d{5})-of-(\d{5})\.gguf$`)
)

// quantOf finds the quantization in a file's name, or in a word; empty: none there. The last one counts, because a
// model's own name comes first.
func quantOf(s string) string {
	base := strings.TrimSuffix(s, path.Ext(s))
	if path.Ext(s) == "" || !strings.EqualFold(path.Ext(s), ".gguf") {
		base = s
	}
	if m := splitForm.FindStringSubmatch(s); m != nil {
		base = m[1]
	}
	found := ""
	for at := 0; at < len(base); {
		m := quantWord.FindStringIndex(base[at:])
		if m == nil {
			break
		}
		from, to := at+m[0], at+m[1]
		before := from == 0 || !letterOrDigit(base[from-1])
		after := to == len(base) || !letterOrDigit(base[to]) && base[to] != '_'
		if before && after {
			found = base[from:to]
		}
		at = to
	}
	return canonicalQuant(found)
}

func letterOrDigit(b byte) bool {
	return b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9'
}

func canonicalQuant(s string) string {
	s = strings.ToUpper(s)
	switch s {
	case "FP16":
		return "F16"
	case "FP32":
		return "F32"
	}
	return s
}

func isProjector(base string) bool {
	base = strings.ToLower(base)
	return strings.HasPrefix(base, "mmproj") || strings.Contains(base, "mmproj-") || strings.HasSuffix(base, "-mmproj.gguf") || strings.HasSuffix(base, ".mmproj.gguf")
}

// hubEntry is one file of a repository.
type hubEntry struct {
	Path   string
	Bytes  int64
	Digest string // "sha256:…", empty: not known
}

// form is one form of a model in a repository: one file, or all parts of a split one.
type form struct {
	label string // its name without the part's number
	quant string
	files []hubEntry
	parts int // that there should be
}

func (f *form) bytes() (n int64) {
	for _, e := range f.files {
		if e.Bytes < 0 {
			return -1
		}
		n += e.Bytes
	}
	return n
}

// whole reports whether every part is there, once and in order.
func (f *form) whole() bool {
	if len(f.files) != f.parts {
		return false
	}
	for i, e := range f.files {
		if m := splitForm.FindStringSubmatch(e.Path); m != nil {
			if n, _ := strconv.Atoi(m[2]); n != i+1 {
				return false
			}
		}
	}
	return true
}

// formsOf sorts a repository's GGUF files into the forms of the model and the projectors beside it.
func formsOf(entries []hubEntry) (forms []*form, projectors []hubEntry) {
	byLabel := map[string]*form{}
	for _, e := range entries {
		base := path.Base(e.Path)
		switch lower := strings.ToLower(base); {
		case !strings.HasSuffix(lower, ".gguf"), strings.Contains(lower, "imatrix"):
			continue
		case isProjector(base):
			projectors = append(projectors, e)
			continue
		}
		label, parts := e.Path, 1
		if m := splitForm.FindStringSubmatch(e.Path); m != nil {
			parts, _ = strconv.Atoi(m[3])
			label = m[1] + "-of-" + m[3]
		}
		f := byLabel[label]
		if f == nil {
			f = &form{label: label, parts: parts}
			if f.quant = quantOf(base); f.quant == "" {
				f.quant = quantOf(path.Base(path.Dir(e.Path)))
			}
			byLabel[label] = f
			forms = append(forms, f)
		}
		f.files = append(f.files, e)
	}
	for _, f := range forms {
		slices.SortFunc(f.files, func(a, b hubEntry) int { return strings.Compare(a.Path, b.Path) })
	}
	slices.SortStableFunc(forms, func(a, b *form) int {
		return cmp.Or(cmp.Compare(a.bytes(), b.bytes()), strings.Compare(a.label, b.label))
	})
	return forms, projectors
}

// usualQuants is the order in which a repository without a chosen quant is resolved: the usual compromise first, then
// what is nearest to it, more precise before less.
func usualQuants() []string {
	return []string{
		"Q4_K_M", "UD-Q4_K_XL", "Q5_K_M", "Q4_K_S", "Q6_K", "Q8_0", "Q4_1", "Q4_0", "IQ4_XS", "IQ4_NL", "MXFP4_MOE", "MXFP4", "Q3_K_M", "BF16", "F16", "F32",
	}
}

// pick chooses among the whole forms: by quant, by a folder or a file's name, or, where nothing is asked for, the
// usual one. It returns none where nothing fits and several where it is not clear.
func pick(forms []*form, want string) []*form {
	if len(forms) == 1 && want == "" {
		return forms
	}
	if want == "" {
		for _, q := range usualQuants() {
			if found := pick(forms, q); len(found) > 0 {
				return found[:1] // the smallest, where two models share a repository
			}
		}
		return forms
	}
	for _, same := range []func(f *form) bool{
		func(f *form) bool { return f.quant == canonicalQuant(want) },
		func(f *form) bool {
			return strings.TrimPrefix(f.quant, "UD-") == strings.TrimPrefix(canonicalQuant(want), "UD-")
		},
		func(f *form) bool {
			return strings.EqualFold(f.files[0].Path, want) || strings.EqualFold(path.Base(f.files[0].Path), want)
		},
		func(f *form) bool {
			return strings.EqualFold(strings.TrimSuffix(path.Base(f.files[0].Path), ".gguf"), want)
		},
		func(f *form) bool { return strings.EqualFold(path.Dir(f.files[0].Path), strings.Trim(want, "/")) },
	} {
		var found []*form
		for _, f := range forms {
			if same(f) {
				found = append(found, f)
			}
		}
		if len(found) > 0 {
			return found
		}
	}
	return nil
}

// projectorFor chooses the projector to go with a model: the half-precision one, as the engine's own tools do, else
// the smallest; one beside the model's own files first.
func projectorFor(f *form, all []hubEntry) (hubEntry, bool) {
	near := slices.DeleteFunc(slices.Clone(all), func(e hubEntry) bool { return path.Dir(e.Path) != path.Dir(f.files[0].Path) })
	if len(near) > 0 {
		all = near
	}
	if len(all) == 0 {
		return hubEntry{}, false
	}
	rank := func(e hubEntry) int { return slices.Index([]string{"", "F32", "Q8_0", "BF16", "F16"}, quantOf(e.Path)) }
	return slices.MaxFunc(all, func(a, b hubEntry) int { return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(b.Bytes, a.Bytes)) }), true
}

func names(forms []*form, most int) string {
	var out []string
	for i, f := range forms {
		if i == most {
			return strings.Join(out, ", ") + fmt.Sprintf(" and %d more", len(forms)-most)
		}
		if n := cmp.Or(f.quant, path.Base(f.files[0].Path)); !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	return strings.Join(out, ", ")
}
