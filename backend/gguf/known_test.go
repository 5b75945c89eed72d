package gguf

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What the engine knows is read from its sources by build/engine/known.py, which has to be run again for another engine.
func TestKnownNamesAreThePinnedEngines(t *testing.T) {
	for file, pin := range map[string]string{
		"build/engine/build.sh": "llama_build=" + knownLlamaCpp + " ", "go.mod": "github.com/ollama/ollama " + knownOllama + "\n",
	} {
		text, err := os.ReadFile(filepath.Join("..", "..", file))
		if err != nil || !strings.Contains(string(text), pin) {
			t.Errorf("%s pins another engine than %q: run build/engine/known.py (%v)", file, pin, err)
		}
	}
}

func TestTensorTypesAreThePinnedEngines(t *testing.T) {
	for n := range newestType + 20 {
		info, ok := n.Info()
		if known := among(knownTypes, fmt.Sprintf("%d:%s", n, info.Name)); known != ok {
			t.Errorf("type %d (%s): the engine knows it: %v, Info does: %v", n, info.Name, known, ok)
		}
	}
}

func TestWhatTheEngineDoesNotKnowNeedsANewerOne(t *testing.T) {
	for _, c := range []struct {
		name, arch, tokenizer, pre, says string
	}{
		{"known", "llama", "gpt2", "smollm", ""},
		{"under the name that Ollama gives it", "gptoss", "gpt2", "gpt-4o", ""},
		{"no rule said", "llama", "gpt2", "", ""},
		{"rule of a tokenizer that has none", "llama", "llama", "future-2027", ""},
		{"architecture", "future", "gpt2", "smollm", "\"future\""},
		{"part of a name", "lla", "gpt2", "smollm", "\"lla\""},
		{"tokenizer", "llama", "future", "", "\"future\""},
		{"rule", "llama", "gpt2", "future-2027", "\"future-2027\""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := CheckEngine(c.arch, c.tokenizer, c.pre)
			if (got == nil) != (c.says == "") {
				t.Fatalf("got %v", got)
			}
			if got != nil && (!strings.Contains(got.Message, "newer version of Weightroom's engine") || !strings.Contains(got.Message, c.says) || got.Hint != hintNewer) {
				t.Errorf("got %q, %q", got.Message, got.Hint)
			}
		})
	}
}
