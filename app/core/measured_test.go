package core

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"weightroom/backend"
	"weightroom/backend/gguf/gguftest"
	"weightroom/backend/library"
)

func TestAnswersAreMeasurements(t *testing.T) {
	c := open(t)
	path := filepath.Join(t.TempDir(), "small.gguf")
	if err := os.WriteFile(path, gguftest.Small(1).Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	model, err := c.Library.Import(t.Context(), path, library.Options{Ref: "qwen3-4b:Q4_K_M"})
	if err != nil {
		t.Fatal(err)
	}
	answer := func(tokens int, speed float64, state backend.MessageState) backend.Message {
		return backend.Message{Model: model.Ref, State: state, Created: time.Now(), Metrics: backend.Metrics{PromptTokens: 20, Tokens: tokens, TokensPerSecond: speed, PromptTokensPerSecond: 50}}
	}
	for name, m := range map[string]backend.Message{
		"a stopped answer": answer(200, 11, backend.StateStopped), "a short answer": answer(10, 11, backend.StateDone), "a late answer": answer(4000, 11, backend.StateDone),
		"an answer of a model that is gone": {Model: "gone:Q4_0", State: backend.StateDone, Metrics: backend.Metrics{Tokens: 100, TokensPerSecond: 11}},
	} {
		if c.Advice.NoteAnswer(t.Context(), m) {
			t.Errorf("%s was kept", name)
		}
	}
	if !c.Advice.NoteAnswer(t.Context(), answer(200, 11, backend.StateDone)) || c.Advice.NoteAnswer(t.Context(), answer(200, 22, backend.StateDone)) {
		t.Error("the first whole answer was not kept, or the second was")
	}
	drives := c.Advice.Runs(t.Context())
	id, quant, _ := c.Catalog.Entry(model)
	speed, ok := c.Advice.LocalRuns(t.Context(), 0).Speed(id, quant)
	if len(drives) != 1 || !ok || speed.Generation != 11 || speed.Prompt != 0 || speed.Source != backend.SourceMeasured {
		t.Errorf("%+v, %+v", drives, speed)
	}
}
