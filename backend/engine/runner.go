package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/ollama/ollama/api"

	"weightroom/backend"
	"weightroom/backend/llama"
)

// loadTick is how often the progress of a load is looked at.
const loadTick = 200 * time.Millisecond

var _ backend.Runner = (*Engine)(nil)

// Loaded is a model in memory.
type Loaded struct {
	Ref           string
	Bytes         int64 // the engine's own account: weights, KV cache and buffers
	GPUBytes      int64 // the part of it that is in graphics memory
	ContextLength int
	Expires       time.Time
}

// Loaded lists the models in memory. It does not start the engine: with none running, none are loaded.
func (e *Engine) Loaded(ctx context.Context) ([]Loaded, error) {
	e.mu.Lock()
	c := e.child
	e.mu.Unlock()
	if c == nil || !c.alive() {
		return nil, nil
	}
	res, err := c.api.ListRunning(ctx)
	if err != nil {
		return nil, e.readable(ctx, c, "", err)
	}
	var loaded []Loaded
	for _, m := range res.Models {
		loaded = append(loaded, Loaded{Ref: m.Name, Bytes: m.Size, GPUBytes: m.SizeVRAM, ContextLength: m.ContextLength, Expires: m.ExpiresAt})
	}
	return loaded, nil
}

// Unload takes the model out of memory.
func (e *Engine) Unload(ctx context.Context, ref string) error {
	c, err := e.running(ctx)
	if err != nil {
		return err
	}
	none := api.Duration{}
	err = c.api.Generate(ctx, &api.GenerateRequest{Model: ref, KeepAlive: &none}, func(api.GenerateResponse) error { return nil })
	if err != nil {
		return e.readable(ctx, c, ref, err)
	}
	e.update(func(s *Status) { s.Model, s.LoadProgress = "", 0 })
	return nil
}

// Load brings a model into memory for a context of contextLength tokens. progress is called with 0..1, estimated
// from the memory that the engine has taken of the bytes it will need; it may be nil.
func (e *Engine) Load(ctx context.Context, ref string, contextLength int, bytes int64, progress func(float64)) error {
	e.active.Add(1)
	defer e.active.Add(-1)
	c, err := e.tuned(ctx)
	if err != nil {
		return err
	}
	return e.load(ctx, c, ref, contextLength, bytes, progress)
}

func (e *Engine) load(ctx context.Context, c *child, ref string, contextLength int, bytes int64, progress func(float64)) error {
	loaded, err := e.Loaded(ctx)
	if err != nil {
		return err
	}
	how, before := e.how(), c.howOf(ref)
	how.NoFlash = false // the child has it for its life
	for _, m := range loaded {
		if m.Ref != ref || m.ContextLength != contextLength {
			continue
		}
		if before == how {
			return nil
		}
		slog.Info("model is loaded anew to work another way", "before", before, "now", how)
	}
	e.update(func(s *Status) { s.State, s.Model, s.LoadProgress = StateLoading, ref, 0 })
	done := make(chan struct{})
	reported := make(chan struct{})
	go func() {
		defer close(reported)
		ticker := time.NewTicker(loadTick)
		defer ticker.Stop()
		for {
			select {
			case <-done:
				return
			case <-ticker.C:
				p := c.loadProgress(bytes)
				e.update(func(s *Status) { s.LoadProgress = p })
				if progress != nil {
					progress(p)
				}
			}
		}
	}()
	guarded, guard := c.guard(ctx)
	err = c.api.Generate(guarded, &api.GenerateRequest{Model: ref, Options: loadOptions(contextLength, how)},
		func(api.GenerateResponse) error { return nil })
	guard.end()
	close(done)
	<-reported
	if err != nil {
		e.update(func(s *Status) {
			if s.State == StateLoading {
				s.State, s.Model, s.LoadProgress = StateReady, "", 0
			}
		})
		return e.readable(ctx, c, ref, err)
	}
	c.loaded.Store(ref, how)
	e.update(func(s *Status) { s.State, s.Model, s.LoadProgress = StateReady, ref, 1 })
	return nil
}

// loadOptions are what a model is loaded with. A request with others has it loaded anew.
func loadOptions(contextLength int, how llama.How) map[string]any {
	options := map[string]any{"num_ctx": contextLength}
	if how.Threads > 0 {
		options["num_thread"] = how.Threads
	}
	if how.Batch > 0 { // the engine would put its own choice before one of the environment
		options["num_batch"] = min(how.Batch, OwnBatch(contextLength))
	}
	return options
}

// OwnBatch is how many tokens of a prompt the engine works on at once for a context of that length, where nobody says
// and memory is no concern (Ollama's server/sched.go, generationBatchForContext).
func OwnBatch(contextLength int) int {
	switch {
	case contextLength > 32768:
		return 2048
	case contextLength > 4096:
		return 1024
	}
	return 512
}

// howOf is what a model was last loaded with; zero: llama.cpp chose, or it was not loaded.
func (c *child) howOf(ref string) llama.How {
	how, _ := c.loaded.Load(ref)
	h, _ := how.(llama.How)
	return h
}

// loadProgress is the share of bytes that llama-server holds by now, at most 0.99 before the engine itself says it
// is done.
func (c *child) loadProgress(bytes int64) float64 {
	if bytes <= 0 {
		return 0
	}
	var rss int64
	for _, p := range processTree(c.cmd.Process.Pid) {
		if isServer(p) {
			rss += p.rssBytes
		}
	}
	return min(0.99, float64(rss)/float64(bytes))
}

// isServer reports whether a process is the llama-server that holds a model.
func isServer(p process) bool { return strings.HasPrefix(p.name, llama.Server) }

// Answer implements backend.Runner by Ollama's chat, which applies the model's own template.
func (e *Engine) Answer(ctx context.Context, p backend.Prompt, emit func(backend.Delta)) (backend.Metrics, error) {
	e.active.Add(1)
	defer e.active.Add(-1)
	var m backend.Metrics
	if e.Status().State != StateReady {
		emit(backend.Delta{Phase: backend.PhaseStarting, Progress: -1})
	}
	c, err := e.tuned(ctx)
	if err != nil {
		return m, err
	}
	begin := time.Now()
	// progress comes from another goroutine, and emit is promised to one: the last call has returned before load does.
	err = e.load(ctx, c, p.Model, p.Sampling.ContextLength, p.Bytes, func(f float64) {
		emit(backend.Delta{Phase: backend.PhaseLoading, Progress: f})
	})
	if err != nil {
		return m, err
	}
	m.LoadSeconds = time.Since(begin).Seconds()
	emit(backend.Delta{Phase: backend.PhaseReading, Progress: -1})
	err = e.stream(ctx, c, p, &m, emit)
	return m, err
}

// stream sends the prompt to a loaded model and passes on what comes.
func (e *Engine) stream(ctx context.Context, c *child, p backend.Prompt, m *backend.Metrics, emit func(backend.Delta)) error {
	guarded, guard := c.guard(ctx)
	begin := time.Now()
	var first, last, thought time.Time
	var writing ownWatch
	finished := false
	repeated := echoOf(p)
	prompt, counted := e.prompts.ask()
	defer counted()
	err := c.api.Chat(guarded, chatRequest(p, c.howOf(p.Model)), func(r api.ChatResponse) error {
		guard.alive()
		r.Message.Content = repeated.strip(r.Message.Content, r.Done)
		if r.Message.Content != "" || r.Message.Thinking != "" {
			last = time.Now()
			if first.IsZero() {
				first = last
				m.TimeToFirstTokenSeconds = first.Sub(begin).Seconds()
				writing = e.watchOwn(ctx)
			}
			if r.Message.Thinking != "" {
				thought = last
			}
			m.Tokens++ // one token a piece, until the engine's own count arrives
			emit(backend.Delta{
				Phase: backend.PhaseWriting, Progress: -1, Text: r.Message.Content, Thinking: r.Message.Thinking, PromptTokens: int(prompt.Load()),
			})
		}
		if r.Done {
			finished = true
			countFinal(m, r.Metrics)
		}
		return nil
	})
	guard.end()
	if !first.IsZero() {
		m.Disturbed = writing.end(context.WithoutCancel(ctx)).Disturbed()
	}
	if !thought.IsZero() {
		m.ThinkingSeconds = thought.Sub(first).Seconds()
	}
	if !finished {
		m.PromptTokens = int(prompt.Load())
	}
	if !finished && m.Tokens > 1 {
		m.TokensPerSecond = float64(m.Tokens-1) / last.Sub(first).Seconds()
	}
	if err == nil && !finished {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return withoutLonger(e.readable(ctx, c, p.Model, err), p)
	}
	return nil
}

// hintLonger is the next step where a model can hold more than it was given.
const hintLonger = "Choose a longer context in Chat settings, or start a new chat."

// withoutLonger advises no longer context than the model has.
func withoutLonger(err error, p backend.Prompt) error {
	var e *backend.Error
	if !errors.As(err, &e) || e.Hint != hintLonger || p.Longest == 0 || p.Sampling.ContextLength < p.Longest {
		return err
	}
	return backend.Fail(e.Code, err, e.Message, "Shorten it, start a new chat, or choose a model with a longer context.")
}

// echo takes the words of an answer that is gone on with out of what comes: the engine says them again before it goes on.
type echo struct{ left, held string }

func echoOf(p backend.Prompt) *echo {
	if !p.Continues() {
		return &echo{}
	}
	return &echo{left: p.Messages[len(p.Messages)-1].Text}
}

// strip returns what of text is new. What may yet turn out to be new is held back until that is known.
func (e *echo) strip(text string, last bool) string {
	switch {
	case e.left == "":
		return text
	case strings.HasPrefix(text, e.left):
		text = text[len(e.left):]
	case strings.HasPrefix(e.left, text) && !last:
		e.left, e.held = e.left[len(text):], e.held+text
		return ""
	default:
		text = e.held + text
	}
	e.left, e.held = "", ""
	return text
}

// countFinal takes over the engine's own figures. Tokens that were still in its cache were not read again, so they
// count as prompt but not towards its speed.
func countFinal(m *backend.Metrics, f api.Metrics) {
	m.PromptTokens, m.Tokens = f.PromptEvalCount, f.EvalCount
	read := f.PromptEvalCount
	if f.PromptEvalCachedCount != nil {
		read -= *f.PromptEvalCachedCount
	}
	if s := f.PromptEvalDuration.Seconds(); s > 0 && read > 0 {
		m.PromptTokensPerSecond = float64(read) / s
	}
	if s := f.EvalDuration.Seconds(); s > 0 {
		m.TokensPerSecond = float64(f.EvalCount) / s
	}
}

func chatRequest(p backend.Prompt, how llama.How) *api.ChatRequest {
	options := loadOptions(p.Sampling.ContextLength, how)
	if p.Sampling.Temperature != nil {
		options["temperature"] = *p.Sampling.Temperature
	}
	if p.Sampling.TopP != nil {
		options["top_p"] = *p.Sampling.TopP
	}
	if p.Sampling.TopK != nil {
		options["top_k"] = *p.Sampling.TopK
	}
	if p.Sampling.MinP != nil {
		options["min_p"] = *p.Sampling.MinP
	}
	if p.Sampling.RepeatPenalty != nil {
		options["repeat_penalty"] = *p.Sampling.RepeatPenalty
	}
	if len(p.Sampling.Stop) > 0 {
		options["stop"] = p.Sampling.Stop
	}
	if p.Sampling.Seed != nil {
		options["seed"] = *p.Sampling.Seed
	}
	if p.Sampling.MaxTokens > 0 {
		options["num_predict"] = p.Sampling.MaxTokens
	}
	var messages []api.Message
	if p.System != "" {
		messages = append(messages, api.Message{Role: "system", Content: p.System})
	}
	for _, m := range p.Messages {
		messages = append(messages, api.Message{Role: string(m.Role), Content: m.Text})
	}
	r := &api.ChatRequest{Model: p.Model, Messages: messages, Options: options}
	if p.Continues() {
		r.Think = &api.ThinkValue{Value: false} // an answer that has begun is past its thoughts, and can't be given along with them
	}
	return r
}

// Standard is how answers are drawn where neither a model nor a person says.
func Standard() backend.Sampling {
	o := api.DefaultOptions()
	widen := func(f float32) *float64 { // 0.9 is 0.9, and not 0.8999999761581421
		wide, _ := strconv.ParseFloat(strconv.FormatFloat(float64(f), 'g', -1, 32), 64)
		return &wide
	}
	return backend.Sampling{
		Temperature: widen(o.Temperature), TopP: widen(o.TopP), TopK: &o.TopK, MinP: widen(o.MinP), RepeatPenalty: widen(o.RepeatPenalty),
	}
}

// guard watches one request: when the engine is silent and its processors idle for hungAfter, it is killed, which
// ends the request.
type guard struct {
	heard  atomic.Int64 // unix nanoseconds of the last sign of life
	cancel context.CancelFunc
	done   chan struct{}
}

func (c *child) guard(ctx context.Context) (context.Context, *guard) {
	ctx, cancel := context.WithCancel(ctx)
	g := &guard{cancel: cancel, done: make(chan struct{})}
	g.alive()
	go func() {
		defer close(g.done)
		ticker := time.NewTicker(time.Second)
		defer ticker.Stop()
		ticks := c.cpuTicks()
		for {
			select {
			case <-ctx.Done():
				return
			case <-c.done:
				return
			case <-ticker.C:
			}
			if now := c.cpuTicks(); now != ticks {
				ticks = now
				g.alive()
			}
			if time.Since(time.Unix(0, g.heard.Load())) > hungAfter {
				slog.Error("engine is silent, ending it")
				c.silence()
				return
			}
		}
	}()
	return ctx, g
}

func (g *guard) alive() { g.heard.Store(time.Now().UnixNano()) }

// end stops watching.
func (g *guard) end() {
	g.cancel()
	<-g.done
}

// readable turns what Ollama or the socket says into a sentence.
func (e *Engine) readable(ctx context.Context, c *child, ref string, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if c.hung.Load() {
		return backend.Fail(backend.CodeEngineHung, err, "The engine stopped responding and was restarted.", "Press Try again. What it had written is kept.")
	}
	died := func() error {
		return backend.Fail(backend.CodeEngineDied, err, "The engine stopped in the middle of its work.", "Press Try again. What it had written is kept, and the engine has been restarted.")
	}
	var network *net.OpError
	var syntax *json.SyntaxError
	if !c.alive() || errors.As(err, &network) || errors.As(err, &syntax) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNREFUSED) {
		return died()
	}
	text := strings.ToLower(err.Error())
	has := func(parts ...string) bool {
		for _, p := range parts {
			if strings.Contains(text, p) {
				return true
			}
		}
		return false
	}
	switch {
	case has("out of memory", "unable to allocate", "failed to allocate", "more system memory", "cannot allocate", "insufficient memory"):
		return backend.Fail(backend.CodeTooBig, err, "This model needs more memory than is free.", "Close other programs, choose a shorter context in Chat settings, or pick a smaller model.")
	case has("not found", "no such model"):
		return backend.Fail(backend.CodeNotFound, err, fmt.Sprintf("The model %s is not in the library.", ref), "Pick another model, or import its file again.")
	case has("exceeds the available context", "exceed_context", "context length"):
		return backend.Fail(backend.CodeInvalid, err, "This conversation is longer than the context.", hintLonger)
	case has("unknown model architecture", "unknown pre-tokenizer", "unknown tokenizer", "unsupported"):
		return backend.Fail(backend.CodeUnsupported, err, "The engine does not know this kind of model.", "Pick another model. A newer Weightroom may run it.")
	case has("within the file bounds", "corrupt"):
		return backend.Fail(backend.CodeModelFailed, err, "The engine could not load this model.", "Verify its file on the Library page. The engine's log on the Machine page says more.")
	case has("error loading model", "chat template"):
		return backend.Fail(backend.CodeUnsupported, err, "The engine can't read this model's file.", "Get another conversion of this model, or pick another model. The engine's log on the Machine page says more.")
	case has("process has terminated: exit status 1: error:"): // it ended by itself, before it had the model
		return backend.Fail(backend.CodeModelFailed, err, "The engine could not load this model.", "Get another conversion of this model, or pick another one. The engine's log on the Machine page says more.")
	case has("process has terminated", "no longer running", "connection reset", "connection refused", "unexpected eof", "broken pipe"):
		return died()
	case has("error loading model", "failed to load", "unable to load", "invalid", "corrupt"):
		return backend.Fail(backend.CodeModelFailed, err, "The engine could not load this model.", "Verify its file on the Library page. The engine's log on the Machine page says more.")
	}
	return backend.Fail(backend.CodeModelFailed, err, "The engine could not answer.", "Press Try again. The engine's log on the Machine page says more.")
}
