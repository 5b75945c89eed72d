package app

// Model is one set of weights in the library.
type Model struct {
	Ref           string   `json:"ref"`
	Name          string   `json:"name"`
	Quant         string   `json:"quant"`
	Family        string   `json:"family"`
	Architecture  string   `json:"architecture"`
	Parameters    int64    `json:"parameters"`
	Bytes         int64    `json:"bytes"`
	ContextLength int      `json:"contextLength"`
	Digest        string   `json:"digest"`
	LicenceName   string   `json:"licenceName"`
	OpenSource    bool     `json:"openSource"`
	Source        string   `json:"source"` // starter, import, pull, adopted, derived
	Capable       []string `json:"capable"`
	Template      bool     `json:"template"`
	Problem       string   `json:"problem"`       // why the engine can't run it, and what to do, as sentences; empty: it can
	Caution       string   `json:"caution"`       // what may go wrong in a chat with it, as sentences; empty: nothing that is known
	WantsTemplate bool     `json:"wantsTemplate"` // another chat template would mend what is said there
	Path          string   `json:"path"`
	AddedAt       int64    `json:"addedAt"`
	LastUsedAt    int64    `json:"lastUsedAt"` // 0: never
}

// ModelMemory is what a model takes in memory, in bytes, with the context that a new chat would have.
type ModelMemory struct {
	Ref     string `json:"ref"`
	Bytes   int64  `json:"bytes"`
	Context int    `json:"context"`
	Planned bool   `json:"planned"` // by the engine itself; false: calculated
	Sees    int64  `json:"sees"`    // of the bytes, the part that sees images; 0: it has none
}

// LibraryPage is everything the Library page shows.
type LibraryPage struct {
	Models     []Model `json:"models"`
	TotalBytes int64   `json:"totalBytes"`
	FreeBytes  int64   `json:"freeBytes"`
	Folder     string  `json:"folder"`
	Starter    Starter `json:"starter"`

	Adapters []AdapterRow `json:"adapters"` // LoRA adapters, which change a model and do not run alone
}

// Starter is the small model that comes with the app.
type Starter struct {
	Ref       string `json:"ref"`
	Name      string `json:"name"`
	Bytes     int64  `json:"bytes"`
	Installed bool   `json:"installed"`
	Available bool   `json:"available"` // its file is at hand, so it can be added with no network
}

// ModelDetails is what the Library page shows of one model beyond its row.
type ModelDetails struct {
	Ref           string      `json:"ref"`
	Layers        int         `json:"layers"`
	Embedding     int         `json:"embedding"`
	Vocabulary    int         `json:"vocabulary"`
	Experts       int         `json:"experts"` // 0: not a mixture
	ExpertsUsed   int         `json:"expertsUsed"`
	BitsPerWeight float64     `json:"bitsPerWeight"`
	Mix           []TypeShare `json:"mix"` // most bytes first
	Template      string      `json:"template"`
	TemplateFrom  string      `json:"templateFrom"` // "file", "layer" where another one came beside it, "chosen"; empty: none
	TemplateNote  string      `json:"templateNote"` // how it compares with the known one; empty: nothing to say
	Licence       []Answer    `json:"licence"`
	LicenceText   string      `json:"licenceText"`
	Origin        string      `json:"origin"` // the reference or path it came from; empty: not known
	Files         []ModelFile `json:"files"`
	FreesBytes    int64       `json:"freesBytes"` // what removing it would free
	VerifiedAt    int64       `json:"verifiedAt"` // 0: not since it came
	Notes         []string    `json:"notes"`
}

// TemplateChoices are the chat templates that can be chosen for a model.
type TemplateChoices struct {
	Ref      string           `json:"ref"`
	Chosen   string           `json:"chosen"` // a family's ID, or "custom"; empty: the model's own
	Text     string           `json:"text"`   // of what was chosen, in the engine's language
	Families []TemplateFamily `json:"families"`
}

// TemplateFamily is a chat template that many models share.
type TemplateFamily struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Text string `json:"text"`
	Fits string `json:"fits"` // markers, text, no: what of it the model's vocabulary has
}

// TypeShare is how much of a model is stored in one type.
type TypeShare struct {
	Type    string `json:"type"`
	Tensors int    `json:"tensors"`
	Bytes   int64  `json:"bytes"`
	Params  int64  `json:"params"`
}

// ModelFile is one file of a model.
type ModelFile struct {
	Kind   string `json:"kind"` // model, projector, adapter, template, licence, parameters, other
	Path   string `json:"path"`
	Bytes  int64  `json:"bytes"`
	Digest string `json:"digest"`
	Shared bool   `json:"shared"` // another model or app uses the same bytes
}

// Damage is a model whose bytes are not what they were.
type Damage struct {
	Ref        string `json:"ref"`
	Reason     string `json:"reason"`
	Repairable bool   `json:"repairable"` // it came from a place that has it still
}

// VerifyReport is the result of a check.
type VerifyReport struct {
	Models int      `json:"models"`
	At     int64    `json:"at"` // 0: never
	Bad    []Damage `json:"bad"`
}

// AdapterRow is a LoRA adapter in the library.
type AdapterRow struct {
	Ref     string `json:"ref"`
	Name    string `json:"name"`
	Base    string `json:"base"` // the architecture of the models that it fits; empty: not said
	Bytes   int64  `json:"bytes"`
	AddedAt int64  `json:"addedAt"`
}

// OtherApp is an app whose models were found on this machine.
type OtherApp struct {
	Name   string       `json:"name"` // "Ollama", "LM Studio"
	Folder string       `json:"folder"`
	Models []OtherModel `json:"models"`
}

// OtherModel is a model that another app has.
type OtherModel struct {
	Path      string `json:"path"`
	Name      string `json:"name"`
	Quant     string `json:"quant"`
	Bytes     int64  `json:"bytes"`
	Installed string `json:"installed"` // the library's reference; empty: not in the library
	Alike     bool   `json:"alike"`     // it only looks like that one: its weights were not compared
	Problem   string `json:"problem"`   // why it can't be used, as a sentence; empty: it can
	Keeps     string `json:"keeps"`     // what using it means for its bytes, in a sentence
	Copies    bool   `json:"copies"`    // it can only be copied
	Adapter   bool   `json:"adapter"`
}
