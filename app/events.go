package app

// Events go from Go to the page only: one payload with seq, which grows by one for each event of the app, under
// 4 KB each. A page that misses deltas refetches; an ending is sent only after it is stored.
const (
	EventChatDelta     = "chat:delta"     // ChatDelta
	EventChatPhase     = "chat:phase"     // ChatPhase
	EventChatFinished  = "chat:finished"  // ChatEnd: the answer is stored, however it ended
	EventChatsChanged  = "chats:changed"  // Changed: a title, a new chat, a deletion
	EventEngineChanged = "engine:changed" // Changed: fetch Machine.Engine again
	EventLibrary       = "library:changed"
	EventDrives        = "drives:changed"
	EventPlans         = "plans:changed" // Changed: the engine has planned a model that it had not
	EventDropped       = "files:dropped" // Changed: fetch Library.Dropped
	EventLab           = "lab:changed"   // Changed: of a comparison
	EventLabProgress   = "lab:progress"  // LabProgress
	EventSideDelta     = "side:delta"    // SideDelta
	EventTaskProgress  = "task:progress" // TaskProgress
	EventTaskFinished  = "task:finished" // TaskEnd
	EventPageAsked     = "page:asked"    // Changed: a page that is drawn answers by Page.Alive
	EventPageClosing   = "page:closing"  // Changed: the window waits a second for Page.HandedOver

	EventDownloadsChanged = "downloads:changed" // Changed: fetch the list again
	EventDownloadProgress = "download:progress" // Download
	EventDownloadFinished = "download:finished" // Download: done or failed, and stored
	EventNetwork          = "network:changed"   // Online: what is connected now
)

// eventPayload is an event's name with a value of its payload's type.
type eventPayload struct {
	name    string
	payload any
}

// eventPayloads returns every event that is sent. What the page subscribes to is generated from it.
//
//go:generate go test -count=1 -run ^TestPageEvents$ -update .
func eventPayloads() []eventPayload {
	return []eventPayload{
		{EventChatDelta, ChatDelta{}},
		{EventChatPhase, ChatPhase{}},
		{EventChatFinished, ChatEnd{}},
		{EventChatsChanged, Changed{}},
		{EventEngineChanged, Changed{}},
		{EventLibrary, Changed{}},
		{EventDrives, Changed{}},
		{EventPlans, Changed{}},
		{EventDropped, Changed{}},
		{EventLab, Changed{}},
		{EventLabProgress, LabProgress{}},
		{EventSideDelta, SideDelta{}},
		{EventTaskProgress, TaskProgress{}},
		{EventTaskFinished, TaskEnd{}},
		{EventPageAsked, Changed{}},
		{EventPageClosing, Changed{}},
		{EventDownloadsChanged, Changed{}},
		{EventDownloadProgress, Download{}},
		{EventDownloadFinished, Download{}},
		{EventNetwork, Online{}},
	}
}

// ChatDelta is text that an answer grew by.
type ChatDelta struct {
	ID       string `json:"id"` // of the message
	ChatID   string `json:"chatId"`
	Seq      int64  `json:"seq"`
	Offset   int    `json:"offset"` // length of the text before this delta, in UTF-16 units: a gap means refetch
	Text     string `json:"text"`
	Thinking string `json:"thinking"`
	// ThinkingOffset is for Thinking what Offset is for Text.
	ThinkingOffset int `json:"thinkingOffset"`
}

// ChatPhase says what an answer waits for.
type ChatPhase struct {
	ID       string  `json:"id"`
	ChatID   string  `json:"chatId"`
	Seq      int64   `json:"seq"`
	Phase    string  `json:"phase"`    // waiting (for another chat), starting (the engine), loading (the model), reading (the prompt), writing
	Progress float64 `json:"progress"` // 0..1; -1: unknown
	Behind   string  `json:"behind"`   // chat that is answered first, while waiting
}

// ChatEnd says that an answer is stored in its final state. Fetch it by Chats.Message.
type ChatEnd struct {
	ID     string `json:"id"`
	ChatID string `json:"chatId"`
	Seq    int64  `json:"seq"`
	State  string `json:"state"`
}

// Changed says that something was stored; fetch it again.
type Changed struct {
	ID  string `json:"id"`
	Seq int64  `json:"seq"`
}

// TaskProgress reports on a Task: when it begins, and as it goes on.
type TaskProgress struct {
	ID    string `json:"id"`
	Seq   int64  `json:"seq"`
	Kind  string `json:"kind"` // import, export, starter, adopt, verify, repair, move, bandwidth, testdrive, blind, fit, compare
	Done  int64  `json:"done"`
	Total int64  `json:"total"` // 0: unknown
	Label string `json:"label"` // "Checking", "Copying"
	// Of is what it works on, as a person knows it; empty: the label says it all.
	Of        string  `json:"of"`
	Waits     string  `json:"waits"`     // what it waits for: answer, mains; empty: it works
	Left      float64 `json:"left"`      // seconds to the end, about; -1: not known
	StartedAt int64   `json:"startedAt"` // milliseconds since 1970
}

// TaskEnd ends a Task. An empty problem code means it succeeded.
type TaskEnd struct {
	ID      string  `json:"id"`
	Seq     int64   `json:"seq"`
	Kind    string  `json:"kind"`
	Result  string  `json:"result"` // the reference of an imported model
	Problem Problem `json:"problem"`
}
