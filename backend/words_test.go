package backend

import (
	"encoding/json"
	"os"
	"testing"
)

func TestSizesReadAlikeEverywhere(t *testing.T) {
	text, err := os.ReadFile("testdata/bytes.json")
	if err != nil {
		t.Fatal(err)
	}
	var list []struct {
		Bytes int64
		Words string
	}
	if err := json.Unmarshal(text, &list); err != nil || len(list) < 30 {
		t.Fatal(len(list), err)
	}
	for _, c := range list {
		if got := Bytes(c.Bytes); got != c.Words {
			t.Errorf("%d: %s, want %s", c.Bytes, got, c.Words)
		}
	}
}
