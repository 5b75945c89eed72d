package app

import (
	"context"
	"os"

	"weightroom/backend"
	"weightroom/backend/download"
	"weightroom/backend/gguf"
)

// verifiedKey holds when models were last read again, by reference.
const verifiedKey = "verified"

// headerFacts fills in what the header of a model's file says.
func headerFacts(out *ModelDetails, path string, bytes int64) error {
	file, err := os.Open(path)
	if err != nil {
		return backend.Fail(backend.CodeNotFound, err, "The file of this model can't be opened.", "Verify it, to see what is wrong.")
	}
	defer file.Close() //nolint:errcheck // read only
	info, err := file.Stat()
	if err != nil {
		return err
	}
	f, err := gguf.Read(file, info.Size())
	if err != nil {
		return err
	}
	out.Layers, out.Embedding, out.Vocabulary = f.Layers(), f.Embedding(), f.Vocabulary()
	out.Experts, out.ExpertsUsed = f.Experts()
	if n := f.Parameters(); n > 0 {
		out.BitsPerWeight = float64(f.DataSize) * 8 / float64(n)
	}
	out.Mix = convert(f.TypeMix(), func(s gguf.TypeShare) TypeShare {
		return TypeShare{Type: s.Type.String(), Tensors: s.Tensors, Bytes: s.Bytes, Params: s.Parameters}
	})
	if out.Template == "" && f.ChatTemplate() != "" {
		out.Template, out.TemplateFrom = f.ChatTemplate(), "file"
	}
	return nil
}

// licenceAnswers explains a licence, where the catalog can: by the model's own entry, else by the licence's name or
// text.
func (c *Core) licenceAnswers(ref, name, text string) []Answer {
	if err := c.shelf.load(); err != nil {
		return []Answer{}
	}
	if found, err := c.shelf.catalog.Resolve(ref); err == nil && found.Model != nil {
		return answersOf(found.Model.Licence)
	}
	if terms, ok := c.termsOf(download.Terms{Name: name, Text: text}); ok {
		return answersOf(terms)
	}
	return []Answer{}
}

func (c *Core) verifiedAt(ctx context.Context) map[string]int64 {
	at := map[string]int64{}
	if c.History != nil {
		_, _ = c.History.Get(ctx, verifiedKey, &at) // never verified and not readable look the same
	}
	return at
}
