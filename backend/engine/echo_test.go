package engine

import (
	"strings"
	"testing"

	"weightroom/backend"
)

func TestWordsThatWereThereAreNotSaidAgain(t *testing.T) {
	for _, c := range []struct {
		name, had string
		pieces    []string
		want      string
	}{
		{"whole and with the first new word", "Once upon", []string{"Once upon a", " time", ""}, " a time"},
		{"in pieces", "Once upon", []string{"On", "ce ", "upon", " a", " time"}, " a time"},
		{"without the white space at the end", "Once upon ", []string{"Once upon", " a"}, "a"},
		{"not at all", "Once upon", []string{" a", " time"}, " a time"},
		{"only its beginning, which is new then", "Once upon", []string{"Once", " more"}, "Once more"},
		{"only its beginning, at the end", "Once upon", []string{"Once", ""}, "Once"},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := echoOf(backend.Prompt{Messages: []backend.Message{{Role: backend.RoleUser, Text: "?"}, {Role: backend.RoleAssistant, Text: c.had}}})
			var got strings.Builder
			for i, p := range c.pieces {
				got.WriteString(e.strip(p, i == len(c.pieces)-1))
			}
			if got.String() != c.want {
				t.Errorf("%q", got.String())
			}
		})
	}
	e := echoOf(backend.Prompt{Messages: []backend.Message{{Role: backend.RoleUser, Text: "Once"}}})
	if got := e.strip("Once", false); got != "Once" {
		t.Errorf("an answer from its beginning: %q", got)
	}
}
