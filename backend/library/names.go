package library

import (
	"path/filepath"
	"strings"

	"weightroom/backend"
)

// maxPart is the longest name or tag Ollama takes (types/model/name.go, v0.34.4).
const maxPart = 80

// name is a model's place in the store.
type name struct{ host, namespace, model, tag string }

// ref is the name as people write it: "smollm2-135m:Q4_1", with the namespace and the host where they are not the
// usual ones.
func (n name) ref() string {
	out := n.model + ":" + n.tag
	switch {
	case !strings.EqualFold(n.host, layoutHost):
		return n.host + "/" + n.namespace + "/" + out
	case !strings.EqualFold(n.namespace, layoutNamespace):
		return n.namespace + "/" + out
	}
	return out
}

// local reports whether n is one of the names this library gives.
func (n name) local() bool { return n.host == layoutHost && n.namespace == layoutNamespace }

func (n name) valid() bool {
	return validPart(n.model, ".") && validPart(n.tag, ".") && validPart(n.namespace, "") && len(n.host) <= 350 &&
		n.host != "" && !strings.ContainsFunc(n.host, func(r rune) bool { return !letterOrDigit(r) && !strings.ContainsRune("-_.:", r) })
}

func validPart(s, extra string) bool {
	if s == "" || len(s) > maxPart || strings.ContainsAny(s[:1], "-.") {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool { return !letterOrDigit(r) && !strings.ContainsRune("-_"+extra, r) })
}

func letterOrDigit(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
}

// parseRef reads a reference with its host and namespace: "llama3.1:8b", "someone/thing", "hf.co/owner/repo:Q4_0". A
// reference without a tag gets tag. ok is false for what the layout can't hold.
func parseRef(ref, tag string) (n name, ok bool) {
	ref = strings.TrimPrefix(strings.TrimSpace(ref), "https://")
	path, asked := backend.SplitRef(ref)
	n = name{layoutHost, layoutNamespace, "", firstOf(asked, tag)}
	switch part := strings.Split(path, "/"); len(part) {
	case 1:
		n.model = part[0]
	case 2:
		n.namespace, n.model = part[0], part[1]
	case 3:
		n.host, n.namespace, n.model = part[0], part[1], part[2]
	default:
		return n, false
	}
	return n, n.valid()
}

// same reports whether two names are one. Upper and lower case are, as on many disks.
func (n name) same(o name) bool {
	return strings.EqualFold(n.host, o.host) && strings.EqualFold(n.namespace, o.namespace) && strings.EqualFold(n.model, o.model) && strings.EqualFold(n.tag, o.tag)
}

// slug makes a model's name in the store from one for people: lower case, and "-" for all that a name can't hold.
// A name with no usable character becomes "".
func slug(s string) string {
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
	if len(out) > maxPart-6 { // room for "-2", "-3" …
		out = out[:maxPart-6]
	}
	return strings.Trim(out, "-.")
}

// stem is a file's name without its ending and without the quantization at its end.
func stem(path, quant string) string {
	base := filepath.Base(path)
	if strings.EqualFold(filepath.Ext(base), ".gguf") {
		base = base[:len(base)-len(".gguf")]
	}
	if cut := len(base) - len(quant); quant != "" && cut > 0 && strings.EqualFold(base[cut:], quant) {
		base = strings.TrimRight(base[:cut], "-_. ")
	}
	return base
}

// nameAndTag cuts a tag off a name for people, unless what follows its colon is more of the name.
func nameAndTag(s string) (shown, tag string) {
	shown, tag = backend.SplitRef(s)
	if !validPart(tag, ".") {
		return s, ""
	}
	return shown, tag
}

// display keeps a name short and on one line.
func display(s string) string {
	s = strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r < ' ' || r == ' ' || r == 0x7f || r == 0xfffd }), " ")
	if r := []rune(s); len(r) > maxPart {
		s = strings.TrimSpace(string(r[:maxPart]))
	}
	return s
}
