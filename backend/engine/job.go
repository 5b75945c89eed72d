package engine

import (
	"bytes"
	"cmp"
	"context"
	"sync"
	"time"

	"weightroom/backend/llama"
)

// sampleEvery is how often the memory of a job is looked at: often enough to see a peak that lasts, seldom enough to
// cost under a thousandth of one core.
const sampleEvery = 50 * time.Millisecond

// Job is one run of one of the engine's programs, such as "llama-quantize".
type Job struct {
	Name string
	Args []string
	Env  []string // beside what every program gets
	// Threads is how many the program works with; 0: as many as work for a model.
	Threads int
	How     *llama.How // how it works; nil: as the server does
	// Watch is given what the program writes to either stream while it runs, in pieces of any length and from one
	// goroutine at a time; nil: nobody watches.
	Watch func(text string)
}

// JobResult is what a job left behind.
type JobResult struct {
	ToolResult
	Memory MemoryUse // at its peak
}

// MemoryUse is the resident memory of processes, in bytes.
type MemoryUse struct {
	Bytes          int64 // all of it
	AnonymousBytes int64 // only ending the process gives it back; 0: this system does not tell
	FileBytes      int64 // pages of mapped files, which the system may drop; 0: this system does not tell
}

// larger keeps the peak of each kind.
func (m MemoryUse) larger(o MemoryUse) MemoryUse {
	return MemoryUse{max(m.Bytes, o.Bytes), max(m.AnonymousBytes, o.AnonymousBytes), max(m.FileBytes, o.FileBytes)}
}

// RunJob is RunTool with a view of the program while it runs: what it writes, and what memory it holds.
func (e *Engine) RunJob(ctx context.Context, job Job) (JobResult, error) {
	done, err := e.Alone(ctx)
	if err != nil {
		return JobResult{}, err
	}
	defer done()
	t, err := e.Tool(ctx, job.Name, llama.WithHow(job.Name, job.Args, job.how(e.how()))...)
	if err != nil {
		return JobResult{}, err
	}
	t.Env = append(t.Env, job.Env...)
	var stdout, stderr bytes.Buffer
	var turn sync.Mutex
	t.Stdout, t.Stderr = &watched{&turn, &stdout, job.Watch}, &watched{&turn, &stderr, job.Watch}
	var peak MemoryUse
	ended, sampled := make(chan struct{}), make(chan struct{})
	sampling := false
	t.started = func(pid int) {
		sampling = true
		go func() {
			defer close(sampled)
			peak = peakWhile(ended, func() MemoryUse { return memoryOf(pid) })
		}()
	}
	begin := time.Now()
	err = t.Run()
	r := JobResult{ToolResult: ToolResult{Stdout: stdout.Bytes(), Stderr: stderr.Bytes(), Seconds: time.Since(begin).Seconds()}}
	close(ended)
	if sampling {
		<-sampled
	}
	if t.ProcessState != nil {
		r.PeakBytes = peakMemory(t.ProcessState)
		r.CPUSeconds = (t.ProcessState.UserTime() + t.ProcessState.SystemTime()).Seconds()
	}
	peak.Bytes = max(peak.Bytes, r.PeakBytes)
	r.Memory = peak
	if err != nil && ctx.Err() != nil {
		return r, ctx.Err()
	}
	return r, err
}

// how is how the job's program works, where the server does it as usual.
func (j Job) how(usual llama.How) llama.How {
	if j.How != nil {
		return *j.How
	}
	usual.Threads = cmp.Or(j.Threads, usual.Threads)
	return usual
}

// Alone waits until no program of the engine runs and keeps others from starting until done is called, so that a
// measurement of the running engine is not disturbed by one.
func (e *Engine) Alone(ctx context.Context) (done func(), err error) {
	select {
	case e.tools <- struct{}{}:
		return func() { <-e.tools }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// peakWhile samples until ended is closed.
func peakWhile(ended <-chan struct{}, sample func() MemoryUse) MemoryUse {
	ticker := time.NewTicker(sampleEvery)
	defer ticker.Stop()
	peak := sample()
	for {
		select {
		case <-ended:
			return peak
		case <-ticker.C:
			peak = peak.larger(sample())
		}
	}
}

// watched keeps what is written and passes it on. Both streams of a program share one turn.
type watched struct {
	turn  *sync.Mutex
	all   *bytes.Buffer
	watch func(string)
}

func (w *watched) Write(p []byte) (int, error) {
	w.turn.Lock()
	defer w.turn.Unlock()
	if w.watch != nil {
		w.watch(string(p))
	}
	return w.all.Write(p)
}

// CPUSeconds is the processor time that the engine has taken since it started, with everything that it runs or ran.
func (e *Engine) CPUSeconds() float64 {
	pid := e.PID()
	if pid == 0 {
		return 0
	}
	return treeCPUSeconds(pid)
}

// ticksPerSecond is USER_HZ: 100 on every system that Linux runs on today, and what process_other.go counts in.
const ticksPerSecond = 100

// ModelMemory is the resident memory of the llama-server that holds the loaded model; zero when there is none. It looks
// for the process once and is cheap from then on, so that a measurement may ask often without being disturbed by it.
func (e *Engine) ModelMemory() MemoryUse {
	pid := int(e.server.Load())
	if m := memoryOf(pid); pid != 0 && m.Bytes != 0 {
		return m
	}
	e.server.Store(0)
	if parent := e.PID(); parent != 0 {
		for _, p := range processTree(parent) {
			if isServer(p) {
				e.server.Store(int64(p.pid))
				return memoryOf(p.pid)
			}
		}
	}
	return MemoryUse{}
}
