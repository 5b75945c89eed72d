package lab

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"weightroom/backend"
	"weightroom/backend/disturb"
	"weightroom/backend/gguf/gguftest"
	"weightroom/backend/llama"
)

// bed is a lab whose engine and library are scripts, on a real disk.
type bed struct {
	updating sync.Mutex // held by Update
	t        *testing.T
	lab      *Lab
	dir      string
	models   []backend.Model
	kept     map[string][]byte
	mu       sync.Mutex

	jobs    []string // that ran, in order
	onJob   func(ctx context.Context, job Job) (Output, error, bool)
	onServe func(s Serving) error
	say     func(ref string, p backend.Prompt) string
	free    int64
	load    []disturb.Reading // one after the other; the last stays
	joules  []Joules
	served  int
	threads int // that the programs work with
	nextID  int
}

func newBed(t *testing.T) *bed {
	b := &bed{t: t, dir: t.TempDir(), kept: map[string][]byte{}, free: 100e9, threads: 2, load: []disturb.Reading{{}}, joules: []Joules{{Missing: "No counter."}}}
	b.say = func(ref string, p backend.Prompt) string {
		return strings.Repeat("An answer that goes on and on about the lighthouse. ", 40) + ref + p.Messages[0].Text
	}
	b.lab = New(Options{
		Tools: b, Serve: b.serve, Library: b, Store: b, Meter: b, Dir: filepath.Join(b.dir, "lab"),
		Plan: func(_ context.Context, _ string, contextLength int, kv string) (backend.MemoryPlan, error) {
			kvBytes := int64(contextLength) * 100 * map[string]int64{"q4_0": 1, "q8_0": 2, "f16": 5}[kv]
			return backend.MemoryPlan{WeightsBytes: 1e6, KVBytes: kvBytes, TotalBytes: 1e6 + kvBytes}, nil
		},
		NewID: func() string { b.nextID++; return fmt.Sprintf("id%d", b.nextID) },
	})
	return b
}

// model puts a small real GGUF file into the library. bytes is only said.
func (b *bed) model(ref, quant string, bytes int64, change ...func(*gguftest.Builder)) backend.Model {
	b.t.Helper()
	file := gguftest.Small(byte(len(b.models)+1)).Set("llama.context_length", uint32(8192))
	for _, c := range change {
		c(file)
	}
	path := filepath.Join(b.dir, strings.NewReplacer(":", "-", "/", "-").Replace(ref)+".gguf")
	if err := os.WriteFile(path, file.Bytes(), 0o600); err != nil {
		b.t.Fatal(err)
	}
	m := backend.Model{
		Ref: ref, Name: "Tiny", Quant: quant, Bytes: bytes, Path: path, Digest: "sha256:" + fmt.Sprintf("%064x", len(b.models)+1),
		ContextLength: 8192, Capable: []string{"chat"}, Source: "import",
	}
	b.models = append(b.models, m)
	return m
}

func (b *bed) rivals(ms ...backend.Model) []Rival {
	var out []Rival
	for _, m := range ms {
		out = append(out, Rival{Model: m})
	}
	return out
}

// text writes a file that is long enough for the smallest chunks.
func (b *bed) text() string {
	path := filepath.Join(b.dir, "own.txt")
	if err := os.WriteFile(path, []byte(strings.Repeat("All work and no play makes Jack a dull boy. ", 500)), 0o600); err != nil {
		b.t.Fatal(err)
	}
	return path
}

// nothingLeft fails when the lab has left a file of its own.
func (b *bed) nothingLeft() {
	b.t.Helper()
	left, _ := filepath.Glob(filepath.Join(b.dir, "lab", temporaryPrefix+"*"))
	if len(left) > 0 {
		b.t.Errorf("left behind: %v", left)
	}
}

func after(args []string, flag string) string {
	if i := slices.Index(args, flag); i >= 0 && i+1 < len(args) {
		return args[i+1]
	}
	return ""
}

// Run answers as the engine's programs do, in their own words.
func (b *bed) Run(ctx context.Context, job Job) (Output, error) {
	b.mu.Lock()
	b.jobs = append(b.jobs, job.Name+" "+filepath.Base(after(job.Args, "-m")))
	b.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return Output{}, err
	}
	if b.onJob != nil {
		if out, err, mine := b.onJob(ctx, job); mine {
			return out, err
		}
	}
	watch := func(text string) {
		if job.Watch != nil {
			job.Watch(text)
		}
	}
	switch job.Name {
	case "llama-quantize":
		return b.quantize(job, watch)
	case "llama-imatrix":
		watch("compute_imatrix: computing over 4 chunks\n[1]3.1,[2]3.2,[3]")
		return Output{}, os.WriteFile(after(job.Args, "-o"), []byte("matrix"), 0o600)
	case "llama-perplexity":
		if slices.Contains(job.Args, "--kl-divergence") {
			watch("   1       1.0298 ±    0.0041       0.01412 ±    0.00222       0.00689 ±    0.00092     3.141 ±  0.363 %    100.000 ±  0.000 %\n")
			return Output{Stdout: b.kld(after(job.Args, "-m"))}, nil
		}
		watch("perplexity: calculating perplexity over 16 chunks, n_ctx=512\n")
		watch("[1]4.0,[2]4.1,")
		of := 16
		_, _ = fmt.Sscan(after(job.Args, "--chunks"), &of)
		context := 512
		_, _ = fmt.Sscan(after(job.Args, "-c"), &context)
		base := make([]byte, llama.BaseBytes(8, context, of)+20)
		return Output{Stderr: fmt.Appendf(nil, "perplexity: calculating perplexity over %d chunks, n_ctx=%d\nFinal estimate: PPL = 4.1000 +/- 0.10000\n", of, context)}, os.WriteFile(after(job.Args, "--kl-divergence-base"), base, 0o600)
	case "llama-bench":
		return Output{Stdout: b.bench(job.Args), CPUSeconds: 0.01}, nil
	}
	return Output{}, fmt.Errorf("no program %s", job.Name)
}

// speeds and losses by the quant in the file's name.
func quality(path string) (speed, kld, top float64) {
	for _, q := range []struct {
		quant           string
		speed, kld, top float64
	}{{"F16", 50, 0, 100}, {"Q8_0", 80, 0.004, 96}, {"Q6_K", 90, 0.01, 94}, {"Q4_K_M", 110, 0.05, 91}, {"Q2_K", 140, 0.4, 66}} {
		if strings.Contains(path, q.quant) {
			return q.speed, q.kld, q.top
		}
	}
	return 60, 0.1, 85
}

func (b *bed) kld(path string) []byte {
	_, kld, top := quality(path)
	return fmt.Appendf(nil, "Mean PPL(Q)                   :   %f ±   0.002772\nMean    KLD:   %f ±   0.000645\n99.0%%   KLD:   %f\nSame top p: %.3f ± 0.300 %%\n", 4.1+kld, kld, 10*kld, top)
}

func (b *bed) bench(args []string) []byte {
	speed, _, _ := quality(after(args, "-m"))
	var tests []map[string]any
	add := func(prompt, generated, depth int, speed float64) {
		tests = append(tests, map[string]any{
			"build_number": 10488, "cpu_info": "Fake CPU", "backends": "CPU", "model_type": "llama 1M", "model_size": 1 << 20, "model_n_params": 1e6, "n_threads": b.threads,
			"n_prompt": prompt, "n_gen": generated, "n_depth": depth, "samples_ns": []float64{float64(prompt+generated) / speed * 1e9},
		})
	}
	n := 0
	_, _ = fmt.Sscan(after(args, "-n"), &n)
	depths := []string{"0"}
	if d := after(args, "-d"); d != "" {
		depths = strings.Split(d, ",")
	}
	for _, d := range depths {
		depth := 0
		_, _ = fmt.Sscan(d, &depth)
		for p := range strings.SplitSeq(after(args, "-p"), ",") {
			prompt := 0
			if _, _ = fmt.Sscan(p, &prompt); prompt > 0 {
				add(prompt, 0, depth, 10*speed)
			}
		}
		add(0, n, depth, speed/(1+float64(depth)/10000))
	}
	data, _ := json.Marshal(tests)
	return data
}

func (b *bed) quantize(job Job, watch func(string)) (Output, error) {
	log := "[   1/   2] token_embd.weight                   - [    32,      8,      1,      1], type =   q8_0, size =     0.01 MiB ->     0.01 MiB (q4_0)\n" +
		"[   2/   2] blk.0.attn_q.weight                 - [    32,     32,      1,      1], type =   q8_0, size =    0.001 MiB\n" +
		"warning: blk.0.attn_q.weight                  - ncols     32 not divisible by 256 (required for type    q4_K) -> falling back to    q5_0\n"
	last := job.Args[len(job.Args)-1]
	if slices.Contains(job.Args, "--dry-run") {
		if strings.HasPrefix(last, "IQ2") {
			log += "WARNING: dry run completed successfully, but actually completing this quantization will require an imatrix!\n"
		}
		return Output{Stderr: []byte(log)}, nil
	}
	watch(log[:40])
	watch(log[40:])
	path := job.Args[len(job.Args)-2]
	return Output{Stderr: []byte(log)}, os.WriteFile(path, gguftest.Small(77).Bytes(), 0o600)
}

func (b *bed) Models(context.Context) ([]backend.Model, error) { return slices.Clone(b.models), nil }

func (b *bed) Publish(ctx context.Context, _ string, p Publication, progress func(done, total int64)) (backend.Model, error) {
	if err := ctx.Err(); err != nil {
		return backend.Model{}, err
	}
	progress(1, 2)
	_, quant := backend.SplitRef(p.Ref)
	m := b.model(p.Ref, strings.TrimSuffix(quant, "-imatrix"), 5e5)
	m.Source, m.Parent, m.Name = "derived", p.Parent, p.Name
	b.models[len(b.models)-1] = m
	progress(2, 2)
	return m, nil
}

func (b *bed) Get(_ context.Context, key string, v any) (bool, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	data, ok := b.kept[key]
	if !ok {
		return false, nil
	}
	return true, json.Unmarshal(data, v)
}

func (b *bed) Put(_ context.Context, key string, v any) error {
	data, err := json.Marshal(v)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.kept[key] = data
	return err
}

func (b *bed) Update(ctx context.Context, key string, v any, change func() error) error {
	b.updating.Lock()
	defer b.updating.Unlock()
	if _, err := b.Get(ctx, key, v); err != nil {
		return err
	}
	if err := change(); err != nil {
		return err
	}
	return b.Put(ctx, key, v)
}

func (b *bed) Load(context.Context) disturb.Reading {
	b.mu.Lock()
	defer b.mu.Unlock()
	r := b.load[0]
	if len(b.load) > 1 {
		b.load = b.load[1:]
	}
	return r
}

func (b *bed) Energy(context.Context) Joules {
	b.mu.Lock()
	defer b.mu.Unlock()
	j := b.joules[0]
	if len(b.joules) > 1 {
		b.joules = b.joules[1:]
	}
	return j
}

func (b *bed) Conditions(context.Context) Conditions {
	return Conditions{Engine: "0.34.4", LlamaCpp: "b10488", Device: "Fake CPU", Power: "ac"}
}

func (b *bed) Free(string) (int64, error) { return b.free, nil }

// fakeServer answers at once.
type fakeServer struct {
	bed    *bed
	loaded string
}

func (b *bed) serve(_ context.Context, s Serving) (Server, error) {
	if b.onServe != nil {
		if err := b.onServe(s); err != nil {
			return nil, err
		}
	}
	b.served++
	return &fakeServer{bed: b}, nil
}

func (s *fakeServer) Load(ctx context.Context, m backend.Model, _ int) error {
	s.loaded = m.Ref
	return ctx.Err()
}

func (s *fakeServer) Unload(context.Context, backend.Model) error { return nil }
func (s *fakeServer) Held(context.Context) int64                  { return 2e6 }
func (s *fakeServer) Memory() Resident {
	return Resident{Bytes: 3e6, AnonymousBytes: 2e6, FileBytes: 1e6}
}
func (s *fakeServer) CPUSeconds() float64 { return 0.01 }
func (s *fakeServer) Close() error        { return nil }

func (s *fakeServer) Answer(ctx context.Context, p backend.Prompt, emit func(backend.Delta)) (backend.Metrics, error) {
	if err := ctx.Err(); err != nil {
		return backend.Metrics{}, err
	}
	text := s.bed.say(p.Model, p)
	n := 0
	for word := range strings.FieldsSeq(text) {
		emit(backend.Delta{Phase: backend.PhaseWriting, Text: word + " "})
		n++
	}
	return backend.Metrics{Tokens: n, TimeToFirstTokenSeconds: 0.1, TokensPerSecond: 50}, nil
}

func wantProblem(t *testing.T, err error, code backend.Code, says string) {
	t.Helper()
	var e *backend.Error
	if !errors.As(err, &e) || e.Code != code || !strings.Contains(e.Message+" "+e.Hint, says) {
		t.Errorf("error %v, want %s with %q", err, code, says)
	}
}
