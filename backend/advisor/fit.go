package advisor

import "weightroom/backend"

// Place says where a model would run.
type Place string

// The places, best first.
const (
	PlaceGPU     Place = "gpu"     // all layers in graphics memory
	PlacePartial Place = "partial" // some layers in graphics memory, the rest in main memory
	PlaceRAM     Place = "ram"     // in main memory, on the processor
	PlaceNo      Place = "no"      // nowhere: it does not fit
)

// Rank orders places: higher is better.
func (p Place) Rank() int {
	switch p {
	case PlaceGPU:
		return 3
	case PlacePartial:
		return 2
	case PlaceRAM:
		return 1
	}
	return 0
}

// Verdict is where one candidate would run on one machine with one context.
type Verdict struct {
	Place        Place              `json:"fit"`
	Memory       backend.MemoryPlan `json:"memory"`
	ShortByBytes int64              `json:"shortByBytes"` // memory that is missing, at least; 0 where it fits
	MaxContext   int                `json:"maxContext"`   // the longest context with the same place, in tokens; where it does not fit, the longest that does; 0: none
	Layers       int                `json:"layers"`
	LayersOnGPU  int                `json:"layersOnGpu"`
	GPU          int                `json:"gpu"`       // which graphics processor, counted from 0; -1: none
	GPUs         int                `json:"gpus"`      // how many of them share the layers
	FreeBytes    int64              `json:"freeBytes"` // usable memory of that place
}

// Fit says where c would run. Memories of several graphics processors are not added up unless the ask says so, and an
// integrated one's memory is never added to the main memory it is part of. Integrated ones are left alone where there
// is a card, as the engine does. More memory never gives a worse place, and more context never a better one.
func (c *Candidate) Fit(m *Machine, ask Ask) Verdict {
	ask = ask.filled()
	v := c.fit(m, ask)
	v.MaxContext = c.longest(m, ask, v.Place)
	return v
}

// longest is the longest context, a multiple of the engine's step, with a place no worse than wanted.
func (c *Candidate) longest(m *Machine, ask Ask, wanted Place) int {
	least := max(1, wanted.Rank())
	fits := func(steps int) bool {
		ask.Context = steps * cacheStep
		return c.fit(m, ask).Place.Rank() >= least
	}
	limit := c.MaxContext
	if limit == 0 {
		limit = max(ask.Context, DefaultContext) // nothing says that it reads more
	}
	low, high := 0, max(1, limit/cacheStep)
	for low < high {
		if mid := (low + high + 1) / 2; fits(mid) {
			low = mid
		} else {
			high = mid - 1
		}
	}
	return min(low*cacheStep, limit)
}

// fit is Fit without the longest context.
func (c *Candidate) fit(m *Machine, ask Ask) Verdict {
	need := c.Memory(ask.Context, ask.KV)
	ram := m.usableRAM(ask)
	best := onProcessor(c, need, ram)
	need.UntouchedBytes = 0 // graphics memory is given as it is reserved
	card := m.hasCard()
	for i := range m.GPUs {
		g := &m.GPUs[i]
		if g.Backend == "" || g.TotalBytes <= 0 || (card && g.Unified) {
			continue
		}
		var v Verdict
		if g.Unified {
			v = c.onUnified(g, need, ram)
		} else {
			v = c.onCards(g.usable(ram)-need.ComputeBytes, need, ram)
		}
		v.GPU, v.GPUs = i, 1
		best = better(m, best, v)
	}
	if ask.SumGPUs {
		if v, ok := c.onAll(m, need, ram); ok {
			best = better(m, best, v)
		}
	}
	if best.LayersOnGPU == 0 {
		best.GPU, best.GPUs = -1, 0
	}
	return best
}

func (m *Machine) hasCard() bool {
	for i := range m.GPUs {
		if g := &m.GPUs[i]; g.Backend != "" && g.TotalBytes > 0 && !g.Unified {
			return true
		}
	}
	return false
}

// better chooses the better place, then more layers on a graphics processor, then the faster memory, then the first.
// The shortest lack counts where neither fits.
func better(m *Machine, a, b Verdict) Verdict {
	switch {
	case a.Place.Rank() != b.Place.Rank():
		if b.Place.Rank() > a.Place.Rank() {
			return b
		}
	case a.Place == PlaceNo:
		if b.ShortByBytes < a.ShortByBytes {
			return b
		}
	case a.LayersOnGPU != b.LayersOnGPU:
		if b.LayersOnGPU > a.LayersOnGPU {
			return b
		}
	case a.GPU >= 0 && b.GPUs == 1 && m.GPUs[b.GPU].bandwidth(m) > m.GPUs[a.GPU].bandwidth(m):
		return b
	}
	return a
}

func onProcessor(c *Candidate, need backend.MemoryPlan, ram int64) Verdict {
	v := Verdict{Place: PlaceRAM, Memory: need, Layers: c.Layers, GPU: -1, FreeBytes: ram}
	if n := need.ResidentBytes(); n > ram {
		v.Place, v.ShortByBytes = PlaceNo, n-ram
	}
	return v
}

// onUnified places a model in memory that graphics and processor share: it is counted once.
func (c *Candidate) onUnified(g *GPU, need backend.MemoryPlan, ram int64) Verdict {
	inside, house := g.usable(ram), g.house(ram)
	v := Verdict{Place: PlaceGPU, Memory: need, Layers: c.Layers, LayersOnGPU: c.Layers, FreeBytes: inside}
	layer := c.layer(need)
	room := inside - need.ComputeBytes
	switch {
	case need.TotalBytes <= inside:
		v.Memory.GPUBytes = need.TotalBytes
	case need.TotalBytes <= house && room >= layer:
		v.Place, v.FreeBytes = PlacePartial, house
		v.LayersOnGPU = c.layersIn(room, layer)
		v.Memory.GPUBytes = need.ComputeBytes + int64(v.LayersOnGPU)*layer
	default:
		v.Place, v.LayersOnGPU, v.FreeBytes = PlaceNo, 0, house
		v.ShortByBytes = min(need.TotalBytes-inside, max(need.TotalBytes-house, layer-room))
	}
	return v
}

// layer is the weights and cache of one layer.
func (c *Candidate) layer(need backend.MemoryPlan) int64 {
	return max(1, (need.WeightsBytes-c.host(need)+need.KVBytes)/int64(max(1, c.Layers)))
}

func (c *Candidate) host(need backend.MemoryPlan) int64 { return min(c.HostBytes, need.WeightsBytes) }

func (c *Candidate) layersIn(room, layer int64) int {
	return int(min(room/layer, int64(max(1, c.Layers-1))))
}

// onCards places a model on cards with room for layers beyond their buffers. Where only some fit, one layer's worth of
// the room is taken as lost to rounding, so that a longer context can never need less main memory.
func (c *Candidate) onCards(room int64, need backend.MemoryPlan, ram int64) Verdict {
	host, layer := c.host(need), c.layer(need)
	inside := need.TotalBytes - need.ComputeBytes - host
	v := Verdict{Place: PlaceGPU, Memory: need, Layers: c.Layers, LayersOnGPU: c.Layers, FreeBytes: max(0, room+need.ComputeBytes)}
	if inside <= room && host <= ram {
		v.Memory.GPUBytes = need.TotalBytes - host
		return v
	}
	rest := max(host, need.TotalBytes-max(0, room-layer)) // the buffers are needed on both sides
	if room < layer || rest > ram {
		whole := max(0, inside-room) + max(0, host-ram)
		some := max(0, layer-room) + max(0, rest-ram)
		v.Place, v.LayersOnGPU, v.ShortByBytes = PlaceNo, 0, min(whole, some)
		return v
	}
	v.Place, v.LayersOnGPU, v.FreeBytes = PlacePartial, c.layersIn(room, layer), ram
	v.Memory.GPUBytes = need.ComputeBytes + int64(v.LayersOnGPU)*layer
	v.Memory.ComputeBytes += need.ComputeBytes
	v.Memory.TotalBytes += need.ComputeBytes
	return v
}

// onAll shares the layers between all cards of one backend; each has its own buffers.
func (c *Candidate) onAll(m *Machine, need backend.MemoryPlan, ram int64) (Verdict, bool) {
	first, n := -1, 0
	var room int64
	for i := range m.GPUs {
		g := &m.GPUs[i]
		if g.Backend == "" || g.Unified || g.TotalBytes <= 0 || (first >= 0 && g.Backend != m.GPUs[first].Backend) {
			continue
		}
		if first < 0 {
			first = i
		}
		if left := g.usable(ram) - need.ComputeBytes; left > 0 {
			room += left
			n++
		}
	}
	if n < 2 {
		return Verdict{}, false
	}
	v := c.onCards(room, need, ram)
	v.GPU, v.GPUs = first, n
	extra := need.ComputeBytes * int64(n-1)
	v.Memory.GPUBytes += extra
	v.Memory.ComputeBytes += extra
	v.Memory.TotalBytes += extra
	return v, true
}
