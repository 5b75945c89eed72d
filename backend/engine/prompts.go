package engine

import (
	"bytes"
	"regexp"
	"strconv"
	"sync"
	"sync/atomic"
)

// promptLine is how llama-server says what it is about to read (SLT_INF in tools/server/server-context.cpp, llama.cpp b10488).
var promptLine = regexp.MustCompile(`new prompt, n_ctx_slot = \d+,.* task\.n_tokens = (\d+)`)

// longestLine bounds what is kept of a line that has no end yet; the one looked for is far shorter.
const longestLine = 4 << 10

// promptCounts hears in the engine's own words how many tokens a prompt has. Ollama's API says that with the end of an
// answer only, which one that is stopped does not have.
type promptCounts struct {
	mu    sync.Mutex
	asked []*atomic.Int64 // of the answers under way
	line  []byte          // that has not ended
}

// ask returns where the count of the next prompt will be, 0 until it is known, and what ends the wait for it.
func (p *promptCounts) ask() (count *atomic.Int64, done func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	count = &atomic.Int64{}
	p.asked = append(p.asked, count)
	return count, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		for i, c := range p.asked {
			if c == count {
				p.asked = append(p.asked[:i], p.asked[i+1:]...)
				return
			}
		}
	}
}

// hear takes what the engine wrote. With several answers under way nothing says whose prompt is meant, so none is counted.
func (p *promptCounts) hear(words []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		end := bytes.IndexByte(words, '\n')
		if end < 0 {
			if len(p.line)+len(words) <= longestLine {
				p.line = append(p.line, words...)
			}
			return
		}
		p.line = append(p.line, words[:end]...)
		if m := promptLine.FindSubmatch(p.line); m != nil && len(p.asked) == 1 {
			if n, err := strconv.ParseInt(string(m[1]), 10, 32); err == nil {
				p.asked[0].Store(n)
			}
		}
		p.line, words = p.line[:0], words[end+1:]
	}
}
