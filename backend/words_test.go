package backend

import (
	"encoding/json"
	"os"
	"testing"
	"unicode/utf16"
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

func TestTextIsAsLongAsJavaScriptSays(t *testing.T) {
	for _, s := range []string{"", "plain", "é", "語", "💪🏽", "\xff"} {
		if got, want := UTF16Length(s), len(utf16.Encode([]rune(s))); got != want {
			t.Errorf("%q: %d, not %d", s, got, want)
		}
	}
}
