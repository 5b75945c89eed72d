package app

// Preferences are the person's choices.
type Preferences struct {
	Theme            string  `json:"theme"`            // system, light, dark
	DefaultModel     string  `json:"defaultModel"`     // reference; empty: the last one used
	SystemPrompt     string  `json:"systemPrompt"`     // of new chats
	Temperature      float64 `json:"temperature"`      // -1: the model's default
	ContextLength    int     `json:"contextLength"`    // tokens
	KeepAliveMinutes int     `json:"keepAliveMinutes"` // an idle model stays in memory this long; -1: until the app closes
	SendWith         string  `json:"sendWith"`         // enter, ctrl-enter
	Threads          int     `json:"threads"`          // 0: as many as the machine allows
	ShowFigures      bool    `json:"showFigures"`      // speed and time under each answer
	Welcomed         bool    `json:"welcomed"`         // the Welcome page has been left once
	SpeedLimit       int64   `json:"speedLimit"`       // bytes per second of all downloads together; 0: no limit
	DownloadsAtOnce  int     `json:"downloadsAtOnce"`
	NeverOnline      bool    `json:"neverOnline"` // nothing may go online, not even what the person starts
	TextSize         int     `json:"textSize"`    // percent that the whole page is shown at
	StartPage        string  `json:"startPage"`   // that the window opens on: last (chat), new (chat), discover, library, lab, machine
}

// About says what is running and where it keeps things.
type About struct {
	Version    string `json:"version"`
	DataFolder string `json:"dataFolder"`
	LogFile    string `json:"logFile"`
	BytesOut   int64  `json:"bytesOut"` // sent to other machines since the app was installed
	Engine     string `json:"engine"`   // Ollama's version
	LlamaCpp   string `json:"llamaCpp"` // "b10488"
}

// StartReport says how the start went: a problem that keeps the app from working, a notice about what was mended, and what
// a page that is loaded again goes on with.
type StartReport struct {
	Problem Problem `json:"problem"`
	Notice  Problem `json:"notice"`
	Again   bool    `json:"again"` // an earlier page had stopped, and this is the one loaded in its place
	Kept    string  `json:"kept"`  // what the page last kept by Page.Keep; empty at the first start

	Stored map[string]string `json:"stored"` // what pages stored by Page.Store, by name
}

// Range is what a number may be.
type Range struct {
	Least int `json:"least"`
	Most  int `json:"most"`
}

// Limits are what the settings and a chat's options may be, and what the settings are at a fresh start. Both lowest values
// of temperature and top-p are 0; -1 beside them, and beside the seed, means the model's default.
type Limits struct {
	Defaults           Preferences `json:"defaults"`
	ContextLength      Range       `json:"contextLength"` // tokens
	AnswerLength       Range       `json:"answerLength"`  // tokens; 0 beside it: no limit
	Seed               Range       `json:"seed"`
	MaxTemperature     float64     `json:"maxTemperature"`
	MaxTopP            float64     `json:"maxTopP"`
	MaxMinP            float64     `json:"maxMinP"`
	TopK               Range       `json:"topK"` // 0: all tokens
	LeastRepeatPenalty float64     `json:"leastRepeatPenalty"`
	MaxRepeatPenalty   float64     `json:"maxRepeatPenalty"`
	KeepAliveMinutes   Range       `json:"keepAliveMinutes"` // -1: until the app closes
	DownloadsAtOnce    Range       `json:"downloadsAtOnce"`
	Threads            Range       `json:"threads"`     // 0: as many as the machine allows
	TextSize           Range       `json:"textSize"`    // percent
	WindowZooms        bool        `json:"windowZooms"` // the window shows the page at that size; else the page has to
}
