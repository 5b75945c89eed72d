package advisor

import (
	"fmt"
	"math"

	"weightroom/backend"
)

// Use is what a model is wanted for.
type Use string

// The uses.
const (
	UseChat      Use = "chat"
	UseCode      Use = "code"
	UseReasoning Use = "reasoning"
	UseVision    Use = "vision"         // pictures in the prompt
	UseDocuments Use = "long-documents" // long texts in the prompt
)

// Uses are all uses, in the order in which they are offered.
func Uses() []Use { return []Use{UseChat, UseCode, UseReasoning, UseVision, UseDocuments} }

// LicenceFilter leaves out models by what a person may do with them.
type LicenceFilter string

// The filters.
const (
	LicenceAny        LicenceFilter = "any"
	LicenceCommercial LicenceFilter = "commercial" // commercial use is allowed
	LicenceOpen       LicenceFilter = "open"       // open source by the Open Source Initiative's definition
)

// Preference says what the picks are put in order by.
type Preference string

// The preferences.
const (
	PreferBalance Preference = "balance" // a good answer, and soon
	PreferQuality Preference = "quality" // the best answer, however long it takes
)

// What an [Ask] means where it says nothing.
const (
	DefaultContext          = 8192 // tokens
	DefaultDocumentsContext = 32768
	DefaultMinSpeed         = 8 // tokens per second: half as fast again as people read, see ReadingSpeed
)

// Ask is what a person wants. The zero value asks for a chat with every default.
type Ask struct {
	Use        Use           `json:"use"`
	Context    int           `json:"context"`    // tokens; 0: the use's default
	KV         KVType        `json:"kv"`         // empty: f16
	MinSpeed   *float64      `json:"minSpeed"`   // tokens per second; 0: any; nil: the default
	FreeMemory int64         `json:"freeMemory"` // bytes of main memory to assume free; 0: the machine's own
	Licences   LicenceFilter `json:"licences"`   // empty: any
	Prefer     Preference    `json:"prefer"`     // empty: balance
	SumGPUs    bool          `json:"sumGpus"`    // let one model lie on several graphics processors
	Limit      int           `json:"limit"`      // most picks; 0: all
}

// filled sets the defaults.
func (a Ask) filled() Ask {
	if a.Use == "" {
		a.Use = UseChat
	}
	if a.Context == 0 {
		a.Context = DefaultContext
		if a.Use == UseDocuments {
			a.Context = DefaultDocumentsContext
		}
	}
	if a.KV == "" {
		a.KV = KVF16
	}
	if a.MinSpeed == nil {
		a.MinSpeed = new(float64(DefaultMinSpeed))
	}
	if a.Licences == "" {
		a.Licences = LicenceAny
	}
	if a.Prefer == "" {
		a.Prefer = PreferBalance
	}
	return a
}

// Complete fills in the defaults and refuses what is out of range. Its error is a *backend.Error.
func (a Ask) Complete() (Ask, error) {
	invalid := func(message, hint string) (Ask, error) {
		return a, backend.Fail(backend.CodeInvalid, nil, message, hint)
	}
	a = a.filled()
	switch a.Use {
	case UseChat, UseCode, UseReasoning, UseVision, UseDocuments:
	default:
		return invalid(fmt.Sprintf("%q is not a use.", a.Use), "Choose chat, code, reasoning, vision or long-documents.")
	}
	switch a.Licences {
	case LicenceAny, LicenceCommercial, LicenceOpen:
	default:
		return invalid(fmt.Sprintf("%q is not a choice of licences.", a.Licences), "Choose any, commercial or open.")
	}
	if a.Prefer != PreferBalance && a.Prefer != PreferQuality {
		return invalid(fmt.Sprintf("%q is nothing to prefer.", a.Prefer), "Choose balance or quality.")
	}
	switch {
	case a.KV.bits() == 0:
		return invalid(fmt.Sprintf("%q is not a type for the memory of the chat.", a.KV), "Choose f16, q8_0 or q4_0.")
	case a.Context < minContext:
		return invalid(fmt.Sprintf("A context of %d tokens is too short.", a.Context), fmt.Sprintf("Ask for %d or more.", minContext))
	case a.Context > maxContext:
		return invalid(fmt.Sprintf("No model reads %s tokens.", backend.Count(int64(a.Context))), fmt.Sprintf("Ask for %s or fewer.", backend.Count(maxContext)))
	case math.IsNaN(*a.MinSpeed) || math.IsInf(*a.MinSpeed, 0) || *a.MinSpeed < 0:
		return invalid("The speed asked for is not a number of tokens per second.", "Ask for 8, for example, or for 0 to take any speed.")
	case a.FreeMemory < 0:
		return invalid("Free memory cannot be less than nothing.", "Give it in bytes, or leave it out.")
	case a.Limit < 0:
		return invalid("The number of recommendations cannot be less than nothing.", "Leave it out to see all.")
	}
	return a, nil
}
