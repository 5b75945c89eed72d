package core

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"weightroom/backend"
	"weightroom/backend/advisor"
	"weightroom/backend/gguf/gguftest"
	"weightroom/backend/library"
)

// smallModel puts a tiny real file into the library under a reference.
func smallModel(t *testing.T, c *Core, ref string) backend.Model {
	t.Helper()
	path := filepath.Join(t.TempDir(), "small.gguf")
	if err := os.WriteFile(path, gguftest.Small(1).Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	model, err := c.Library.Import(t.Context(), path, library.Options{Ref: ref})
	if err != nil {
		t.Fatal(err)
	}
	return model
}

func TestAnswersAreMeasurements(t *testing.T) {
	c := open(t)
	model := smallModel(t, c, "qwen3-4b:Q4_K_M")
	answer := func(tokens int, speed float64, state backend.MessageState) backend.Message {
		return backend.Message{Model: model.Ref, State: state, Created: time.Now(), Metrics: backend.Metrics{PromptTokens: 20, Tokens: tokens, TokensPerSecond: speed, PromptTokensPerSecond: 50}}
	}
	for name, m := range map[string]backend.Message{
		"a stopped answer": answer(200, 11, backend.StateStopped), "a short answer": answer(10, 11, backend.StateDone),
		"an answer of a model that is gone": {Model: "gone:Q4_0", State: backend.StateDone, Metrics: backend.Metrics{Tokens: 100, TokensPerSecond: 11}},
	} {
		if c.Advice.NoteAnswer(t.Context(), m) {
			t.Errorf("%s was kept", name)
		}
	}
	id, quant, _ := c.Catalog.Entry(model)
	note := func(speed float64, disturbed bool) advisor.Speed {
		t.Helper()
		m := answer(200, speed, backend.StateDone)
		m.Metrics.Disturbed = disturbed
		if !c.Advice.NoteAnswer(t.Context(), m) {
			t.Fatal("an answer was not kept")
		}
		s, ok := c.Advice.LocalRuns(t.Context(), advisor.Memory{}, "").Speed(id, quant)
		if !ok || s.Source != backend.SourceMeasured {
			t.Fatalf("%+v, %v", s, ok)
		}
		return s
	}
	if s := note(4, true); s.Generation != 4 || !s.Disturbed {
		t.Errorf("the only answer there is: %+v", s)
	}
	if s := note(11, false); s.Generation != 11 || s.Disturbed || s.Prompt != 0 || s.Error < 0.09 {
		t.Errorf("one that nothing disturbed does not come before: %+v", s)
	}
	note(10, false)
	if s := note(12, false); s.Generation != 11 || s.Error < 0.05 {
		t.Errorf("not the median of three: %+v", s)
	}
	if s := note(3, true); s.Generation != 11 {
		t.Errorf("a disturbed answer moves the figure: %+v", s)
	}
	for range 9 {
		note(20, false)
	}
	if s := note(20, false); s.Generation != 20 || s.Error > 0.04 {
		t.Errorf("answers of long ago still count: %+v", s)
	}
	late := answer(4000, 5, backend.StateDone)
	late.Metrics.PromptTokens = 2000
	if !c.Advice.NoteAnswer(t.Context(), late) {
		t.Error("an answer deep in a context is not kept")
	}
	if s, _ := c.Advice.LocalRuns(t.Context(), advisor.Memory{}, "").Speed(id, quant); s.Generation != 20 || s.Deep.Depth != 4000 || s.Deep.Generation != 5 {
		t.Errorf("after an answer deep in a context: %+v", s)
	}
	runs := c.Advice.Runs(t.Context())
	if n := len(runs); n != 12 { // nine of one kind, the two disturbed and the deep one
		t.Errorf("%d are kept", n)
	}
	if last := runs[len(runs)-1]; last.Digest != model.Digest || last.KV != "f16" || last.Depth != 4000 {
		t.Errorf("kept without its key: %+v", last)
	}
	if s, ok := c.Advice.LocalRuns(t.Context(), advisor.Memory{}, advisor.KVQ8).Speed(id, quant); ok {
		t.Errorf("of another KV cache: %+v", s)
	}
}

// TestRunsWithOtherThreadsDoNotCount holds that a figure from before a quota or a setting changed says nothing of now.
func TestRunsWithOtherThreadsDoNotCount(t *testing.T) {
	c := open(t)
	now := c.Machine.Threads(t.Context()).Count
	const id, quant = "qwen3-4b", "Q4_K_M"
	speed := func() float64 {
		s, _ := c.Advice.LocalRuns(t.Context(), advisor.Memory{}, "").Speed(id, quant)
		return s.Generation
	}
	for _, step := range []struct {
		name    string
		run     backend.Drive
		counted float64
	}{
		{"with other threads", backend.Drive{Threads: now + 1, TokensPerSecond: 1}, 0},
		{"with those of now", backend.Drive{Threads: now, TokensPerSecond: 2}, 2},
		{"with other threads, later", backend.Drive{Threads: now + 1, TokensPerSecond: 3}, 2},
		{"that does not say", backend.Drive{TokensPerSecond: 4}, 4},
		{"on a graphics processor", backend.Drive{Threads: now + 1, TokensPerSecond: 5, Driver: "550.54"}, 5},
	} {
		step.run.Model, step.run.Quant, step.run.Source, step.run.Engine = id, quant, backend.SourceTestDrive, c.Machine.Build().Ollama
		if err := c.Advice.KeepRun(t.Context(), step.run); err != nil {
			t.Fatal(err)
		}
		if got := speed(); got != step.counted {
			t.Errorf("after a run %s: %g, want %g", step.name, got, step.counted)
		}
	}
}

func TestThePlanOfTheEngineIsTheFigureEverywhere(t *testing.T) {
	c := open(t)
	const id, quant = "qwen3-0.6b", "Q4_K_M"
	path := filepath.Join(t.TempDir(), "small.gguf")
	if err := os.WriteFile(path, gguftest.Small(1).Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	model, err := c.Library.Import(t.Context(), path, library.Options{Ref: id + ":" + quant})
	if err != nil {
		t.Fatal(err)
	}
	model.Quant, model.ContextLength = quant, 40960
	calculated, ok := c.Advice.Memory(t.Context(), model, 8192)
	if !ok || calculated.TotalBytes < 1_000_000_000 {
		t.Fatalf("%+v, %t", calculated, ok)
	}
	plan := backend.MemoryPlan{WeightsBytes: 400_000_000, KVBytes: 900_000_000, ComputeBytes: 300_000_000, TotalBytes: 1_600_000_000}
	kept := []map[string]any{{"model": id, "quant": quant, "context": 8192, "kv": "f16", "engine": c.Machine.Build().Ollama, "memory": plan}}
	if err := c.History.Put(t.Context(), "plans", kept); err != nil {
		t.Fatal(err)
	}
	if got, _ := c.Advice.Memory(t.Context(), model, 8192); got.TotalBytes != plan.TotalBytes {
		t.Errorf("of the loaded model: %d", got.TotalBytes)
	}
	if got, _ := c.Advice.Memory(t.Context(), model, 8192); !got.Planned || calculated.Planned || got.Context != 8192 {
		t.Errorf("where the figure is from: %+v, and before %+v", got, calculated)
	}
	short := model
	short.Ref, short.ContextLength = "short", 4096
	both := c.Advice.Memories(t.Context(), []backend.Model{model, short, {Ref: "unknown"}}, 8192)
	if len(both) != 2 || !both[model.Ref].Planned || both["short"].Planned || both["short"].Context != 4096 {
		t.Errorf("of several models: %+v", both)
	}
	if other, _ := c.Advice.Memory(t.Context(), model, 4096); other.TotalBytes >= calculated.TotalBytes {
		t.Errorf("another context: %d", other.TotalBytes)
	}
	any := 0.0
	r, err := c.Advice.Rank(t.Context(), advisor.Ask{MinSpeed: &any, FreeMemory: 64_000_000_000}, "")
	if err != nil {
		t.Fatal(err)
	}
	if all, err := c.Advice.Catalog(); err != nil || r.Considered != len(all.Models()) {
		t.Errorf("%d models are known, the catalog has %d: %v", r.Considered, len(all.Models()), err)
	}
	seen := false
	for _, choice := range r.Choices {
		if choice.Model != id || choice.Quant != quant {
			if choice.Planned {
				t.Errorf("%s %s has no plan", choice.Model, choice.Quant)
			}
			continue
		}
		seen = true
		if !choice.Planned || choice.Memory.TotalBytes != plan.TotalBytes {
			t.Errorf("in the ranking: %+v", choice.Memory)
		}
	}
	if !seen {
		t.Skip("another quant was ranked")
	}
}

func TestOwnUseIsCountedFromTheLastWeeks(t *testing.T) {
	c := open(t)
	start, err := c.Advice.Start(t.Context())
	if err != nil || len(start.Usages) != 4 || start.InputPerDay != start.Usages[1].InputPerDay || start.InputPrice <= 0 {
		t.Fatalf("%+v, %v", start, err)
	}
	chat, err := c.CreateChat(t.Context(), "m")
	if err != nil {
		t.Fatal(err)
	}
	parent := ""
	for range 12 {
		user, answer, err := c.History.AddTurn(t.Context(),
			backend.Message{ChatID: chat.ID, Parent: parent, Role: backend.RoleUser, Text: "hello"},
			backend.Message{ChatID: chat.ID, Role: backend.RoleAssistant, State: backend.StateStreaming})
		if err != nil {
			t.Fatal(err, user.ID)
		}
		answer.State, answer.Text, answer.Metrics = backend.StateDone, "hi", backend.Metrics{PromptTokens: 500, Tokens: 100}
		if err := c.History.FinishAnswer(t.Context(), answer); err != nil {
			t.Fatal(err)
		}
		parent = answer.ID
	}
	start, err = c.Advice.Start(t.Context())
	if err != nil || start.Usages[0].ID != "own" || start.Usages[0].Days != 1 || start.InputPerDay != 6000 || start.OutputPerDay != 1200 || start.Usages[0].MessagesPerDay != 12 {
		t.Errorf("%+v, %v", start, err)
	}
}

func TestTheMemoryOfAModelThatTheCatalogDoesNotKnowIsItsHeaders(t *testing.T) {
	c := open(t)
	path := filepath.Join(t.TempDir(), "own.gguf")
	if err := os.WriteFile(path, gguftest.Small(1).Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	model, err := c.Library.Import(t.Context(), path, library.Options{Ref: "my-own:Q8_0"})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // read, and remembered
		got, ok := c.Advice.Memory(t.Context(), model, 1<<20)
		if !ok || got.TotalBytes <= model.Bytes || got.Planned || got.Context != model.ContextLength {
			t.Errorf("%t, %+v", ok, got)
		}
	}
	if err := os.Remove(model.Path); err != nil {
		t.Fatal(err)
	}
	model.Digest = "sha256:another"
	if got, ok := c.Advice.Memory(t.Context(), model, 8192); ok {
		t.Errorf("a file that is gone takes %+v", got)
	}
}
