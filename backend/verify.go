package backend

// VerifyReport is the result of the last check of the library's bytes, as it is stored.
type VerifyReport struct {
	Models int      `json:"models"` // that were read
	At     int64    `json:"at"`     // milliseconds since 1970; 0: never
	Bad    []Damage `json:"bad"`
}

// Damage is a model whose bytes are not what they were.
type Damage struct {
	Ref        string `json:"ref"`
	Reason     string `json:"reason"`
	Repairable bool   `json:"repairable"` // it came from a source that may have it still
}
