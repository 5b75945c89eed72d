package lab

import (
	"time"

	"weightroom/backend"
)

// Variant is one of the things that a blind test compares.
type Variant struct {
	Ref   string  `json:"ref"`
	Name  string  `json:"name"` // for the verdict: "Q4_K_M", or the whole reference where models differ
	Quant string  `json:"quant"`
	Bits  float64 `json:"bits"` // bits for each weight: the order from most to least precise
}

// BlindOptions say what a blind test compares.
type BlindOptions struct {
	Variants  []backend.Model // 2 to 4
	Use       string          // built-in prompts for: chat, writing, coding, reasoning, summary; empty: all
	Prompts   []string        // the person's own; used before the built-in ones
	MaxRounds int             // 40 where 0; 10 to 200
	MaxTokens int             // of an answer; 0: 300
	Seed      int64           // 0: by the clock
}

// Blind is a blind test: what it compares, its rounds so far, and how it stands. It is stored after each change and can
// be gone on with later. Variants are in the order of precision, most precise first, where they are quants of one
// model.
type Blind struct {
	ID        string    `json:"id"`
	Begun     time.Time `json:"begun"`
	Changed   time.Time `json:"changed"`
	Variants  []Variant `json:"variants"`
	Ordered   bool      `json:"ordered"` // the variants are quants of one model, most precise first
	Use       string    `json:"use"`
	Own       []string  `json:"own"`  // the person's prompts
	Next      string    `json:"next"` // prompt of the next round to be written; empty: the next of Own, or a built-in one
	MaxRounds int       `json:"maxRounds"`
	MaxTokens int       `json:"maxTokens"`
	Seed      int64     `json:"seed"`
	Rounds    []Round   `json:"rounds"`
	Ended     bool      `json:"ended"` // by its stop rule or by the person
	Engine    string    `json:"engine"`
}

// Round is one prompt with an answer of each variant.
type Round struct {
	Number  int      `json:"number"` // from 1
	Prompt  string   `json:"prompt"`
	Use     string   `json:"use"`
	Seed    int64    `json:"seed"`    // the same for every variant
	Order   []int    `json:"order"`   // the variant at each place: hidden until the vote
	Answers []Answer `json:"answers"` // by place; empty: not written yet
	Vote    *Vote    `json:"vote"`    // nil: not voted yet
	Same    bool     `json:"same"`    // all answers are the same text, so the round is a tie and is not shown
}

// Answer is what one variant wrote.
type Answer struct {
	Text     string          `json:"text"`
	Thinking string          `json:"thinking"`
	Metrics  backend.Metrics `json:"metrics"` // hidden until the vote
}

// Vote is a person's choice: the places of the answers they like best. All places are a tie.
type Vote struct {
	Best []int     `json:"best"`
	At   time.Time `json:"at"`
}

// Hidden is a round as a person may see it before the vote: answers by place, and nothing that tells them apart.
type Hidden struct {
	ID      string   `json:"id"`
	Number  int      `json:"number"`
	Prompt  string   `json:"prompt"`
	Use     string   `json:"use"`
	Answers []string `json:"answers"`
	// CharactersPerSecond is the common pace at which the answers are to be shown.
	CharactersPerSecond float64 `json:"charactersPerSecond"`
}

// Pair is what the votes say about two variants.
type Pair struct {
	First      int     `json:"first"`  // index of a variant; of an ordered test, the more precise one
	Second     int     `json:"second"` // index of the other
	Wins       int     `json:"wins"`   // rounds in which First was preferred
	Losses     int     `json:"losses"` // rounds in which Second was preferred
	Ties       int     `json:"ties"`
	Share      float64 `json:"share"` // Wins of all rounds with a preference; 0.5 where there is none
	Low        float64 `json:"low"`   // its confidence interval, valid at every moment of the test
	High       float64 `json:"high"`
	Confidence float64 `json:"confidence"` // of the interval: 0.95, more where several pairs share the error
	Preferred  int     `json:"preferred"`  // index of the variant that the votes support; -1: none
	Sentence   string  `json:"sentence"`
}

// Standing is how a blind test stands: what may be said at this moment.
type Standing struct {
	Voted     int       `json:"voted"` // rounds with a vote
	MaxRounds int       `json:"maxRounds"`
	Stop      bool      `json:"stop"`     // no further vote would change what can be said
	Reason    string    `json:"reason"`   // a sentence: why to stop, or why to go on
	Sentence  string    `json:"sentence"` // the verdict: "You could not tell Q4_K_M from Q8_0 in 20 rounds."
	Pairs     []Pair    `json:"pairs"`
	Findings  []Finding `json:"findings"`
}

// Finding is a verdict that is firm enough to change a recommendation.
type Finding struct {
	Quant      string `json:"quant"`     // the less precise one
	AsGoodAs   string `json:"asGoodAs"`  // they could not tell Quant from this
	WorseThan  string `json:"worseThan"` // or: they preferred this to Quant
	Rounds     int    `json:"rounds"`
	Model      string `json:"model"` // reference of the less precise one
	OtherModel string `json:"otherModel"`
}
