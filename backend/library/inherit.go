package library

import (
	"slices"
	"strings"
)

// inherit gives a derived model what its parent has besides weights: templates, system prompt, sampling, the part that
// sees. Only so do a model and its quants answer the same prompt under the same conditions. A parent that has left the
// library leaves nothing.
func (l *Library) inherit(c *config, parentDigest string) []layer {
	entries, err := l.entries()
	if err != nil {
		return nil
	}
	for _, e := range entries {
		w := e.manifest.weights()
		if e.bad != nil || len(w) == 0 || !strings.EqualFold(w[0].Digest, parentDigest) {
			continue
		}
		if of, ok := l.readConfig(e.manifest.Config); ok {
			c.Renderer, c.Parser = of.Renderer, of.Parser
		}
		return slices.DeleteFunc(slices.Clone(e.manifest.Layers), func(x layer) bool { return x.MediaType == typeModel })
	}
	return nil
}
