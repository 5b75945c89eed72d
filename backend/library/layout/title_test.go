package layout

import (
	"strings"
	"testing"
)

func TestTitleIsTheNameThatPeopleWouldWrite(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		// general.name of files in circulation
		"Gemma 3 270m It":                            "Gemma 3 270M It",
		"Meta Llama 3.1 8B Instruct":                 "Meta Llama 3.1 8B Instruct",
		"Qwen2.5-7B-Instruct-GGUF":                   "Qwen2.5 7B Instruct",
		"Qwen3 30B A3B Instruct 2507":                "Qwen3 30B A3B Instruct 2507",
		"mistralai_Mistral-7B-Instruct-v0.2":         "mistralai Mistral 7B Instruct v0.2",
		"Mixtral 8x7B Instruct v0.1":                 "Mixtral 8x7B Instruct v0.1",
		"SmolLM2 1.7b Instruct":                      "SmolLM2 1.7B Instruct",
		"Phi 3.5 mini instruct":                      "Phi 3.5 mini instruct",
		"tinyllama_tinyllama-1.1b-chat-v1.0":         "tinyllama tinyllama 1.1B chat v1.0",
		"unsloth/Llama-3.2-3B-Instruct":              "Llama 3.2 3B Instruct",
		"/home/ci/models/granite-3.3-2b-instruct":    "granite 3.3 2B instruct",
		`C:\models\gpt-oss-20b.gguf`:                 "gpt oss 20B",
		"DeepSeek R1 Distill Qwen 1.5B Q4_K_M":       "DeepSeek R1 Distill Qwen 1.5B",
		"gemma-3-270m-it-Q4_K_M":                     "gemma 3 270M it",
		"Mistral-Small-24B.i1-IQ3_XXS.gguf":          "Mistral Small 24B",
		"Qwen3-30B-A3B-UD-Q4_K_XL":                   "Qwen3 30B A3B",
		"gpt-oss-120b-MXFP4_MOE-00001-of-00003.gguf": "gpt oss 120B",
		"Bielik 4.5B (Q8_0)":                         "Bielik 4.5B",
		"llama-3-8b.f16":                             "llama 3 8B",
		"LLaMA v2":                                   "LLaMA v2",
		"zephyr":                                     "zephyr",
		"  two\n lines\tof  name ":                   "two lines of name",
		"a right\u202eto left trick":                 "a right to left trick",
		// names that say nothing
		"model": "", "Output": "", ".": "", "ggml-model-q4_0": "", "": "", "2024.05": "",
	} {
		if got := Title(given); got != want {
			t.Errorf("%q is called %q, want %q", given, got, want)
		}
	}
}

func TestAFileWithoutANameIsCalledAfterItself(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"/models/gemma-3-270m-it-Q4_K_M.gguf":    "gemma 3 270M it",
		"/models/big-Q4_K_M-00002-of-00004.gguf": "big",
		"/models/model.gguf":                     "model",
		"/models/Notes, second try.gguf":         "Notes, second try",
	} {
		if got := StemTitle(path, "Q4_K_M"); got != want {
			t.Errorf("%q is called %q, want %q", path, got, want)
		}
	}
}

func TestANameThatIsTooLongSaysSo(t *testing.T) {
	t.Parallel()
	if got := Display(strings.Repeat("ä", MaxTitle)); got != strings.Repeat("ä", MaxTitle) {
		t.Errorf("a name of the longest length is cut to %q", got)
	}
	got := []rune(Display(strings.Repeat("ä", MaxTitle+1)))
	if len(got) != MaxTitle || got[MaxTitle-1] != '…' {
		t.Errorf("a longer name ends in %q and has %d characters", got[len(got)-1], len(got))
	}
}
