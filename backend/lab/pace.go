package lab

import (
	"math"
	"sync"
	"time"
)

// Left is how long a comparison will take yet, in seconds: between Least and Most. Known is false before this run has
// itself shown how long its parts take.
type Left struct {
	Known       bool
	Least, Most float64
}

// kind is a kind of work in a comparison whose pieces take as long as they are large.
type kind int

const (
	ofText    kind = iota // the reference writes the text
	ofQuality             // a row reads the text
	ofWarmth              // a row is warmed up
	ofSpeed               // a row is timed once
	kinds
)

// pace foretells how long the rest of a comparison takes from what it has taken so far. Sizes are bytes of weights: what
// a piece of work takes grows with them.
type pace struct {
	mu   sync.Mutex
	left [kinds]float64   // sizes that are to be done
	took [kinds][]float64 // seconds for each byte, of what was done
	runs int              // that were timed and count
	also int              // that were thrown away
	now  struct {         // the piece at work
		kind  kind
		size  float64
		since time.Time
	}
}

func (p *pace) plan(k kind, size int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.left[k] += float64(size)
}

// begin notes that a piece of work begins, and returns what ends it. A piece that was thrown away is still to be done.
func (p *pace) begin(k kind, size int64) (end func(counts bool)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	begun := time.Now()
	p.now.kind, p.now.size, p.now.since = k, float64(size), begun
	return func(counts bool) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.now.size = 0
		if size > 0 {
			p.took[k] = append(p.took[k], time.Since(begun).Seconds()/float64(size))
		}
		if k == ofSpeed && !counts {
			p.also++
			return
		}
		if k == ofSpeed {
			p.runs++
		}
		p.left[k] = math.Max(0, p.left[k]-float64(size))
	}
}

// skip takes work off that will not be done.
func (p *pace) skip(k kind, size int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.left[k] = math.Max(0, p.left[k]-float64(size))
}

// foretell returns what is left: at the least as the quickest piece of each kind took and with no run repeated, at the
// most as the slowest took, with as many repeats as until now and one more. rough says that nothing is repeated.
func (p *pace) foretell(rough bool) Left {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := Left{Known: true}
	for k := range kinds {
		if p.left[k] <= 0 {
			continue
		}
		quick, slow := math.Inf(1), 0.0
		for _, s := range p.took[k] {
			quick, slow = math.Min(quick, s), math.Max(slow, s)
		}
		if slow == 0 {
			return Left{}
		}
		if len(p.took[k]) == 1 { // one says little
			quick, slow = 0.85*quick, 1.2*slow
		}
		least, most := p.left[k]*quick, p.left[k]*slow
		if k == ofSpeed && !rough && p.also > 0 {
			most *= math.Min(1+repeats, 1+float64(p.also+1)/float64(p.runs+1))
		}
		if p.now.size > 0 && p.now.kind == k { // what the piece at work has taken is not left
			spent := time.Since(p.now.since).Seconds()
			least -= math.Min(spent, p.now.size*quick)
			most -= math.Min(spent, p.now.size*slow)
		}
		out.Least += math.Max(0, least)
		out.Most += math.Max(0, most)
	}
	return out
}
