package catalog

import "weightroom/backend"

// Licence is what a model's terms allow, in plain words. The sentences are a reading aid: the terms themselves decide.
type Licence struct {
	ID         string `json:"id"`
	Name       string `json:"name"`
	OpenSource Answer `json:"openSource"` // by the Open Source Initiative's definition
	OpenWeight bool   `json:"openWeight"` // the weights can be had, whatever the terms
	Commercial Answer `json:"commercial"`

	MayISell       string   `json:"mayISell"`                 // "May I use it commercially?"
	MustIName      string   `json:"mustIName"`                // "Must I show a name?"
	UserLimit      string   `json:"userLimit,omitempty"`      // "Is there a limit on users or revenue?"; empty: none known
	UsePolicy      string   `json:"usePolicy,omitempty"`      // "Is there an acceptable use policy?"; empty: none known
	OtherTerms     []string `json:"otherTerms,omitempty"`     // what surprises people
	ShowsName      Answer   `json:"showsName"`                // a name or notice must be shown or passed on
	HasUserLimit   Answer   `json:"hasUserLimit"`             // users or revenue above a number need another licence
	HasUsePolicy   Answer   `json:"hasUsePolicy"`             // some uses are forbidden
	NonCommercial  bool     `json:"nonCommercial,omitempty"`  // research or private use only
	UserLimitCount int64    `json:"userLimitCount,omitempty"` // monthly users; 0: none, or not about users
	Read           bool     `json:"read,omitempty"`           // the text was read for this entry; else from catalogs and memory
	Source         string   `json:"source"`
}

// Plain returns the three facts that other packages carry. What is not known counts as not allowed.
func (l Licence) Plain() backend.Licence {
	return backend.Licence{
		Name:       l.Name,
		OpenSource: l.OpenSource == Yes,
		Commercial: l.Commercial == Yes || l.Commercial == Conditions,
	}
}
