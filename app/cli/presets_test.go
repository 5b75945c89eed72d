package cli

import (
	"testing"

	"weightroom/backend"
)

func TestSettingsWordsSayAllThatAPresetSets(t *testing.T) {
	x, k, seed := 0.5, 40, int64(7)
	for _, tt := range []struct {
		sampling backend.Sampling
		want     string
	}{
		{backend.Sampling{}, ""},
		{backend.Sampling{Stop: []string{"END", "\n\t"}}, `stop "END", stop "\n\t"`},
		{
			backend.Sampling{
				Temperature: &x, TopP: &x, TopK: &k, MinP: &x, RepeatPenalty: &x, Stop: []string{"END"}, Seed: &seed, MaxTokens: 100, ContextLength: 4096,
			},
			`temperature 0.5, top-p 0.5, top-k 40, min-p 0.5, repeat-penalty 0.5, stop "END", seed 7, max-tokens 100, context 4096`,
		},
	} {
		if got := settingsWords(tt.sampling); got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
}
