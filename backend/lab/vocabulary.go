package lab

import (
	"crypto/sha256"
	"fmt"
	"io"
	"os"

	"weightroom/backend/gguf"
)

// vocabulary identifies how a model cuts text into tokens.
type vocabulary struct {
	kind   string // tokenizer.ggml.model: gpt2, llama …
	rule   string // tokenizer.ggml.pre
	tokens int
	sum    string // of the list of tokens, as it lies in the file
}

func vocabularyOf(path string, header *gguf.File) (vocabulary, error) {
	v := vocabulary{kind: header.String("tokenizer.ggml.model"), rule: header.String("tokenizer.ggml.pre"), tokens: header.Vocabulary()}
	value, ok := header.Get("tokenizer.ggml.tokens")
	list, isList := value.(gguf.Array)
	if !ok || !isList {
		return v, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return v, onDisk(err)
	}
	defer func() { _ = f.Close() }()
	sum := sha256.New()
	if _, err := io.Copy(sum, io.NewSectionReader(f, list.Offset, list.Bytes)); err != nil {
		return v, onDisk(err)
	}
	v.sum = fmt.Sprintf("%x", sum.Sum(nil)[:8])
	return v, nil
}

// differs says how another vocabulary is not this one.
func (v vocabulary) differs(o vocabulary) string {
	switch {
	case v.tokens != o.tokens:
		return fmt.Sprintf("%d tokens against %d", o.tokens, v.tokens)
	case v.kind != o.kind || v.rule != o.rule:
		return fmt.Sprintf("tokenizer %s %s against %s %s", o.kind, o.rule, v.kind, v.rule)
	}
	return "as many tokens, but not the same ones"
}
