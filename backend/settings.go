package backend

// Settings are the person's choices, as they are stored.
type Settings struct {
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
	NeverOnline      bool    `json:"neverOnline"`         // nothing may go online, not even what the person starts
	TextSize         int     `json:"textSize,omitempty"`  // percent that the whole page is shown at
	StartPage        string  `json:"startPage,omitempty"` // that the window opens on: last (chat), new (chat), discover, library, lab, machine
}
