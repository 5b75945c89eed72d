package engine

import (
	"embed"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/ollama/ollama/api"
	"github.com/ollama/ollama/template"
)

// Family is a way to mark who says what that many models share, as a template in the engine's own language.
type Family struct {
	ID      string // for commands
	Name    string // for people
	Stop    []string
	Markers []string // tokens that a vocabulary of the family has; none: it marks in plain text
}

// They mark as the templates of Ollama v0.34.4 do (template/*.gotmpl), and leave an answer open that is to be gone on with.
//
//go:embed templates/*.gotmpl
var familyTexts embed.FS

// Families lists the ways that can be chosen for a model, the most common first.
func Families() []Family {
	return []Family{
		{"chatml", "ChatML", []string{"<|im_start|>", "<|im_end|>"}, []string{"<|im_start|>", "<|im_end|>"}},
		{"llama3", "Llama 3", []string{"<|start_header_id|>", "<|eot_id|>"}, []string{"<|start_header_id|>", "<|eot_id|>"}},
		{"gemma", "Gemma", []string{"<start_of_turn>", "<end_of_turn>"}, []string{"<start_of_turn>", "<end_of_turn>"}},
		{"mistral", "Mistral", []string{"[INST]"}, nil},
		{"phi", "Phi-3", []string{"<|end|>", "<|user|>", "<|assistant|>"}, []string{"<|end|>", "<|assistant|>"}},
		{"llama2", "Llama 2", []string{"[INST]"}, nil},
		{"zephyr", "Zephyr", []string{"</s>", "<|user|>", "<|assistant|>"}, nil},
		{"vicuna", "Vicuna", []string{"USER:"}, nil},
		{"alpaca", "Alpaca", []string{"### Instruction:"}, nil},
	}
}

// FamilyOf finds a family by its ID or name; ok is false where there is none.
func FamilyOf(name string) (Family, bool) {
	all := Families()
	i := slices.IndexFunc(all, func(f Family) bool { return strings.EqualFold(f.ID, name) || strings.EqualFold(f.Name, name) })
	if i < 0 {
		return Family{}, false
	}
	return all[i], true
}

// Text is the family's template.
func (f Family) Text() string {
	data, err := familyTexts.ReadFile("templates/" + f.ID + ".gotmpl")
	if err != nil {
		return ""
	}
	return strings.TrimSuffix(string(data), "\n")
}

// mostPrompt is how many bytes a template may make of three short messages.
const mostPrompt = 1 << 16

type limited struct{ strings.Builder }

func (l *limited) Write(p []byte) (int, error) {
	if l.Len()+len(p) > mostPrompt {
		return 0, errors.New("it makes too much of a short message")
	}
	return l.Builder.Write(p)
}

// TryTemplate renders chats with a template in the engine's own language, by the engine's own code. One that it can't use,
// or that leaves out what a person says, gives ErrTemplate with the reason; one that leaves out the system prompt ErrNoSystem.
func TryTemplate(text string) error {
	t, err := template.Parse(text)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrTemplate, err)
	}
	chat := []api.Message{{Role: "user", Content: "said-1"}, {Role: "assistant", Content: "said-2"}, {Role: "user", Content: "said-3"}}
	render := func(messages ...api.Message) (string, error) {
		var out limited
		err := t.Execute(&out, template.Values{Messages: slices.Clone(messages)})
		return out.String(), err
	}
	for _, messages := range [][]api.Message{chat[:1], chat} {
		out, err := render(messages...)
		if err != nil {
			return fmt.Errorf("%w: %w", ErrTemplate, err)
		}
		for _, m := range messages {
			if !strings.Contains(out, m.Content) {
				return fmt.Errorf("%w: it leaves out what the %s says", ErrTemplate, m.Role)
			}
		}
	}
	out, err := render(append([]api.Message{{Role: "system", Content: "said-0"}}, chat...)...)
	if err != nil || !strings.Contains(out, "said-0") {
		return ErrNoSystem
	}
	return nil
}
