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
}

// FactsOf reads the facts of a header.
func FactsOf(f *gguf.File) Facts {
	return Facts{
		Name: Title(f.Name()), Family: cmp.Or(Display(f.BaseName()), f.Architecture()), Architecture: f.Architecture(),
		Quant: f.Quant(), Parameters: f.Parameters(), Context: f.ContextLength(), Licence: LicenceOf(f),
		Capable: f.Capable(), Template: f.ChatTemplate() != "",
	}
}

// AsModel returns a model with what is known from its header.
func (f Facts) AsModel() backend.Model {
	return backend.Model{
		Name: f.Name, Family: f.Family, Architecture: f.Architecture, Quant: f.Quant, Parameters: f.Parameters,
		ContextLength: f.Context, Licence: f.Licence, Capable: append([]string{}, f.Capable...), Template: f.Template,
	}
}
