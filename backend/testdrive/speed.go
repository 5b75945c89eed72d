package testdrive

import (
	"math"
	"strings"

	"weightroom/backend"
)

// Speed estimates how fast any model runs on one device, from the runs that device has done.
//
// The time of a generated token is what reading the active weights takes, the output matrix among them, times what
// unpacking the type of each tensor costs, plus a fixed time for each block:
//
//	seconds = Σ activeBytes(type)/bandwidth · cost(type) + layers · overhead
//
// The type of a tensor is often not its quant's: a width that Q4_K does not fit falls back to Q5_0, and an embedding that is
// the output too is Q8_0. The time of a prompt token is arithmetic on the blocks' weights, since only the last token needs the
// output, plus its share of reading all weights once for a batch of 64:
//
//	seconds = Σ weights(type)/rate · work(type) + bytes/bandwidth/64 + layers · overhead/8
//
// Each unknown has a prior; the runs move it as far as they outweigh the prior (a maximum a posteriori fit of the
// logarithms, by Gauss-Newton). So the same code answers with no run, with three, and with fifty, and says how sure it
// is. Costs of types that were run are fitted too, from the table's value.
type Speed struct {
	generate, prompt fitted
}

// SpeedInput is what an estimate is for.
type SpeedInput struct {
	Quant       string
	Bytes       int64 // of the file
	ActiveBytes int64 // read for one token
	Layers      int
	Parts       []Part // of ActiveBytes; nil: all of the quant's usual type
}

// Part is the weights of one type that are read for a token.
type Part struct {
	Type    string `json:"type"` // of the tensors: Q6_K
	Bytes   int64  `json:"bytes"`
	Weights int64  `json:"weights"`
	Output  bool   `json:"output"` // they make the output, which only the last token of a prompt needs
}

// parts are what is read for a token.
func (x SpeedInput) parts() []Part {
	if len(x.Parts) > 0 {
		return x.Parts
	}
	return []Part{{Type: x.Quant, Bytes: x.ActiveBytes, Weights: int64(float64(x.ActiveBytes) * 8 / classes[classOf(x.Quant)].bits)}}
}

// Estimate is a guess with its errors: nine of ten models lie within 1±Error of it.
type Estimate struct {
	TokensPerSecond       float64
	PromptTokensPerSecond float64
	Error                 float64 // share of TokensPerSecond
	PromptError           float64 // share of PromptTokensPerSecond
}

// The priors: the middle and, as a standard deviation of the logarithm, how sure it is. They are of processors; of
// graphics processors, whose runs soon outweigh them, they are further off.
const (
	bandwidthShare   = 0.75 // of the measured bandwidth is reached; a share of 0.6 to 0.9 is usual
	bandwidthDoubt   = 0.35
	unknownBandwidth = 25e9 // bytes per second, where none was measured: two channels of DDR4
	unknownDoubt     = 0.8
	overheadPrior    = 30e-6 // seconds for each block and token: about ten small operations that all threads wait for
	overheadDoubt    = 0.8
	ratePerByte      = 8.0 // weights multiplied for each byte of bandwidth: 10 GB/s goes with 80 billion a second
	rateDoubt        = 0.7
	costDoubt        = 0.3  // of a type's cost: what two machines are apart
	batch            = 64   // prompt tokens of a test drive
	noiseFloor       = 0.04 // of a run on a quiet machine
	nineOfTen        = 1.645
)

// class is what the estimate knows of a quant: the bits of a weight, and what unpacking costs beside Q8_0.
type class struct {
	name       string
	bits       float64 // of a weight, in the usual mix (llama.cpp's tools/quantize/README.md, Llama 3.1 8B)
	cost, work float64
}

// classes are looked up by the longest prefix. The costs were measured with test drives of one 1B model at every
// quant on a 2-core x86-64 machine with AVX2 (TestEngineTypeCosts prints them). Those that the models of
// testdata/speeds.json have are the geometric means of that machine and of one with AVX-512, where Q4_K takes half as long.
var classes = []class{
	{"F32", 32, 1, 1.2}, {"F16", 16, 0.9, 1.2}, {"BF16", 16, 1.1, 1.5}, {"Q8_0", 8.5, 1, 1},
	{"Q6_K", 6.56, 1.1, 1.25}, {"Q5_K", 5.7, 1.1, 1.1}, {"Q5_1", 6, 1.4, 1.6}, {"Q5_0", 5.57, 1.4, 1.5},
	{"Q4_K", 4.89, 0.9, 0.8}, {"Q4_1", 5.1, 1.35, 1.8}, {"Q4_0", 4.65, 0.85, 0.85}, {"IQ4_NL", 4.65, 1.2, 1}, {"IQ4_XS", 4.42, 1.4, 1.6},
	{"MXFP4", 4.6, 1.4, 1.6}, {"Q3_K", 4, 1.5, 1.6}, {"IQ3", 3.7, 2.5, 2.5}, {"Q2_K", 3.16, 1.6, 1.3},
	{"IQ2", 2.7, 2.5, 2.5}, {"TQ", 2.4, 1.4, 1.3}, {"IQ1", 2.1, 2.5, 2.5},
}

func classOf(quant string) int {
	best, length := 8, 0 // Q4_K
	for i, c := range classes {
		if strings.HasPrefix(strings.ToUpper(quant), c.name) && len(c.name) > length {
			best, length = i, len(c.name)
		}
	}
	return best
}

// Bandwidth is a memory's measured read speed.
type Bandwidth struct {
	BytesPerSecond float64 // 0: not measured
	Doubtful       bool    // other programs may have slowed the measurement down
}

// NewSpeed fits the model to the runs of one device: the caller leaves out runs of other devices, engines or power
// states, and those that other programs disturbed. partsOf says what a run read for a token; nil, or where it says nothing:
// its quant's usual type.
func NewSpeed(drives []backend.Drive, bandwidth Bandwidth, partsOf func(backend.Drive) []Part) Speed {
	prior, doubt := bandwidth.BytesPerSecond*bandwidthShare, bandwidthDoubt
	if !usable(bandwidth.BytesPerSecond) {
		prior, doubt = unknownBandwidth, unknownDoubt
	}
	if bandwidth.Doubtful {
		doubt = unknownDoubt
	}
	var tg, pp []sample
	for _, d := range drives {
		s := SpeedInput{Quant: d.Quant, Bytes: d.Bytes, ActiveBytes: d.ActiveBytes, Layers: d.Layers}
		if partsOf != nil {
			s.Parts = partsOf(d)
		}
		if d.ActiveBytes <= 0 || d.Layers <= 0 {
			continue
		}
		noise := math.Hypot(noiseFloor, d.Spread/2)
		if d.Partial {
			noise = math.Hypot(noise, 0.08) // a line was drawn
		}
		if usable(d.TokensPerSecond) {
			tg = append(tg, sample{s, math.Log(1 / d.TokensPerSecond), noise})
		}
		if usable(d.PromptTokensPerSecond) {
			pp = append(pp, sample{s, math.Log(1 / d.PromptTokensPerSecond), noise})
		}
	}
	var s Speed
	s.generate = fitModel(generation(prior, doubt), tg)
	read := math.Exp(s.generate.theta[0])
	overhead := math.Exp(s.generate.theta[1])
	s.prompt = fitModel(prompting(read, overhead, math.Hypot(rateDoubt, doubt)), pp)
	return s
}

func usable(v float64) bool { return v > 0 && !math.IsInf(v, 0) && !math.IsNaN(v) }

// Estimate guesses how fast a model runs.
func (s Speed) Estimate(x SpeedInput) Estimate {
	tg, tgError := s.generate.predict(x)
	pp, ppError := s.prompt.predict(x)
	return Estimate{TokensPerSecond: 1 / tg, PromptTokensPerSecond: 1 / pp, Error: tgError, PromptError: ppError}
}

// Runs is how many runs the estimates rest on.
func (s Speed) Runs() int { return len(s.generate.samples) }

// sample is one run: the logarithm of its seconds for each token, and the standard deviation of that.
type sample struct {
	SpeedInput
	logSeconds, noise float64
}

// model is a sum of terms, each of which is exp(Σ theta·x) times a known size. theta holds logarithms: first the
// model's own, then one for each class.
type model struct {
	prior, doubt []float64
	terms        func(SpeedInput) []term
}

// term is size · exp(theta[own] if own ≥ 0 + theta[class] if class ≥ 0).
type term struct {
	size       float64
	own, class int
}

// generation has theta[0], the logarithm of the seconds for a byte, and theta[1], of the seconds for a block.
func generation(bandwidth, doubt float64) model {
	m := model{prior: []float64{-math.Log(bandwidth), math.Log(overheadPrior)}, doubt: []float64{doubt, overheadDoubt}}
	for _, c := range classes {
		m.prior, m.doubt = append(m.prior, math.Log(c.cost)), append(m.doubt, costDoubt)
	}
	m.terms = func(x SpeedInput) []term {
		terms := []term{{float64(x.Layers), 1, -1}}
		for _, p := range x.parts() {
			terms = append(terms, term{float64(p.Bytes), 0, 2 + classOf(p.Type)})
		}
		return terms
	}
	return m
}

// prompting has theta[0], the logarithm of the seconds for a weight. Reading and overhead are known from generation.
func prompting(secondsPerByte, overhead, doubt float64) model {
	m := model{prior: []float64{math.Log(secondsPerByte / ratePerByte)}, doubt: []float64{doubt}}
	for _, c := range classes {
		m.prior, m.doubt = append(m.prior, math.Log(c.work)), append(m.doubt, costDoubt)
	}
	m.terms = func(x SpeedInput) []term {
		terms := []term{{max(float64(x.Bytes), float64(x.ActiveBytes))*secondsPerByte/batch + float64(x.Layers)*overhead/8, -1, -1}}
		for _, p := range x.parts() {
			if !p.Output {
				terms = append(terms, term{float64(p.Weights), 0, 1 + classOf(p.Type)})
			}
		}
		return terms
	}
	return m
}

// fitted is a model with its most likely theta and what is left of the doubt.
type fitted struct {
	model
	theta   []float64
	spread  [][]float64 // covariance of theta
	samples []sample
	misfit  float64 // how much larger the errors on models left out are than the doubt says; at least 1
	noise   float64 // of a model beyond what theta explains
}

// modelNoise is how far models differ that the formula takes for the same: other widths, experts, kinds of attention.
const modelNoise = 0.08

func fitModel(m model, samples []sample) fitted {
	f := solve(m, samples)
	f.misfit, f.noise = 1, modelNoise
	if len(samples) >= 3 { // leave each out once and see how well the others foretell it
		var sum float64
		for i, s := range samples {
			others := append(append([]sample{}, samples[:i]...), samples[i+1:]...)
			without := solve(m, others)
			y, grad := without.value(s.SpeedInput)
			r := s.logSeconds - y
			sum += r * r / (without.variance(grad) + modelNoise*modelNoise + s.noise*s.noise)
		}
		f.misfit = max(1, math.Sqrt(sum/float64(len(samples))))
	}
	return f
}

// value returns the logarithm of the seconds and its gradient.
func (f fitted) value(x SpeedInput) (y float64, grad []float64) {
	grad = make([]float64, len(f.theta))
	var sum float64
	for _, t := range f.terms(x) {
		v := t.size
		for _, i := range []int{t.own, t.class} {
			if i >= 0 {
				v *= math.Exp(f.theta[i])
			}
		}
		sum += v
		for _, i := range []int{t.own, t.class} {
			if i >= 0 {
				grad[i] += v
			}
		}
	}
	sum = max(sum, 1e-12)
	for i := range grad {
		grad[i] /= sum
	}
	return math.Log(sum), grad
}

func (f fitted) variance(grad []float64) float64 {
	var v float64
	for i, g := range grad {
		if g == 0 {
			continue
		}
		for j, h := range grad {
			v += g * h * f.spread[i][j]
		}
	}
	return v
}

// predict returns seconds for each token, and the share within which nine of ten models lie.
func (f fitted) predict(x SpeedInput) (seconds, share float64) {
	y, grad := f.value(x)
	deviation := f.misfit * math.Sqrt(f.variance(grad)+f.noise*f.noise)
	return math.Exp(y), math.Expm1(nineOfTen * math.Hypot(deviation, f.farther(x)))
}

// Models larger than any that was run are faster than the formula says, because larger matrices are read in longer
// pieces: by 10% at twice the size and 25% at three times on the machine of testdata/speeds.json.
const (
	farNoise = 0.12 // for each e-fold of the bytes read
	farMost  = 0.2  // further out, memory alone counts
)

// farther is the doubt about a model that reads more than any that was run.
func (f fitted) farther(x SpeedInput) float64 {
	var most int64
	for _, s := range f.samples {
		most = max(most, s.ActiveBytes)
	}
	if most == 0 || x.ActiveBytes <= most {
		return 0
	}
	return min(farMost, farNoise*math.Log(float64(x.ActiveBytes)/float64(most)))
}

// solve finds the most likely theta: Gauss-Newton on the squared, weighted differences of logarithms, where the prior
// counts as one more observation of each theta.
func solve(m model, samples []sample) fitted {
	n := len(m.prior)
	f := fitted{model: m, theta: append([]float64{}, m.prior...), samples: samples}
	for range 30 {
		a, b := make([][]float64, n), make([]float64, n)
		for i := range n {
			a[i] = make([]float64, n)
			w := 1 / (m.doubt[i] * m.doubt[i])
			a[i][i] = w
			b[i] = w * (m.prior[i] - f.theta[i])
		}
		for _, s := range samples {
			y, grad := f.value(s.SpeedInput)
			w := 1 / (s.noise*s.noise + modelNoise*modelNoise)
			for i := range n {
				b[i] += w * grad[i] * (s.logSeconds - y)
				for j := range n {
					a[i][j] += w * grad[i] * grad[j]
				}
			}
		}
		f.spread = invert(a)
		var step float64
		for i := range n {
			var d float64
			for j := range n {
				d += f.spread[i][j] * b[j]
			}
			d = max(-1, min(1, d))
			f.theta[i] += d
			step = max(step, math.Abs(d))
		}
		if step < 1e-9 {
			break
		}
	}
	return f
}

// invert turns over a symmetric positive matrix (Gauss-Jordan; the prior keeps it far from singular).
func invert(a [][]float64) [][]float64 {
	n := len(a)
	out := make([][]float64, n)
	for i := range out {
		out[i] = make([]float64, n)
		out[i][i] = 1
	}
	for c := range n {
		p := a[c][c]
		for j := range n {
			a[c][j] /= p
			out[c][j] /= p
		}
		for r := range n {
			if k := a[r][c]; r != c && k != 0 {
				for j := range n {
					a[r][j] -= k * a[c][j]
					out[r][j] -= k * out[c][j]
				}
			}
		}
	}
	return out
}
