package layout

import (
	"encoding/json"
	"errors"
	"unicode/utf8"

	"weightroom/backend"
)

// MediaType returns the layout's name of a kind. ok is false for what is neither a kind nor one of the layout's types
// that the engine reads.
func MediaType(kind backend.FileKind) (name string, ok bool) {
	switch kind {
	case backend.KindModel, TypeModel:
		return TypeModel, true
	case backend.KindProjector, TypeProjector:
		return TypeProjector, true
	case backend.KindAdapter, TypeAdapter:
		return TypeAdapter, true
	case backend.KindTemplate, TypeTemplate, "application/vnd.ollama.image.prompt":
		return TypeTemplate, true
	case backend.KindParams, TypeParams:
		return TypeParams, true
	case backend.KindSystem, TypeSystem:
		return TypeSystem, true
	case backend.KindLicence, "license", TypeLicence:
		return TypeLicence, true
	case backend.KindConfig, TypeConfig:
		return TypeConfig, true
	case backend.KindMessages, TypeMessages:
		return TypeMessages, true
	case TypeDraft:
		return TypeDraft, true
	}
	return "", false
}

// KindOf returns the kind of a type of the layout; "other" for one that has none.
func KindOf(mediaType string) backend.FileKind {
	switch mediaType {
	case TypeModel:
		return backend.KindModel
	case TypeProjector:
		return backend.KindProjector
	case TypeAdapter:
		return backend.KindAdapter
	case TypeTemplate:
		return backend.KindTemplate
	case TypeParams:
		return backend.KindParams
	case TypeSystem:
		return backend.KindSystem
	case TypeLicence:
		return backend.KindLicence
	case TypeConfig:
		return backend.KindConfig
	case TypeMessages:
		return backend.KindMessages
	}
	return "other"
}

// HoldsTensors reports whether a file of this type is GGUF.
func HoldsTensors(mediaType string) bool {
	return mediaType == TypeModel || mediaType == TypeProjector || mediaType == TypeAdapter || mediaType == TypeDraft
}

// ErrNotText means that a small file is not UTF-8.
var ErrNotText = errors.New("not text")

// CheckSmall checks a file that the engine reads whole: what it expects to be JSON has to be, and all has to be text.
func CheckSmall(mediaType string, data []byte) error {
	if !utf8.Valid(data) {
		return ErrNotText
	}
	switch mediaType {
	case TypeParams, TypeConfig:
		var object map[string]json.RawMessage
		return json.Unmarshal(data, &object)
	case TypeMessages:
		var list []struct {
			Role    string `json:"role"`
			Content string `json:"content"`
		}
		return json.Unmarshal(data, &list)
	}
	return nil
}

// The media types of the layout.
const (
	TypeManifest  = "application/vnd.docker.distribution.manifest.v2+json"
	TypeConfig    = "application/vnd.docker.container.image.v1+json"
	TypeModel     = "application/vnd.ollama.image.model"
	TypeProjector = "application/vnd.ollama.image.projector"
	TypeTemplate  = "application/vnd.ollama.image.template"
	TypeParams    = "application/vnd.ollama.image.params"
	TypeSystem    = "application/vnd.ollama.image.system"
	TypeAdapter   = "application/vnd.ollama.image.adapter"
	TypeLicence   = "application/vnd.ollama.image.license"
	TypeMessages  = "application/vnd.ollama.image.messages"
	TypeDraft     = "application/vnd.ollama.image.draft" // a small model that guesses for the large one
)
