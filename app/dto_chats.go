package app

// ChatSummary is a row of the chat list.
type ChatSummary struct {
	ID        string `json:"id"`
	Title     string `json:"title"`
	Model     string `json:"model"`
	Pinned    bool   `json:"pinned"`
	CreatedAt int64  `json:"createdAt"`
	UpdatedAt int64  `json:"updatedAt"`
	DeletedAt int64  `json:"deletedAt"` // 0: not in the trash
	PurgeAt   int64  `json:"purgeAt"`   // when it is deleted for good; 0: not in the trash
	Streaming bool   `json:"streaming"` // an answer is being written
}

// FoundChat is a chat that a search has found, with the newest of its messages that hold the words.
type FoundChat struct {
	Chat      ChatSummary `json:"chat"`
	MessageID string      `json:"messageId"` // empty: only the title holds them
	Before    string      `json:"before"`    // the words' surroundings in the message, on one line
	Match     string      `json:"match"`
	After     string      `json:"after"`
}

// Chat is a whole conversation: every message of its tree, and the leaf whose branch is shown.
type Chat struct {
	ID            string    `json:"id"`
	Title         string    `json:"title"`
	Model         string    `json:"model"`
	System        string    `json:"system"`
	Leaf          string    `json:"leaf"`
	Draft         string    `json:"draft"`
	Pinned        bool      `json:"pinned"`
	CreatedAt     int64     `json:"createdAt"`
	UpdatedAt     int64     `json:"updatedAt"`
	Temperature   float64   `json:"temperature"`   // -1: the model's default
	TopP          float64   `json:"topP"`          // -1: the model's default
	TopK          int       `json:"topK"`          // -1: the model's default
	MinP          float64   `json:"minP"`          // -1: the model's default
	RepeatPenalty float64   `json:"repeatPenalty"` // -1: the model's default
	Stop          []string  `json:"stop"`          // words that end the answer; empty: the model's own
	Seed          int64     `json:"seed"`          // -1: a new one each time
	MaxTokens     int       `json:"maxTokens"`     // 0: no limit but the context
	ContextLength int       `json:"contextLength"` // tokens; 0: the setting's default
	Messages      []Message `json:"messages"`
}

// ChatOptions is what Chat settings changes about a chat.
type ChatOptions struct {
	System        string   `json:"system"`
	Temperature   float64  `json:"temperature"`
	TopP          float64  `json:"topP"`
	TopK          int      `json:"topK"`          // -1: the model's default
	MinP          float64  `json:"minP"`          // -1: the model's default
	RepeatPenalty float64  `json:"repeatPenalty"` // -1: the model's default
	Stop          []string `json:"stop"`          // words that end the answer; empty: the model's own
	Seed          int64    `json:"seed"`
	MaxTokens     int      `json:"maxTokens"`
	ContextLength int      `json:"contextLength"`
}

// ChatDefaults is what counts where a chat says nothing.
type ChatDefaults struct {
	System        string   `json:"system"`
	Temperature   float64  `json:"temperature"`
	TopP          float64  `json:"topP"`
	TopK          int      `json:"topK"`
	MinP          float64  `json:"minP"`
	RepeatPenalty float64  `json:"repeatPenalty"`
	Stop          []string `json:"stop"`
	FromModel     []string `json:"fromModel"` // names of the fields that the model brings; the others are the engine's
}

// ChatPreset is a named way of drawing answers.
type ChatPreset struct {
	Name    string      `json:"name"`
	BuiltIn bool        `json:"builtIn"` // comes with the app, and leaves the system prompt and the lengths alone
	Options ChatOptions `json:"options"`
}

// Message is one node of a chat's tree.
type Message struct {
	ID                      string  `json:"id"`
	ChatID                  string  `json:"chatId"`
	ParentID                string  `json:"parentId"` // empty: a root
	Role                    string  `json:"role"`     // user, assistant
	Text                    string  `json:"text"`
	Thinking                string  `json:"thinking"`
	State                   string  `json:"state"` // streaming, done, stopped, failed, interrupted
	Problem                 Problem `json:"problem"`
	Model                   string  `json:"model"`
	CreatedAt               int64   `json:"createdAt"`
	PromptTokens            int     `json:"promptTokens"`
	Tokens                  int     `json:"tokens"`
	PromptTokensPerSecond   float64 `json:"promptTokensPerSecond"`
	TokensPerSecond         float64 `json:"tokensPerSecond"`
	TimeToFirstTokenSeconds float64 `json:"timeToFirstTokenSeconds"`
	LoadSeconds             float64 `json:"loadSeconds"`
	ThinkingSeconds         float64 `json:"thinkingSeconds"`
}

// Turn is what Send, Regenerate and Edit begin: the prompt as saved and the answer that will stream.
type Turn struct {
	User   Message `json:"user"`
	Answer Message `json:"answer"`
}

// ChatBackup is a daily copy of all chats.
type ChatBackup struct {
	Name    string  `json:"name"` // what Chats.RestoreBackup takes
	At      int64   `json:"at"`
	Bytes   int64   `json:"bytes"`
	Chats   int     `json:"chats"`   // outside the trash
	Problem Problem `json:"problem"` // why it can't be restored; no code: it can
}

// AddedChats is what an import or a restored backup has brought.
type AddedChats struct {
	From     string `json:"from"`     // the file; empty: the person cancelled
	Chats    int    `json:"chats"`    // that were not here
	Back     int    `json:"back"`     // that came back from the trash
	Known    int    `json:"known"`    // that were here already
	Messages int    `json:"messages"` // that were not here, in new and in known chats
}
