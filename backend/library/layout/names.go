package layout

import (
	"cmp"
	"path/filepath"
	"regexp"
	"strings"

	"weightroom/backend"
)

// MaxName is the longest name or tag Ollama takes (types/model/name.go, v0.34.4).
const MaxName = 80

// Name is a model's place in the store.
type Name struct{ Host, Namespace, Model, Tag string }

// Ref is the name as people write it: "smollm2-135m:Q4_1", with the namespace and the host where they are not the
// usual ones.
func (n Name) Ref() string {
	out := n.Model + ":" + n.Tag
	switch {
	case !strings.EqualFold(n.Host, Host):
		return n.Host + "/" + n.Namespace + "/" + out
	case !strings.EqualFold(n.Namespace, Namespace):
		return n.Namespace + "/" + out
	}
	return out
}

// Local reports whether n is one of the names this library gives.
func (n Name) Local() bool { return n.Host == Host && n.Namespace == Namespace }

// Valid reports whether the layout can hold the name.
func (n Name) Valid() bool {
	return validPart(n.Model, ".") && validPart(n.Tag, ".") && validPart(n.Namespace, "") && len(n.Host) <= 350 &&
		n.Host != "" && !strings.ContainsFunc(n.Host, func(r rune) bool { return !letterOrDigit(r) && !strings.ContainsRune("-_.:", r) })
}

func validPart(s, extra string) bool {
	if s == "" || len(s) > MaxName || strings.ContainsAny(s[:1], "-.") {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool { return !letterOrDigit(r) && !strings.ContainsRune("-_"+extra, r) })
}

// ValidTag reports whether the layout can hold a tag.
func ValidTag(tag string) bool { return validPart(tag, ".") }

func letterOrDigit(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
}

// ParseRef reads a reference with its host and namespace: "llama3.1:8b", "someone/thing", "hf.co/owner/repo:Q4_0". A
// reference without a tag gets tag. ok is false for what the layout can't hold.
func ParseRef(ref, tag string) (n Name, ok bool) {
	ref = strings.TrimPrefix(strings.TrimSpace(ref), "https://")
	path, asked := backend.SplitRef(ref)
	n = Name{Host, Namespace, "", cmp.Or(asked, tag)}
	switch part := strings.Split(path, "/"); len(part) {
	case 1:
		n.Model = part[0]
	case 2:
		n.Namespace, n.Model = part[0], part[1]
	case 3:
		n.Host, n.Namespace, n.Model = part[0], part[1], part[2]
	default:
		return n, false
	}
	return n, n.Valid()
}

// Same reports whether two names are one. Upper and lower case are, as on many disks.
func (n Name) Same(o Name) bool {
	return strings.EqualFold(n.Host, o.Host) && strings.EqualFold(n.Namespace, o.Namespace) && strings.EqualFold(n.Model, o.Model) && strings.EqualFold(n.Tag, o.Tag)
}

// Slug makes a model's name in the store from one for people: lower case, and "-" for all that a name can't hold.
// A name with no usable character becomes "".
func Slug(s string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(s) {
		switch {
		case letterOrDigit(r) || r == '_':
			b.WriteRune(r)
		case r == '.' && b.Len() > 0:
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
	}
	out := b.String()
	if len(out) > MaxName-6 { // room for "-2", "-3" …
		out = out[:MaxName-6]
	}
	return strings.Trim(out, "-.")
}

// Stem is a file's name without its ending and without the quantization at its end.
func Stem(path, quant string) string {
	base := filepath.Base(path)
	if strings.EqualFold(filepath.Ext(base), ".gguf") {
		base = base[:len(base)-len(".gguf")]
	}
	if cut := len(base) - len(quant); quant != "" && cut > 0 && strings.EqualFold(base[cut:], quant) {
		base = strings.TrimRight(base[:cut], "-_. ")
	}
	return base
}

// NameAndTag cuts a tag off a name for people, unless what follows its colon is more of the name.
func NameAndTag(s string) (shown, tag string) {
	shown, tag = backend.SplitRef(s)
	if !ValidTag(tag) {
		return s, ""
	}
	return shown, tag
}

// The first two folders of a manifest's path. Ollama's server fills them into every short model name, so what should
// be "smollm2-135m:Q4_1" to it has to be here. No host is ever contacted by these names.
const (
	Host      = "registry.ollama.ai"
	Namespace = "library"

	Adapters = "adapters" // of adapters that stand alone: Ollama has them as parts of models only
)

// PartName is how llama-gguf-split names the parts of a model.
func PartName() *regexp.Regexp { return regexp.MustCompile(`(?i)^(.*)-(\d{5})-of-(\d{5})\.gguf$`) }

// SplitStem is a path without the number of its part.
func SplitStem(path string) string {
	if m := PartName().FindStringSubmatch(filepath.Base(path)); m != nil {
		return m[1]
	}
	return path
}
