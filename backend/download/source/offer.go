package source

import (
	"strings"

	"weightroom/backend"
	"weightroom/backend/download/web"
)

// The sources of offers: Offer.Source.
const (
	Ollama      = "ollama"      // Ollama's registry
	HuggingFace = "huggingface" // hf.co
	Registry    = "registry"    // any other OCI registry
	Address     = "address"     // a plain file address
)

// Offer is what a reference stands for: the files that together make a model, and what is known of them before a byte
// of weights is fetched. Sizes are bytes.
type Offer struct {
	Ref      string // in its full form, with the tag or quant that was chosen
	Source   string
	Name     string // for people
	Quant    string // llama.cpp's name ("Q4_K_M"); empty: not known
	Items    []web.Item
	Bytes    int64    // of all items; -1: not known
	Licence  Terms    // as the source gives it
	Gated    bool     // the source wants an account that accepted its terms
	Revision string   // what the reference is pinned to: a commit, or a manifest's digest; empty: nothing
	Page     string   // where a person can read about it; empty: not known
	Warnings []string // sentences for a person
	Choices  []Choice // the other quants, or tags, of the same repository, smallest first; empty: not known
}

// Terms is a licence as a source gives it: whatever it has of the three.
type Terms struct {
	Name string // "apache-2.0", or the first line of the text
	Text string
	Link string
}

// Choice is another form of the same model.
type Choice struct {
	Ref   string
	Quant string
	Bytes int64 // -1: not known
	Files int   // 0: not known
}

// add counts an item into the offer.
func (o *Offer) add(i web.Item) {
	o.Items = append(o.Items, i)
	if i.Bytes < 0 || o.Bytes < 0 {
		o.Bytes = -1
		return
	}
	o.Bytes += i.Bytes
}

// weights returns the items that are files of the model itself, in order.
func (o Offer) weights() []web.Item {
	var out []web.Item
	for _, i := range o.Items {
		if i.Kind == backend.KindModel {
			out = append(out, i)
		}
	}
	return out
}

// firstLine is the first line of a text that says something, kept short.
func firstLine(text string) string {
	for s := range strings.Lines(text) {
		if s = strings.Trim(strings.TrimSpace(s), "#*=-_ "); s != "" {
			return clip(s, 80)
		}
	}
	return ""
}

// clip keeps a foreign text short, on one line and free of control characters.
func clip(s string, most int) string {
	s = strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r <= ' ' || r == 0x7f || r == 0xfffd || r == 0x202e || r == 0x2066 }), " ")
	if r := []rune(s); len(r) > most {
		return strings.TrimSpace(string(r[:most-1])) + "…"
	}
	return s
}
