package advisor

import "weightroom/backend"

// QuantVerdict is how one quantization of a model would run as asked, judged for itself: whether another is better is not
// asked.
type QuantVerdict struct {
	Model     string `json:"model"` // the candidate's id
	Quant     string `json:"quant"`
	Bytes     int64  `json:"bytes"`     // to download, with a projector
	Installed bool   `json:"installed"` // in the library

	Cause    Cause    `json:"cause"`    // why it is not for this ask; empty: it runs as asked
	Reason   string   `json:"reason"`   // Cause as a sentence
	Remedies []Remedy `json:"remedies"` // those that make it fit

	Verdict                              // without a place where the model can't run at all or reads less than asked for
	Planned               bool           `json:"planned"`         // Memory is the engine's own plan; false: calculated
	TokensPerSecond       float64        `json:"tokensPerSecond"` // 0: it does not fit
	PromptTokensPerSecond float64        `json:"promptTokensPerSecond"`
	Source                backend.Source `json:"source"`
	Error                 float64        `json:"error"`     // of the speeds, as a share
	Disturbed             bool           `json:"disturbed"` // other programs kept the processors busy during the run
}

// Quants judges candidates of one model, each for itself and in their order. What is against the model whatever its
// quantization, its use or its licence, leaves the figures standing. Its error is a *backend.Error about the ask.
func Quants(all []Candidate, m *Machine, measured Measurements, ask Ask) ([]QuantVerdict, error) {
	ask, err := ask.Complete()
	if err != nil {
		return nil, err
	}
	out := make([]QuantVerdict, 0, len(all))
	for i := range all {
		out = append(out, quantVerdict(&all[i], m, measured, ask))
	}
	return out, nil
}

func quantVerdict(c *Candidate, m *Machine, measured Measurements, ask Ask) QuantVerdict {
	r := row{c: c}
	against := c.unsuited(ask)
	if against != CauseUnrunnable && against != CauseContext {
		r.run(m, measured, ask)
		if r.v.Place != PlaceNo {
			r.v.MaxContext = c.longest(m, ask, r.v.Place)
		}
	}
	if against != "" {
		r.cause = against
	}
	out := QuantVerdict{
		Model: c.ID, Quant: c.Quant, Bytes: c.download(), Installed: c.Installed, Cause: r.cause, Verdict: r.v,
		Planned: c.Planned(ask), TokensPerSecond: r.speed.Generation, PromptTokensPerSecond: r.speed.Prompt,
		Source: r.speed.Source, Error: r.speed.Error, Disturbed: r.speed.Disturbed, Remedies: []Remedy{},
	}
	if r.cause == "" {
		return out
	}
	out.Reason = r.reason(1, m, ask)
	if r.cause == CauseMemory || r.cause == CauseSlow {
		for _, remedy := range Remedies(c, nil, m, ask) { // what another quantization does stands beside it
			if remedy.Fits {
				out.Remedies = append(out.Remedies, remedy)
			}
		}
	}
	return out
}
