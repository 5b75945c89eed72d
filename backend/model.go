package backend

import (
	"strings"
	"time"
)

// Licence is what a person may do with a model's weights, as far as it is known.
type Licence struct {
	Name       string `json:"name"`       // empty: the file names none
	OpenSource bool   `json:"openSource"` // by the Open Source Initiative's definition, not only open-weight
	Commercial bool   `json:"commercial"` // commercial use is allowed
}

// Model is one set of weights in the library, at one quantization.
type Model struct {
	Ref           string    `json:"ref"`   // "smollm2-135m:Q4_1"; unique in the library
	Name          string    `json:"name"`  // "SmolLM2 135M"
	Quant         string    `json:"quant"` // llama.cpp's name: "Q4_K_M"
	Family        string    `json:"family"`
	Architecture  string    `json:"architecture"` // GGUF general.architecture
	Parameters    int64     `json:"parameters"`   // weights, counted from the tensors
	Bytes         int64     `json:"bytes"`        // all files
	ContextLength int       `json:"contextLength"`
	Digest        string    `json:"digest"` // "sha256:…" of the weights file
	Licence       Licence   `json:"licence"`
	Source        string    `json:"source"`            // starter, import, pull, adopted or derived
	Parent        Parent    `json:"parent"`            // of a derived model; zero: it is an original
	Capable       []string  `json:"capable"`           // chat, vision, tools, thinking, embedding
	Template      bool      `json:"template"`          // the file carries a chat template
	OwnTemplate   bool      `json:"-"`                 // the engine uses the file's chat template, since none came beside it
	ChatML        bool      `json:"-"`                 // the vocabulary has the markers that the engine uses without a template
	Problem       *Error    `json:"problem,omitempty"` // why the engine can't run it; nil: it can, as far as its header says
	Path          string    `json:"path"`              // of the weights file
	Projector     Projector `json:"projector,omitzero"`
	Added         time.Time `json:"added"`
}

// Projector is the file that lets a model see, attached to it; zero: it has none.
type Projector struct {
	Path  string `json:"path,omitempty"`
	Bytes int64  `json:"bytes,omitempty"`
}

// Parent is what a derived model was made from. It may have left the library since.
type Parent struct {
	Ref        string `json:"ref,omitempty"`
	Digest     string `json:"digest,omitempty"`
	Quant      string `json:"quant,omitempty"`
	SecondHand bool   `json:"secondHand,omitempty"` // it was a quant itself, so that the losses of both add up
	Matrix     string `json:"matrix,omitempty"`     // the text whose importance matrix was used; empty: none was
}

// SplitRef cuts a reference into its name and quant: "a:Q4_0" gives "a", "Q4_0"; "a" gives "a", "".
func SplitRef(ref string) (name, quant string) {
	i := strings.LastIndexByte(ref, ':')
	if i < 0 || strings.ContainsRune(ref[i:], '/') {
		return ref, ""
	}
	return ref[:i], ref[i+1:]
}
