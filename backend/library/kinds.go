package library

import (
	"encoding/json"
	"errors"
	"unicode/utf8"
)

// The kinds of files that make a model: IncomingFile.Kind. A media type of Ollama's layout does as well.
const (
	KindModel     = "model" // the weights, or one part of them
	KindProjector = "projector"
	KindAdapter   = "adapter"
	KindTemplate  = "template"
	KindParams    = "params"
	KindSystem    = "system"
	KindLicence   = "licence"
	KindConfig    = "config"
	KindMessages  = "messages"
)

// mediaType gives the layout's name of a kind. ok is false for what is neither a kind nor one of the layout's types
// that the engine reads.
func mediaType(kind string) (name string, ok bool) {
	switch kind {
	case KindModel, typeModel:
		return typeModel, true
	case KindProjector, typeProjector:
		return typeProjector, true
	case KindAdapter, typeAdapter:
		return typeAdapter, true
	case KindTemplate, typeTemplate, "application/vnd.ollama.image.prompt":
		return typeTemplate, true
	case KindParams, typeParams:
		return typeParams, true
	case KindSystem, typeSystem:
		return typeSystem, true
	case KindLicence, "license", typeLicence:
		return typeLicence, true
	case KindConfig, typeConfig:
		return typeConfig, true
	case KindMessages, typeMessages:
		return typeMessages, true
	case typeDraft:
		return typeDraft, true
	}
	return "", false
}

// kindOfType is mediaType the other way round.
func kindOfType(mediaType string) string {
	switch mediaType {
	case typeModel:
		return KindModel
	case typeProjector:
		return KindProjector
	case typeAdapter:
		return KindAdapter
	case typeTemplate:
		return KindTemplate
	case typeParams:
		return KindParams
	case typeSystem:
		return KindSystem
	case typeLicence:
		return KindLicence
	case typeConfig:
		return KindConfig
	case typeMessages:
		return KindMessages
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
