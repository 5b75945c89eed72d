package backend

import "context"

// Phase is what an answer waits for.
type Phase string

// The phases of one answer, in order.
const (
	PhaseWaiting  Phase = "waiting"  // another chat is answered first
	PhaseStarting Phase = "starting" // the engine starts
	PhaseLoading  Phase = "loading"  // the weights go into memory
	PhaseReading  Phase = "reading"  // the prompt is processed
	PhaseWriting  Phase = "writing"  // tokens come
)

// Prompt is everything a runner needs for one answer.
type Prompt struct {
	Model    string // reference in the library
	Bytes    int64  // size of its weights, for progress while loading; 0: unknown
	Longest  int    // tokens that the model can hold; 0: unknown
	System   string
	Messages []Message // root first; the last one is the person's, or an answer to go on with
	Sampling Sampling  // ContextLength must be set
}

// Continues reports whether an answer that has begun is gone on with.
func (p Prompt) Continues() bool {
	return len(p.Messages) > 0 && p.Messages[len(p.Messages)-1].Role == RoleAssistant
}

// Delta is one step of an answer: a phase with its progress (0..1, or -1 where unknown), or new text: about a token of it.
type Delta struct {
	Phase        Phase
	Progress     float64
	Text         string
	Thinking     string
	PromptTokens int // what the prompt has, once the engine has said it; 0: not yet
}

// Runner answers prompts. Answer calls emit from one goroutine, in order, and returns after the last call; when ctx
// is cancelled it returns within a second, whatever the engine does, with the metrics it has so far and ctx's error.
// Other errors are *Error.
type Runner interface {
	Answer(ctx context.Context, p Prompt, emit func(Delta)) (Metrics, error)
}
