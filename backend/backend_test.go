package backend

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

func TestMessagesAreNeverLogged(t *testing.T) {
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("saved", "message", Message{ID: "id1", Role: RoleUser, Text: "my secret", Thinking: "my secret"})
	if strings.Contains(log.String(), "secret") || !strings.Contains(log.String(), "id1") || !strings.Contains(log.String(), "length=9") {
		t.Errorf("logged %s", log.String())
	}
}

func TestPath(t *testing.T) {
	m := func(id, parent string) Message { return Message{ID: id, Parent: parent} }
	tests := []struct {
		name     string
		messages []Message
		leaf     string
		want     string
	}{
		{"a branch, root first", []Message{m("a", ""), m("b", "a"), m("c", "b"), m("x", "a")}, "c", "abc"},
		{"the other branch", []Message{m("a", ""), m("b", "a"), m("c", "b"), m("x", "a")}, "x", "ax"},
		{"no leaf", []Message{m("a", "")}, "", ""},
		{"a leaf that is not there", []Message{m("a", "")}, "z", ""},
		{"a parent that is lost", []Message{m("b", "a"), m("c", "b")}, "c", "bc"},
		{"a cycle ends", []Message{m("a", "b"), m("b", "a")}, "a", "ba"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := ""
			for _, m := range Path(tt.messages, tt.leaf) {
				got += m.ID
			}
			if got != tt.want {
				t.Errorf("got %q", got)
			}
		})
	}
}

func TestReadable(t *testing.T) {
	if Readable(nil) != nil {
		t.Error("no error became one")
	}
	known := Fail(CodeTooBig, errors.New("cause"), "Too big.", "Smaller.")
	if got := Readable(fmt.Errorf("load: %w", known)); got != known {
		t.Errorf("a sentence was lost: %v", got)
	}
	got := Readable(errors.New("secret"))
	if got.Code != CodeInternal || strings.Contains(got.Message+got.Hint, "secret") {
		t.Errorf("%+v", got)
	}
	if !strings.Contains(got.Error(), "secret") {
		t.Error("the log lost the cause")
	}
}

func TestSplitRef(t *testing.T) {
	for in, want := range map[string][2]string{
		"a:Q4_0": {"a", "Q4_0"}, "a": {"a", ""}, "host:5000/a": {"host:5000/a", ""}, "host:5000/a:b": {"host:5000/a", "b"},
	} {
		if name, quant := SplitRef(in); name != want[0] || quant != want[1] {
			t.Errorf("%q: %q, %q", in, name, quant)
		}
	}
}

// Kinds stand in downloads that wait, in exported models and in the page's contract.
func TestFileKindsKeepTheirSpelling(t *testing.T) {
	for kind, want := range map[FileKind]string{
		KindModel: "model", KindProjector: "projector", KindAdapter: "adapter", KindTemplate: "template", KindParams: "params",
		KindSystem: "system", KindLicence: "licence", KindConfig: "config", KindMessages: "messages",
	} {
		if data, err := json.Marshal(kind); err != nil || string(data) != `"`+want+`"` {
			t.Errorf("%s is stored as %s, %v", want, data, err)
		}
	}
}
