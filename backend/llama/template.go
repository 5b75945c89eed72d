package llama

import "strings"

// TemplateArgs returns the arguments of llama-server that have it try the chat template in a file and then end, because the
// model is not there. ParseTemplate reads its log.
func TemplateArgs(template, missing string) []string {
	return []string{"--jinja", "--chat-template-file", template, "-m", missing, "-ngl", "0", "--host", "127.0.0.1"}
}

// ParseTemplate returns why the engine can't use a template; empty: it can. ok is false where the log says neither.
func ParseTemplate(log string) (reason string, ok bool) {
	for _, mark := range []string{"common_chat_templates_init: error:", "failed to apply template:"} {
		if _, after, found := strings.Cut(log, mark); found {
			if len(after) > 400 {
				after = after[:400]
			}
			return strings.Join(strings.Fields(after), " "), true
		}
	}
	return "", strings.Contains(log, "failed to load model")
}
