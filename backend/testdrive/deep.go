package testdrive

import (
	"math"
	"time"

	"weightroom/backend"
)

const (
	reading    = 12 * time.Second // to a depth, where nobody says how long it may take
	depthStep  = 256              // tokens, to which a depth is rounded down: what the engine pads its cache to
	leastDepth = 512              // tokens: what fewer add to a token's time is lost in the noise
	slowing    = 1.5              // how much longer a prompt takes to read than its first tokens say, because it deepens
)

// deep measures the model in a context of Depth tokens. Reading that many is most of the work, so of a model that reads
// slowly fewer blocks are run: as each block reads what it keeps of the context, what the depth adds to a token's time is
// that of the whole model, in the proportion of what they keep. Where even the fewest take too long, the depth is less.
// Both contexts are run by one program, one after the other, so that what changes between programs is in neither.
func (d *driver) deep(result *backend.Drive, most int) error {
	layers, depth := d.affordable(most, result.PromptTokensPerSecond)
	if depth < leastDepth {
		return nil
	}
	o := d.Bench
	o.Depth, o.Generate, o.Repeats = depth, 8, 3
	t, err := d.run(layers, o)
	if err != nil {
		return err
	}
	result.Disturbed = result.Disturbed || t.during.Disturbed()
	share := float64(d.Header.cacheValues(depth)) / float64(t.header.cacheValues(depth))
	// at is the speed of the whole model at the depth.
	at := func(whole, empty, deep float64) float64 { return 1 / (1/whole + share*max(0, 1/deep-1/empty)) }
	result.Deep = backend.Deep{
		Depth:                 depth,
		TokensPerSecond:       at(result.TokensPerSecond, t.TokensPerSecond, t.Deep.TokensPerSecond),
		PromptTokensPerSecond: at(result.PromptTokensPerSecond, t.PromptTokensPerSecond, t.Deep.PromptTokensPerSecond),
	}
	added := share * math.Hypot(t.Spread/t.TokensPerSecond, t.Deep.Spread/t.Deep.TokensPerSecond)
	result.Deep.Spread = result.Deep.TokensPerSecond * math.Hypot(result.Spread/result.TokensPerSecond, added)
	return nil
}

// affordable chooses how many blocks to run at which depth, of at most so many blocks: as many as reach Depth in the time
// for it, else the fewest, at the depth that these reach. promptSpeed is the whole model's. No depth: nothing is kept of a context.
func (d *driver) affordable(most int, promptSpeed float64) (layers, depth int) {
	h := d.Header
	depth = d.Depth / depthStep * depthStep
	if h.cacheValues(depth) == 0 {
		return 0, 0
	}
	limit := d.Reading
	if limit == 0 {
		limit = reading
	}
	reach := func(n int) int { // tokens
		tokens := limit.Seconds() * promptSpeed * float64(h.Layers()) / float64(n) / slowing
		if room := memoryShare*float64(d.FreeBytes) - float64(h.Bytes)*float64(n)/float64(h.Layers()); tokens > 0 {
			tokens = min(tokens, room/d.tokenBytes(n))
		}
		return int(min(tokens, math.MaxInt32)) / depthStep * depthStep
	}
	_, period, least := fewest(h)
	for n := least; n <= most; n += period {
		if n+period > most && most == h.Layers() {
			n = most // what repeats need not end with the model
		}
		if !d.typical(n, depth) {
			continue
		}
		if layers > 0 && reach(n) < depth {
			break
		}
		layers = n
	}
	if layers == 0 {
		return 0, 0
	}
	return layers, min(depth, reach(layers))
}

// tokenBytes is what a token of the context takes while so many blocks are run: llama-bench keeps a copy of it for the repeats.
func (d *driver) tokenBytes(layers int) float64 {
	const copies, numberBytes = 2, 2
	return max(1, copies*numberBytes*float64(d.Header.cacheValues(leastDepth))/leastDepth*float64(layers)/float64(d.Header.Layers()))
}

// typical reports whether the first n blocks keep about as much of a context, each, as all do: blocks with a sliding window and without
// take turns.
func (d *driver) typical(n, depth int) bool {
	short, err := d.Header.Shorten(n)
	if err != nil {
		return false
	}
	each := float64(short.cacheValues(depth)) / float64(n)
	all := float64(d.Header.cacheValues(depth)) / float64(d.Header.Layers())
	return math.Abs(each/all-1) < 0.3
}

// cacheValues is how many numbers a token that is written after so many others reads of them.
func (h *Header) cacheValues(depth int) int64 {
	groups, _ := h.File.Cache()
	var n int64
	for _, g := range groups {
		seen := depth
		if g.Window > 0 {
			seen = min(depth, g.Window)
		}
		n += int64(g.Layers) * int64(g.Values) * int64(seen)
	}
	return n
}
