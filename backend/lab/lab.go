package lab

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"time"

	"weightroom/backend"
	"weightroom/backend/disturb"
	"weightroom/backend/fsys"
	"weightroom/backend/llama"
)

// Job is one run of a program of the engine, such as "llama-quantize".
type Job struct {
	Name    string
	Args    []string
	Threads int               // 0: as many as the machine allows
	Watch   func(text string) // gets what the program writes, in pieces; nil: nobody watches
}

// Output is what a program left behind.
type Output struct {
	Stdout, Stderr []byte
	Seconds        float64
	CPUSeconds     float64 // of all its threads; 0: not known
	PeakBytes      int64   // largest resident memory; 0: not known
	AnonymousBytes int64
	FileBytes      int64
}

// Tools runs the engine's programs, one at a time and without a network. Cancelling ctx ends a program.
type Tools interface {
	Run(ctx context.Context, job Job) (Output, error)
}

// Resident is the memory of a server's process at this moment, in bytes.
type Resident struct{ Bytes, AnonymousBytes, FileBytes int64 }

// Server is an engine of the lab's own, started for one KV-cache type, that loads models of the library as the app
// does. Nothing else runs while it is open.
type Server interface {
	backend.Runner
	// Load brings a model into memory and returns once it can answer.
	Load(ctx context.Context, m backend.Model, contextLength int) error
	// Unload takes it out of memory again.
	Unload(ctx context.Context, m backend.Model) error
	// Held is what the engine says the loaded model takes, in bytes; 0: it does not say.
	Held(ctx context.Context) int64
	// Memory is what the process that holds the model takes. It is cheap: it is asked many times in a measurement.
	Memory() Resident
	// CPUSeconds is the processor time that it has taken since it began, with all its processes.
	CPUSeconds() float64
	// Close ends it.
	Close() error
}

// Serving is how a Server is started.
type Serving struct {
	KV      string // f16, q8_0 …
	Threads int    // 0: as many as the machine allows
}

// Publication is a finished file on its way into the library.
type Publication struct {
	Ref     string
	Name    string
	Parent  backend.Parent
	Licence backend.Licence
}

// Library is the library as the lab needs it.
type Library interface {
	// Models lists what is there.
	Models(ctx context.Context) ([]backend.Model, error)
	// Publish takes over the file at path, whole or not at all.
	Publish(ctx context.Context, path string, p Publication, progress func(done, total int64)) (backend.Model, error)
}

// Store keeps small documents. A missing one gives false.
type Store interface {
	Get(ctx context.Context, key string, v any) (bool, error)
	Put(ctx context.Context, key string, v any) error
	// Update reads what is stored into v, calls change and stores v again, in one transaction.
	Update(ctx context.Context, key string, v any, change func() error) error
}

// Joules is a reading of the energy that the machine has used.
type Joules struct {
	Known   bool
	Value   float64 // since some moment; only differences mean anything
	Source  string  // "RAPL package"
	Missing string  // a sentence: why it is not known
}

// Meter watches the machine beside what is measured.
type Meter interface {
	Load(ctx context.Context) disturb.Reading
	Energy(ctx context.Context) Joules
	Conditions(ctx context.Context) Conditions
	// Free is how many bytes the disk that holds dir has left.
	Free(dir string) (int64, error)
}

// Options are what a Lab is given.
type Options struct {
	Tools   Tools
	Serve   func(ctx context.Context, s Serving) (Server, error)
	Library Library
	Store   Store
	Meter   Meter
	// Plan asks the engine what it would allocate for a model file at a context and a KV-cache type.
	Plan  func(ctx context.Context, path string, contextLength int, kv string) (backend.MemoryPlan, error)
	Dir   string // a folder of the lab's own, on the disk of the models where that can be
	NewID func() string
}

// Lab does the work. It may be used from many goroutines; what it measures runs one after the other.
type Lab struct {
	o    Options
	turn chan struct{} // held by the one comparison or derivation that runs

	underway

	blindly sync.Mutex // held while a blind test is read, changed and stored
}

// New makes a Lab. Nothing is opened before it is needed.
func New(o Options) *Lab { return &Lab{o: o, turn: make(chan struct{}, 1)} }

// busy takes the turn, or says that somebody else has it: two measurements at a time would both be wrong.
func (l *Lab) busy() (done func(), err error) {
	select {
	case l.turn <- struct{}{}:
		return func() { <-l.turn }, nil
	default:
		return nil, backend.Fail(backend.CodeBusy, nil, "The lab is already at work.", "Wait until it is done, or cancel it.")
	}
}

// Names of the lab's own files begin so, so that Sweep knows them.
const temporaryPrefix = "lab-tmp-"

// Sweep removes what a run that was killed left in dir. Call it before the first run of a process that is the only one
// to use dir.
func Sweep(dir string) (removed int, err error) {
	left, err := filepath.Glob(filepath.Join(dir, temporaryPrefix+"*"))
	if err != nil {
		return 0, err
	}
	for _, path := range left {
		if e := os.RemoveAll(path); e != nil {
			err = errors.Join(err, e)
			continue
		}
		removed++
	}
	return removed, err
}

// temporary makes a folder for one piece of work; remove deletes it with all that is in it.
func (l *Lab) temporary() (dir string, remove func(), err error) {
	if err := os.MkdirAll(l.o.Dir, 0o700); err != nil {
		return "", nil, onDisk(err)
	}
	dir, err = os.MkdirTemp(l.o.Dir, temporaryPrefix)
	if err != nil {
		return "", nil, onDisk(err)
	}
	return dir, func() { _ = os.RemoveAll(dir) }, nil
}

// margin stays free on the disk beside what the lab writes.
const margin = 64 << 20

// checkSpace refuses work that would fill the disk. what is the thing that needs the room: "the quant".
func (l *Lab) checkSpace(need int64, what string) error {
	free, err := l.o.Meter.Free(l.o.Dir)
	if err != nil {
		return nil //nolint:nilerr // no reading is no reason to refuse
	}
	if short := need + margin - free; short > 0 {
		return fsys.Short(what, short, "")
	}
	return nil
}

// explain turns the end of a program into a sentence. doing is what it did: "make this quant".
func (l *Lab) explain(ctx context.Context, out Output, err error, doing string) error {
	free, freeErr := l.o.Meter.Free(l.o.Dir)
	return llama.Failure{
		Err: err, Log: string(out.Stderr) + string(out.Stdout), Doing: doing, LowDisk: freeErr == nil && free < lowDisk,
	}.Explain(ctx)
}

// lowDisk is so little free space that a program which could not write most likely met a full disk.
const lowDisk = 16 << 20

// onDisk turns an error of the disk into a sentence.
func onDisk(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, os.ErrPermission):
		return backend.Fail(backend.CodeDenied, err, "The lab's folder can't be written.", "Check the permissions of the data folder.")
	}
	if disk := fsys.Explain(err, ""); disk != nil {
		return disk
	}
	return fsys.BadDisk(err, "")
}

// steps maps the parts of a long work to one progress that never falls.
type steps struct {
	report func(Progress)
	last   float64
}

func (s *steps) at(p Progress) {
	if s.report == nil {
		return
	}
	s.last = min(1, max(s.last, p.Done))
	p.Done = s.last
	s.report(p)
}

// now is rounded, so that what is stored and read again is equal.
func now() time.Time { return time.Now().UTC().Truncate(time.Millisecond) }
