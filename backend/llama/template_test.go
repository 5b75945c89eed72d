package llama

import "testing"

func TestVerdictOnATemplateIsReadFromTheLog(t *testing.T) {
	for _, c := range []struct {
		name, log, reason string
		ok                bool
	}{
		{"parse", "common_chat_templates_init: error: Unexpected token: %} of type 9\nE x: failed to apply template: std::exception\n", "Unexpected token: %} of type 9", true},
		{"render", "failed to apply template: \nError: Unknown filter 'tojson' for type Undefined", "Error: Unknown filter 'tojson' for type Undefined", true},
		{"sound", "srv load_model: failed to load model, 'none.gguf'", "", true},
		{"nothing said", "cannot open shared object file", "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if reason, ok := ParseTemplate(c.log); ok != c.ok || len(reason) < len(c.reason) || c.ok && reason[:len(c.reason)] != c.reason || c.reason == "" && reason != "" {
				t.Errorf("got %q, %v", reason, ok)
			}
		})
	}
}
