package layout

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// MaxTitle is the longest name for people, in characters. What is longer ends in "…".
const MaxTitle = 200

// Display keeps a name for people on one line. One that is longer than MaxTitle says so by its end.
func Display(s string) string {
	s = strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r < ' ' || r == ' ' || r == 0x7f || r == 0xfffd || bidi(r) }), " ")
	if r := []rune(s); len(r) > MaxTitle {
		s = strings.TrimSpace(string(r[:MaxTitle-1])) + "…"
	}
	return s
}

// bidi reports whether a rune turns the direction of text, by which a name could pose as another.
func bidi(r rune) bool { return r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 }

// Title is a model's name as people would write it, made from what a header or a file calls it: without the folder, the
// ending, the number of a part, the quant (which is shown beside it) and the word GGUF, with spaces between the words.
// It is "" for a name that says nothing, such as "model".
func Title(s string) string {
	s = Display(s)
	if i := strings.LastIndexAny(s, `/\`); i >= 0 && !strings.Contains(s[:i], " ") {
		s = s[i+1:]
	}
	for cut := ""; cut != s; {
		cut = s
		s = strings.Trim(ending().ReplaceAllString(s, ""), "-_., ")
	}
	if !strings.Contains(s, " ") {
		s = spaced(s)
	}
	s = sizes().ReplaceAllStringFunc(s, func(size string) string { return strings.ReplaceAll(strings.ToUpper(size), "X", "x") })
	if says := strings.ToLower(s); slices.Contains(nothing(), says) || strings.Trim(says, "0123456789. ") == "" {
		return ""
	}
	return s
}

// ending is what may stand at the end of a name and is no part of it. A quant has something before it that parts it from
// the name: "Q4_K_M", "i1-IQ3_XXS", "(Q8_0)", "UD-Q4_K_XL".
func ending() *regexp.Regexp {
	return regexp.MustCompile(`(?i)(?:\.gguf|-\d{5}-of-\d{5}|[-_. (\[]+(?:gguf|ggml|(?:(?:i1|ud)[-_.])?(?:I?Q[1-8](?:_[0-9KMSLX]+|_NL)+|TQ[12]_0|BF16|FP?16|FP?32|MXFP4(?:[-_]MOE)?))[)\]]?)$`)
}

// sizes are numbers of weights.
func sizes() *regexp.Regexp {
	return regexp.MustCompile(`(?i)(?:^|\s)(?:\d+x)?[ae]?\d+(?:\.\d+)?[mbt](?:$|\s)`)
}

// nothing are names that converters give when they know none.
func nothing() []string {
	return []string{"model", "models", "output", "out", "unknown", "untitled", "none", "null", "gguf", "ggml", "ggml model", "hf", "hf model", "merged", "merged model", "checkpoint", "snapshot", "final", "main", "tmp", "temp", "name", "no name", "test"}
}

// spaced puts spaces between the words of a name that has none: "Qwen2.5-7B-Instruct". A name of one dash may be one word.
func spaced(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r == '-' || r == '_' || r == '+' }), " ")
}

// StemTitle is the name that a file's own name gives.
func StemTitle(path, quant string) string {
	stem := Stem(SplitStem(filepath.Base(path)), quant)
	if title := Title(stem); title != "" {
		return title
	}
	return Display(stem)
}
