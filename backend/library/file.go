package library

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"weightroom/backend"
	"weightroom/backend/gguf"
	"weightroom/backend/library/layout"
)

// file is one file of a model to be: checked, and on the library's disk.
type file struct {
	layer  layout.Layer
	origin layout.FileOrigin
	path   string  // empty: the blob is there
	staged *staged // a copy on the library's disk; nil: path itself is on it
	header *gguf.File
	data   []byte // of a small file
	parts  []string
}

// at returns where the file can be moved from; "" when it need not be.
func (f *file) at() string {
	if f.staged != nil {
		return f.staged.path
	}
	return f.path
}

// discard deletes the copies that did not become part of a model.
func discard(files []*file) {
	for _, f := range files {
		f.staged.discard()
	}
}

// readContent reads what has to be known of a file: a header, or all of a small one.
func (f *file) readContent(path string) (err error) {
	if f.staged != nil {
		path = f.staged.path
	}
	if layout.HoldsTensors(f.layer.MediaType) {
		f.header, err = gguf.ReadFile(path)
		return err
	}
	if f.data, _, err = layout.ReadSmall(path); err == nil {
		err = layout.CheckSmall(f.layer.MediaType, f.data)
	}
	wrong := "can't be read"
	switch {
	case err == nil:
		return nil
	case errors.Is(err, layout.ErrNotText):
		wrong = "is not text"
	case f.data != nil:
		wrong = "is not the JSON that it should be"
	}
	return backend.Fail(backend.CodeInvalid, err, fmt.Sprintf("A file of this model (%s) %s.", layout.KindOf(f.layer.MediaType), wrong), "Look for another version of the same model.")
}

// assemble checks that files make one model, puts its parts in order, and returns the header of the whole.
func assemble(files []*file) (*gguf.File, error) {
	var parts []*gguf.File
	adapters := 0
	for _, f := range files {
		want := gguf.RoleModel
		switch f.layer.MediaType {
		case layout.TypeModel:
			parts = append(parts, f.header)
		case layout.TypeProjector:
			want = gguf.RoleProjector
		case layout.TypeAdapter:
			want = gguf.RoleAdapter
			adapters++
			if err := layout.CheckLoRA(f.header); err != nil && f.header.Role() == want {
				return nil, err
			}
		case layout.TypeDraft:
		default:
			continue
		}
		if got := f.header.Role(); got != want {
			return nil, backend.Fail(backend.CodeInvalid, fmt.Errorf("%s in the place of %s", got, want), fmt.Sprintf("A file of this model is a %s and not a %s.", got, want), "Look for another version of the same model.")
		}
	}
	if len(parts) == 0 && adapters == 1 && len(files) == 1 {
		return files[0].header, nil
	}
	if len(parts) == 0 {
		return nil, backend.Fail(backend.CodeUnsupported, nil, "There are no weights in GGUF among the files of this model.", "Look for a GGUF version of the same model.")
	}
	slices.SortStableFunc(files, func(a, b *file) int {
		if a.layer.MediaType != layout.TypeModel || b.layer.MediaType != layout.TypeModel {
			return cmp.Compare(rank(a.layer.MediaType), rank(b.layer.MediaType))
		}
		no, _ := a.header.Split()
		other, _ := b.header.Split()
		return cmp.Compare(no, other)
	})
	return gguf.Join(parts)
}

// rank puts the weights first: the engine takes the first model layer as the model's own.
func rank(mediaType string) int {
	if mediaType == layout.TypeModel {
		return 0
	}
	return 1
}
