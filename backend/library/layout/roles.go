package layout

import (
	"fmt"

	"weightroom/backend"
	"weightroom/backend/gguf"
)

// CheckModel refuses what is a sound GGUF file but not a model on its own.
func CheckModel(f *gguf.File) error {
	if bad := gguf.CheckHeader(f); bad != nil {
		return bad
	}
	switch f.Role() {
	case gguf.RoleProjector:
		return backend.Fail(backend.CodeUnsupported, nil, "This file is the part that lets a model see (an mmproj), not a model.", "Import the folder that holds both it and its model.")
	case gguf.RoleAdapter:
		return backend.Fail(backend.CodeUnsupported, nil, "This file is a LoRA adapter: a change to a model, not a model.", "Import the model it belongs to.")
	case gguf.RoleVocabulary:
		return backend.Fail(backend.CodeUnsupported, nil, "This file holds a vocabulary and no weights.", "Get the file of the model itself; it is much larger.")
	}
	if no, count := f.Split(); count > 1 {
		return backend.Fail(backend.CodeUnsupported, nil, fmt.Sprintf("This file is part %d of %d of a model.", no+1, count),
			"Join the parts with llama.cpp's \"llama-gguf-split --merge\", then import the result.")
	}
	return nil
}

// CheckLoRA refuses the kinds of adapters that the engine can't use.
func CheckLoRA(adapter *gguf.File) error {
	if kind := adapter.String("adapter.type"); kind != "lora" {
		return backend.Fail(backend.CodeUnsupported, nil, fmt.Sprintf("This is an adapter of a kind the engine can't use (%s), not a LoRA.", Quoted(kind)), "Look for a LoRA adapter in GGUF.")
	}
	return nil
}
