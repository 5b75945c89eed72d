package gguf

import "weightroom/backend"

const (
	chatMLMarker            = "<|im_start|>"
	newestType   TensorType = Q2_0
)

// CheckHeader returns why the engine doesn't know this kind of model; nil: it does. It asks no more than the lead of a
// header has, so it can be asked before a download.
func CheckHeader(f *File) *backend.Error {
	return CheckEngine(f.Architecture(), f.String(keyVocabKind), f.String(keyPre))
}

// CheckEngine is CheckHeader for what a header says: the architecture, the kind of its tokenizer, and the rule by which
// text is cut first. What is empty is not asked.
func CheckEngine(architecture, tokenizer, pre string) *backend.Error {
	switch {
	case architecture != "" && !among(knownArchitectures, architecture):
		return newer("its architecture is %s, which this one doesn't know.", quoted(architecture))
	case tokenizer != "" && !among(knownTokenizers, tokenizer):
		return newer("its tokenizer is of the kind %s, which this one doesn't know.", quoted(tokenizer))
	case pre != "" && cutsFirst(tokenizer) && !among(knownPre, pre):
		return newer("its tokenizer cuts text by the rule %s, which this one doesn't know.", quoted(pre))
	}
	return nil
}

// cutsFirst reports whether the engine looks at the rule by which a kind of tokenizer cuts text first: that of byte pairs.
func cutsFirst(tokenizer string) bool {
	return tokenizer == "gpt2" || tokenizer == "hybriddna" || tokenizer == "whitespace"
}

// TokenizerOf returns the kind of the tokenizer and the rule by which it cuts text first; either may be empty.
func TokenizerOf(f *File) (kind, pre string) { return f.String(keyVocabKind), f.String(keyPre) }
