package library

import (
	"encoding/json"
	"errors"
	"unicode/utf8"

	"weightroom/backend"
)

// mediaType returns the layout's name of a kind. ok is false for what is neither a kind nor one of the layout's types
// that the engine reads.
func mediaType(kind backend.FileKind) (name string, ok bool) {
	switch kind {
	case backend.KindModel, typeModel:
		return typeModel, true
	case backend.KindProjector, typeProjector:
		return typeProjector, true
	case backend.KindAdapter, typeAdapter:
		return typeAdapter, true
	case backend.KindTemplate, typeTemplate, "application/vnd.ollama.image.prompt":
		return typeTemplate, true
	case backend.KindParams, typeParams:
		return typeParams, true
	case backend.KindSystem, typeSystem:
		return typeSystem, true
	case backend.KindLicence, "license", typeLicence:
		return typeLicence, true
	case backend.KindConfig, typeConfig:
		return typeConfig, true
	case backend.KindMessages, typeMessages:
		return typeMessages, true
	case typeDraft:
		return typeDraft, true
	}
	return "", false
}

// kindOfType is mediaType the other way round.
func kindOfType(mediaType string) backend.FileKind {
	switch mediaType {
	case typeModel:
		return backend.KindModel
	case typeProjector:
		return backend.KindProjector
	case typeAdapter:
		return backend.KindAdapter
	case typeTemplate:
		return backend.KindTemplate
	case typeParams:
		return backend.KindParams
	case typeSystem:
		return backend.KindSystem
	case typeLicence:
		return backend.KindLicence
	case typeConfig:
		return backend.KindConfig
	case typeMessages:
		return backend.KindMessages
	}
	return "other"
}

// holdsTensors reports whether a file of this type is GGUF.
func holdsTensors(mediaType string) bool {
	return mediaType == typeModel || mediaType == typeProjector || mediaType == typeAdapter || mediaType == typeDraft
}

var errNotText = errors.New("not text")

// checkSmall checks a file that the engine reads whole: what it expects to be JSON has to be, and all has to be text.
func checkSmall(mediaType string, data []byte) error {
	if !utf8.Valid(data) {
		return errNotText
	}
	switch mediaType {
	case typeParams, typeConfig:
		var object map[string]json.RawMessage
		return json.Unmarshal(data, &object)
	case typeMessages:
		var list []struct {
			Role    string `json:"role"`
			Content string `json:"content"`
		}
		return json.Unmarshal(data, &list)
	}
	return nil
}
