package models

import (
	"slices"
	"testing"
)

func TestDefaultsAreTheModelsThenTheEngines(t *testing.T) {
	d := defaults("Be brief.", `{"temperature":0.2,"top_k":20,"stop":["<|end|>"],"num_ctx":4096}`)
	s := d.Sampling
	if d.System != "Be brief." || *s.Temperature != 0.2 || *s.TopK != 20 || s.Stop[0] != "<|end|>" || *s.TopP != 0.9 || *s.RepeatPenalty != 1 {
		t.Errorf("%+v", d)
	}
	if !slices.Equal(d.FromModel, []string{"system", "temperature", "topK", "stop"}) {
		t.Errorf("%v", d.FromModel)
	}
	for _, params := range []string{"", "{", "[]"} {
		if d := defaults("", params); len(d.FromModel) != 0 || *d.Sampling.Temperature != 0.8 {
			t.Errorf("%q: %+v", params, d)
		}
	}
}
