package advice

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"weightroom/backend"
	"weightroom/backend/advisor"
	"weightroom/hardware"
)

// A figure stands for what is asked where both have the same key: the weights and their quant, the type of the KV cache, how
// deep in the context it was measured, and the rig. What a run does not say, because it was kept before that was noted,
// stays unknown: it is used where nothing contradicts it.

// rig is what a speed belongs to beside the model: the machine, the threads that work for a model on it, the engine, the
// power and the type of the KV cache.
type rig struct {
	machine, engine string
	threads         int    // 0: not known
	apart           string // see llama.How.Apart
	power           hardware.Power
	kv              string // empty: f16
}

func (a kept) rig(ctx context.Context) rig {
	r := rig{engine: a.opts.Machine.Build().Ollama, power: a.quiet().powerNow(ctx), kv: a.opts.Machine.Tuning().KVType}
	if m, err := a.opts.Machine.Hardware(ctx); err == nil {
		r.machine, r.threads = hardware.RunKey(m), m.CPU.Threads.Count
	}
	r.apart = a.opts.Machine.Ways.How(ctx).Apart()
	return r
}

// here reports whether a run says how fast this machine is now, with this engine. On a processor, what ran with another
// number of threads than work for a model today, or in another way, does not; it counts again once that is used again.
func (r rig) here(d backend.Drive) bool {
	onGraphics := d.Driver != "" // only a graphics processor has one
	return d.Engine == r.engine && (d.Machine == "" || r.machine == "" || d.Machine == r.machine) &&
		(onGraphics || d.Apart == r.apart && (d.Threads == 0 || r.threads == 0 || d.Threads == r.threads))
}

// has reports whether a run is one of here with the KV cache that is asked about.
func (r rig) has(d backend.Drive) bool { return r.here(d) && kvOf(d.KV) == kvOf(r.kv) }

// kvOf is a type of the KV cache. Before it was noted, there was no other than f16.
func kvOf(kv string) string { return cmp.Or(kv, string(advisor.KVF16)) }

// alike reports whether a run had the power that there is now. On a battery most laptops are slower.
func (r rig) alike(d backend.Drive) bool {
	return (d.Power == string(hardware.PowerBattery)) == (r.power == hardware.PowerBattery)
}

// like is the key of answers that one median is made of.
type like struct {
	model, quant, digest, kv, machine, engine, power, apart string
	threads, band                                           int
}

func likeOf(d backend.Drive) like {
	return like{d.Model, d.Quant, d.Digest, d.KV, d.Machine, d.Engine, d.Power, d.Apart, d.Threads, band(d)}
}

// weights are the digests of the files that are in the library now, by id and quant.
type weights map[[2]string][]string

func (o Options) weights(ctx context.Context) weights {
	now := weights{}
	all, err := o.Library.Models(ctx)
	if err != nil {
		return now
	}
	for _, m := range all {
		key := o.keyOf(m)
		now[key] = append(now[key], m.Digest)
	}
	return now
}

// keyOf is the id and the quant that the runs of a model of the library are kept under.
func (o Options) keyOf(m backend.Model) [2]string {
	if id, quant, ok := o.Catalog.Entry(m); ok {
		return [2]string{id, quant}
	}
	if name, tag := backend.SplitRef(m.Ref); strings.EqualFold(tag, m.Quant) {
		return [2]string{name, m.Quant}
	}
	return [2]string{m.Ref, m.Quant}
}

// current are a model's runs that say something of the weights that bear its name now.
func (w weights) current(runs []backend.Drive, id, quant string) []backend.Drive {
	own := slices.DeleteFunc(slices.Clone(runs), func(d backend.Drive) bool { return d.Model != id || d.Quant != quant })
	of := w.among(own)
	return slices.DeleteFunc(own, func(d backend.Drive) bool { return !of.count(d) })
}

// theseWeights are those whose figures count among a model's runs.
type theseWeights struct {
	digest string
	named  bool // some run names its weights
}

// among chooses from a model's runs the weights that are in the library; where it has none of the model, the newest that ran.
func (w weights) among(runs []backend.Drive) (of theseWeights) {
	for _, d := range runs {
		if d.Digest == "" {
			continue
		}
		of.named = true
		if now := w[[2]string{d.Model, d.Quant}]; len(now) == 0 || slices.Contains(now, d.Digest) {
			of.digest = d.Digest
		}
	}
	return of
}

// count reports whether a run is of these weights. A copy of what the catalog knows stands for all of them. Weights that a
// run does not name are believed to be these as long as no run names any.
func (of theseWeights) count(d backend.Drive) bool {
	copied := d.Source == backend.SourceTestDrive && d.Digest == ""
	return !of.named || copied || d.Digest == of.digest && of.digest != ""
}
