package backend

import (
	"cmp"
	"log/slog"
	"time"
)

// Role says who wrote a message.
type Role string

// The roles of a chat. A chat's system prompt is a field of the chat, not a message.
const (
	RoleUser      Role = "user"
	RoleAssistant Role = "assistant"
)

// MessageState says how far a message got.
type MessageState string

// A message of the person's is Done from the start. An answer is Streaming until it ends one of four ways.
const (
	StateStreaming   MessageState = "streaming"
	StateDone        MessageState = "done"
	StateStopped     MessageState = "stopped"     // the person pressed Stop
	StateFailed      MessageState = "failed"      // the engine said no, or died
	StateInterrupted MessageState = "interrupted" // the app itself ended while it streamed
)

// Sampling is how an answer is drawn. The zero value means the model's own defaults.
type Sampling struct {
	Temperature   *float64 `json:"temperature,omitempty"`
	TopP          *float64 `json:"topP,omitempty"`
	Seed          *int64   `json:"seed,omitempty"`
	TopK          *int     `json:"topK,omitempty"`          // tokens that are considered; 0: all
	MinP          *float64 `json:"minP,omitempty"`          // least share of the likeliest token's probability
	RepeatPenalty *float64 `json:"repeatPenalty,omitempty"` // 1: none
	Stop          []string `json:"stop,omitempty"`          // words that end the answer; empty: the model's own
	MaxTokens     int      `json:"maxTokens,omitempty"`     // 0: no limit but the context
	ContextLength int      `json:"contextLength,omitempty"` // tokens; 0: the setting's default
}

// Over is what s leaves open, taken from base.
func (s Sampling) Over(base Sampling) Sampling {
	s.Temperature, s.TopP, s.Seed = cmp.Or(s.Temperature, base.Temperature), cmp.Or(s.TopP, base.TopP), cmp.Or(s.Seed, base.Seed)
	s.TopK, s.MinP, s.RepeatPenalty = cmp.Or(s.TopK, base.TopK), cmp.Or(s.MinP, base.MinP), cmp.Or(s.RepeatPenalty, base.RepeatPenalty)
	s.MaxTokens, s.ContextLength = cmp.Or(s.MaxTokens, base.MaxTokens), cmp.Or(s.ContextLength, base.ContextLength)
	if len(s.Stop) == 0 {
		s.Stop = base.Stop
	}
	return s
}

// Chat is one conversation: a tree of messages and the leaf that is on screen.
type Chat struct {
	ID       string    `json:"id"`
	Title    string    `json:"title"`
	Named    bool      `json:"named"` // the person chose the title, so it is never replaced
	Model    string    `json:"model"` // reference of the model that answers next
	System   string    `json:"system"`
	Sampling Sampling  `json:"sampling"`
	Leaf     string    `json:"leaf"` // message that ends the shown branch; empty: no messages
	Draft    string    `json:"draft"`
	Pinned   bool      `json:"pinned"`
	Created  time.Time `json:"created"`
	Updated  time.Time `json:"updated"` // last message
	Deleted  time.Time `json:"deleted"` // zero: not in the trash
}

// Message is one node of a chat's tree. Nothing is overwritten: to edit or regenerate adds a sibling.
type Message struct {
	ID       string       `json:"id"`
	ChatID   string       `json:"chatId"`
	Parent   string       `json:"parent"` // empty: a root
	Role     Role         `json:"role"`
	Text     string       `json:"text"`
	Thinking string       `json:"thinking,omitempty"`
	State    MessageState `json:"state"`
	Problem  *Error       `json:"problem,omitempty"` // why State is Failed
	Model    string       `json:"model,omitempty"`
	Metrics  Metrics      `json:"metrics"`
	Created  time.Time    `json:"created"`
}

// Metrics are the measured figures of one answer. Speeds are tokens per second, times seconds.
type Metrics struct {
	PromptTokens            int     `json:"promptTokens"`
	Tokens                  int     `json:"tokens"`
	PromptTokensPerSecond   float64 `json:"promptTokensPerSecond"`
	TokensPerSecond         float64 `json:"tokensPerSecond"`
	TimeToFirstTokenSeconds float64 `json:"timeToFirstTokenSeconds"`
	LoadSeconds             float64 `json:"loadSeconds"`
	ThinkingSeconds         float64 `json:"thinkingSeconds"`
	Disturbed               bool    `json:"disturbed,omitempty"` // other programs kept the processors busy while it was written
}

// LogValue keeps what people wrote out of every log: only the id, the role and the length are shown.
func (m Message) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("id", m.ID),
		slog.String("role", string(m.Role)),
		slog.Int("length", len(m.Text)),
	)
}

// Path returns the branch that ends at leaf, root first. A leaf that is not among messages gives nil; a cycle,
// which only a damaged file can hold, ends the branch where it closes.
func Path(messages []Message, leaf string) []Message {
	byID := make(map[string]Message, len(messages))
	for _, m := range messages {
		byID[m.ID] = m
	}
	var path []Message
	seen := map[string]bool{}
	for id := leaf; id != "" && !seen[id]; {
		m, ok := byID[id]
		if !ok {
			break
		}
		seen[id] = true
		path = append(path, m)
		id = m.Parent
	}
	for i, j := 0, len(path)-1; i < j; i, j = i+1, j-1 {
		path[i], path[j] = path[j], path[i]
	}
	return path
}
