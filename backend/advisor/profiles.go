package advisor

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
)

//go:embed profiles/*.json
var profileFiles embed.FS

// Profile is a typical machine, for "which laptop should I buy?".
type Profile struct {
	ID      string
	Title   string
	Notes   []string // where its figures come from
	Machine Machine
	JSON    []byte // the detect file
}

// Profiles are the typical machines, from the smallest to the largest. Their files ship inside the program.
func Profiles() ([]Profile, error) {
	names, err := fs.Glob(profileFiles, "profiles/*.json") // sorted, and the names begin with their place
	if err != nil {
		return nil, err
	}
	profiles := make([]Profile, 0, len(names))
	for _, name := range names {
		text, err := profileFiles.ReadFile(name)
		if err != nil {
			return nil, err
		}
		var head struct {
			Profile struct {
				ID    string   `json:"id"`
				Title string   `json:"title"`
				Notes []string `json:"notes"`
			} `json:"profile"`
		}
		if err := json.Unmarshal(text, &head); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		m, err := ReadMachine(bytes.NewReader(text))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		profiles = append(profiles, Profile{ID: head.Profile.ID, Title: head.Profile.Title, Notes: head.Profile.Notes, Machine: m, JSON: text})
	}
	return profiles, nil
}
