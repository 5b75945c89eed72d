package app

// The types that cross to the page, in a dto file for each service. They are flat, hold no time.Time (milliseconds since
// 1970 instead) and no nil slices, and their JSON is the page's TypeScript.

// Problem is a sentence and a next step. An empty code means there is none.
type Problem struct {
	Code     string `json:"code"`
	Severity string `json:"severity"` // info, warning, error
	Title    string `json:"title"`
	Hint     string `json:"hint"`
}

// Task is a long piece of work that reports progress and can be cancelled.
type Task struct {
	ID string `json:"id"`
}

// Answer is a question about a licence and its answer in plain words.
type Answer struct {
	Question string `json:"question"`
	Answer   string `json:"answer"`
}
