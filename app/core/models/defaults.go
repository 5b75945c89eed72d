package models

import (
	"context"
	"encoding/json"
	"log/slog"

	"weightroom/backend"
	"weightroom/backend/engine"
)

// Defaults are what counts where a chat says nothing: what the model brings, else the engine's own.
type Defaults struct {
	System    string
	Sampling  backend.Sampling
	FromModel []string // names of the fields that the model brings, as in a chat's options
}

// Defaults returns what counts where a chat on the model ref says nothing.
func (m *Models) Defaults(ctx context.Context, ref string) (Defaults, error) {
	d, err := m.opts.Library.Inspect(ctx, ref)
	if err != nil {
		return Defaults{}, err
	}
	return defaults(d.System, d.Params), nil
}

func defaults(system, params string) Defaults {
	out := Defaults{System: system, Sampling: engine.Standard()}
	if system != "" {
		out.FromModel = append(out.FromModel, "system")
	}
	if params == "" {
		return out
	}
	var brought struct {
		Temperature   *float64 `json:"temperature"`
		TopP          *float64 `json:"top_p"`
		TopK          *int     `json:"top_k"`
		MinP          *float64 `json:"min_p"`
		RepeatPenalty *float64 `json:"repeat_penalty"`
		Stop          []string `json:"stop"`
	}
	if err := json.Unmarshal([]byte(params), &brought); err != nil {
		slog.Warn("sampling of a model not read", "error", err)
		return out
	}
	s := &out.Sampling
	for _, f := range []struct {
		name     string
		from, to **float64
	}{
		{"temperature", &brought.Temperature, &s.Temperature}, {"topP", &brought.TopP, &s.TopP},
		{"minP", &brought.MinP, &s.MinP}, {"repeatPenalty", &brought.RepeatPenalty, &s.RepeatPenalty},
	} {
		if *f.from != nil {
			*f.to = *f.from
			out.FromModel = append(out.FromModel, f.name)
		}
	}
	if brought.TopK != nil {
		s.TopK = brought.TopK
		out.FromModel = append(out.FromModel, "topK")
	}
	if len(brought.Stop) > 0 {
		s.Stop = brought.Stop
		out.FromModel = append(out.FromModel, "stop")
	}
	return out
}
