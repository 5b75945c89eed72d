package layout

import (
	"cmp"

	"weightroom/backend"
	"weightroom/backend/gguf"
)

// Facts are what the header of a weights file says.
type Facts struct {
	Name         string          `json:"name"`
	Family       string          `json:"family"`
	Architecture string          `json:"architecture"`
	Quant        string          `json:"quant"`
	Parameters   int64           `json:"parameters"`
	Context      int             `json:"context"`
	Licence      backend.Licence `json:"licence"`
	Capable      []string        `json:"capable"`
	Template     bool            `json:"template"`
	Tokenizer    string          `json:"tokenizer"`
	Pre          string          `json:"pre"`
	ChatML       bool            `json:"chatML"`
	Version      int             `json:"version"` // factsVersion when they were read
}

// factsVersion is raised when Facts says more than before: what was read earlier is read again.
const factsVersion = 1

// FactsOf reads the facts of a header.
func FactsOf(f *gguf.File) Facts {
	tokenizer, pre := gguf.TokenizerOf(f)
	return Facts{
		Name: Title(f.Name()), Family: cmp.Or(Display(f.BaseName()), f.Architecture()), Architecture: f.Architecture(),
		Quant: f.Quant(), Parameters: f.Parameters(), Context: f.ContextLength(), Licence: LicenceOf(f),
		Capable: f.Capable(), Template: f.ChatTemplate() != "",
		Tokenizer: tokenizer, Pre: pre, ChatML: f.ChatML, Version: factsVersion,
	}
}

// AsModel returns a model with what is known from its header.
func (f Facts) AsModel() backend.Model {
	return backend.Model{
		Name: f.Name, Family: f.Family, Architecture: f.Architecture, Quant: f.Quant, Parameters: f.Parameters,
		ContextLength: f.Context, Licence: f.Licence, Capable: append([]string{}, f.Capable...), Template: f.Template,
		OwnTemplate: true, ChatML: f.ChatML, Problem: gguf.CheckEngine(f.Architecture, f.Tokenizer, f.Pre),
	}
}
