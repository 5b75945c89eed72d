package layout

import (
	"encoding/json"
	"fmt"
	"time"

	"weightroom/backend"
	"weightroom/backend/gguf"
)

// Config is what the engine wants to know without opening the weights, and what this library remembers that is not
// in the weights.
type Config struct {
	ModelFormat   string   `json:"model_format"`
	ModelFamily   string   `json:"model_family"`
	ModelFamilies []string `json:"model_families"`
	ModelType     string   `json:"model_type"` // the number of weights, for people
	FileType      string   `json:"file_type"`  // the quantization
	Renderer      string   `json:"renderer,omitempty"`
	Parser        string   `json:"parser,omitempty"`
	Ours          *Origin  `json:"weightroom,omitempty"` // under OriginKey; the engine ignores it
}

// OriginKey is what an Origin is called in a config.
const OriginKey = "weightroom"

// Origin is where a model came from, and what it is called here.
type Origin struct {
	Name    string          `json:"name"`
	Source  string          `json:"source"`
	Licence backend.Licence `json:"licence"`
	Added   time.Time       `json:"added"`
	Parent  *backend.Parent `json:"parent,omitempty"`

	Address  string                `json:"address,omitempty"`  // the page or registry it came from
	App      string                `json:"app,omitempty"`      // that keeps it, of an adopted model
	Revision string                `json:"revision,omitempty"` // a commit, or a manifest's digest
	Files    map[string]FileOrigin `json:"files,omitempty"`    // by digest

	Chosen *Chosen `json:"template,omitempty"` // instead of its own chat template; nil: that one
}

// Chosen is a chat template that a person chose for a model, and what it stands in for.
type Chosen struct {
	Name     string `json:"name"` // of the choice
	Template string `json:"template,omitempty"`
	Params   string `json:"params,omitempty"`
	Renderer string `json:"renderer,omitempty"`
	Parser   string `json:"parser,omitempty"`
}

// FileOrigin is where one file of a model came from.
type FileOrigin struct {
	Name    string `json:"name,omitempty"`    // what it was called
	Address string `json:"address,omitempty"` // where to fetch it again

	How      string `json:"how,omitempty"`      // a How constant; empty: a file of the library's own
	Original string `json:"original,omitempty"` // the file that it shares its bytes with
}

// Content is a small layer that is still to be stored.
type Content struct {
	MediaType string
	Data      []byte
}

// ConfigFor fills a config the way the engine's own import does (Ollama v0.34.4, server/create.go), and returns the
// layers that go with it. There is no template layer: the engine then uses the file's own chat template.
func ConfigFor(f *gguf.File) (c Config, extra []Content) {
	arch := f.Architecture()
	c = Config{ModelFormat: "gguf", ModelFamily: arch, ModelFamilies: []string{arch}, ModelType: WeightCount(f.Parameters()), FileType: f.Quant()}
	switch arch {
	case "gemma4":
		c.Renderer, c.Parser = "gemma4", "gemma4"
		extra = append(extra, Content{TypeParams, []byte(`{"stop":["<turn|>"]}`)})
	case "laguna":
		c.Renderer, c.Parser = "laguna", "laguna"
	case "nemotron_h", "nemotron_h_moe", "nemotron_h_omni":
		c.Renderer, c.Parser = "nemotron-3-nano", "nemotron-3-nano"
	}
	return c, extra
}

// WeightCount writes a number of weights the way models are named: "134.52M", "8.0B".
func WeightCount(n int64) string {
	switch {
	case n >= 1e9:
		return fmt.Sprintf("%.1fB", float64(n)/1e9)
	case n >= 1e6:
		return fmt.Sprintf("%.2fM", float64(n)/1e6)
	case n >= 1e3:
		return fmt.Sprintf("%.0fK", float64(n)/1e3)
	}
	return fmt.Sprint(n)
}

// MergeConfig writes a config: what the source's own says, what it leaves out, and what is remembered here.
func MergeConfig(given []byte, c Config, from Origin) ([]byte, error) {
	merged := map[string]json.RawMessage{}
	c.Ours = &from
	own, err := json.Marshal(c)
	if err == nil {
		err = json.Unmarshal(own, &merged)
	}
	if err != nil || len(given) == 0 {
		return own, err
	}
	var theirs map[string]json.RawMessage
	if err := json.Unmarshal(given, &theirs); err != nil {
		return nil, err
	}
	var format string
	if raw, ok := theirs["model_format"]; ok && json.Unmarshal(raw, &format) == nil && format != "gguf" && format != "" {
		return nil, backend.Fail(backend.CodeUnsupported, nil, fmt.Sprintf("This model is in the format %s, which this engine can't run.", Quoted(format)), "Look for a GGUF version of the same model.")
	}
	for key, value := range theirs {
		if key != OriginKey {
			merged[key] = value
		}
	}
	return json.Marshal(merged)
}
