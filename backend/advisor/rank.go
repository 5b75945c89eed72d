package advisor

import (
	"cmp"
	"math"
	"slices"
	"sort"

	"weightroom/backend"
)

// Recommendation is one pick: a candidate that fits, is quick enough, and is not beaten in everything by another.
type Recommendation struct {
	Model string `json:"model"` // the candidate's id
	Name  string `json:"name"`
	Quant string `json:"quant"`
	Bytes int64  `json:"bytes"` // of the files
	Best  bool   `json:"best"`  // the first of the picks

	Fit         Place              `json:"fit"`
	Memory      backend.MemoryPlan `json:"memory"`
	Planned     bool               `json:"planned"` // Memory is the engine's own plan; false: calculated
	MaxContext  int                `json:"maxContext"`
	Layers      int                `json:"layers"`
	LayersOnGPU int                `json:"layersOnGpu"`
	GPU         int                `json:"gpu"`
	GPUs        int                `json:"gpus"`

	TokensPerSecond       float64        `json:"tokensPerSecond"`
	PromptTokensPerSecond float64        `json:"promptTokensPerSecond"`
	Source                backend.Source `json:"source"`
	Error                 float64        `json:"error"`       // of TokensPerSecond, as a share
	PromptError           float64        `json:"promptError"` // of PromptTokensPerSecond
	Disturbed             bool           `json:"disturbed"`   // other programs kept the processors busy during the run
	Times                 Times          `json:"times"`

	Quality       float64 `json:"quality"`      // 0 to 100, after quantization
	QualityError  float64 `json:"qualityError"` // points
	QualitySource string  `json:"qualitySource"`
	QualityKnown  bool    `json:"qualityKnown"` // false: Quality is guessed from the size and never beats a known one

	Why       []string        `json:"why"`
	Reasons   []string        `json:"reasons"` // Why without what the figures say
	Licence   backend.Licence `json:"licence"`
	Thinking  bool            `json:"thinking"`
	Vision    bool            `json:"vision"`
	Tools     bool            `json:"tools"`
	Installed bool            `json:"installed"`
}

// Cause says why a model is not among the picks.
type Cause string

// The causes, from what a person can do least about to what is merely second best.
const (
	CauseUnrunnable Cause = "unrunnable"
	CauseUse        Cause = "use" // not made for it
	CauseLicence    Cause = "licence"
	CauseContext    Cause = "context" // reads fewer tokens than asked for
	CauseMemory     Cause = "memory"
	CauseDisk       Cause = "disk"
	CauseSlow       Cause = "slow"
	CauseDominated  Cause = "beaten" // another is as good, as fast and as small
	CauseLimit      Cause = "limit"  // a pick, but the list was asked to be short
)

func (c Cause) nearness() int {
	return slices.Index([]Cause{CauseUnrunnable, CauseUse, CauseLicence, CauseContext, CauseMemory, CauseDisk, CauseSlow, CauseDominated, CauseLimit}, c)
}

// kind groups the causes for the list of what was left out: what fits comes before what a machine is too small or too
// slow for, and that before what no machine would change.
func (c Cause) kind() int {
	switch c {
	case CauseDominated, CauseLimit:
		return 2
	case CauseMemory, CauseDisk, CauseSlow:
		return 1
	}
	return 0
}

// Rejection is a model of which no quantization was picked, shown by the one that came nearest.
type Rejection struct {
	Model           string   `json:"model"`
	Name            string   `json:"name"`
	Quant           string   `json:"quant"`
	Cause           Cause    `json:"cause"`
	Reason          string   `json:"reason"` // a sentence
	ShortByBytes    int64    `json:"shortByBytes"`
	TokensPerSecond float64  `json:"tokensPerSecond"` // 0: it does not run here
	Miss            float64  `json:"miss"`            // how many times the memory, the disk or the speed it would take that there is; 0: none of these is the cause
	Remedies        []Remedy `json:"remedies"`        // those that make it fit
}

// Advice is the answer to an [Ask].
type Advice struct {
	Ask      Ask              `json:"ask"` // with its defaults filled in
	Picks    []Recommendation `json:"picks"`
	Rejected []Rejection      `json:"rejected"`
	Summary  string           `json:"summary"` // one or two sentences
}

const (
	// noticeable is a difference in quality below which the faster and smaller one is simply better. Two points are
	// about what quantizing a good model to 4 bits costs.
	noticeable = 2.0
	// repeatLoss is what a second quantization of a model already listed loses in the order: it tells a person little new.
	repeatLoss = 5.0
	// sameTime is how much longer an answer may take and still count as no later.
	sameTime = 1.1
	// sameMemory is how much more memory still counts as no more.
	sameMemory = 1.05
)

// row is a candidate on its way through the ranking.
type row struct {
	c         *Candidate
	v         Verdict
	speed     Speed
	times     Times
	score     Score
	known     bool // score is published
	finding   *Finding
	cause     Cause
	dominator *row // where cause is CauseDominated
	utility   float64
	bigger    *tradeoff // against a smaller model at more bits
}

// Advise ranks all candidates: a Pareto set over speed, quality and memory, best first. Every model is either among the
// picks or rejected with a reason. The order depends on the candidates alone, not on their order. Without a limit, a
// higher wished speed never adds a pick. Its error is a *backend.Error about the ask.
func Advise(all []Candidate, m *Machine, measured Measurements, ask Ask) (Advice, error) {
	ask, err := ask.Complete()
	if err != nil {
		return Advice{}, err
	}
	rows := make([]row, len(all))
	guess := sizeGuess(all, ask.Use)
	siblings := map[string][]*row{}
	for i := range all {
		rows[i] = row{c: &all[i]}
		rows[i].judge(m, measured, ask, guess)
		siblings[all[i].ID] = append(siblings[all[i].ID], &rows[i])
	}
	var fitting []*row
	for i := range rows {
		rows[i].applyBlindTest(measured, siblings[rows[i].c.ID], ask.Use)
		if rows[i].cause == "" {
			fitting = append(fitting, &rows[i])
		}
	}
	picks := pareto(fitting)
	for i := range rows {
		rows[i].utility = rows[i].utilityFor(ask)
	}
	nameDominators(picks, fitting)
	picks = preferSupportedBigger(diversify(picks), fitting)
	if ask.Limit > 0 && len(picks) > ask.Limit {
		for _, r := range picks[ask.Limit:] {
			r.cause = CauseLimit
		}
		picks = picks[:ask.Limit]
	}
	advice := Advice{Ask: ask, Picks: make([]Recommendation, 0, len(picks))}
	for i, r := range picks {
		advice.Picks = append(advice.Picks, r.recommendation(ask, i == 0))
	}
	advice.Rejected = reject(siblings, all, m, ask)
	advice.Summary = summary(rows, len(picks), len(siblings), m, ask)
	return advice, nil
}

// judge finds the first reason against a candidate.
func (r *row) judge(m *Machine, measured Measurements, ask Ask, guess func(*Candidate) Score) {
	c := r.c
	score, ok := c.Scores[ask.Use]
	if !ok {
		score = guess(c)
	}
	r.score, r.known = score.after(c.Loss), ok
	if r.cause = c.unsuited(ask); r.cause == "" {
		r.run(m, measured, ask)
	}
}

// unsuited is what is against every quantization of a model, whatever the machine; empty: nothing.
func (c *Candidate) unsuited(ask Ask) Cause {
	_, scored := c.Scores[ask.Use]
	switch {
	case c.Unrunnable != "":
		return CauseUnrunnable
	case c.Embedding, c.Base, ask.Use == UseVision && !c.Vision:
		return CauseUse
	case len(c.Uses) > 0 && !scored && ask.Use != UseVision && ask.Use != UseDocuments && !slices.Contains(c.Uses, ask.Use):
		return CauseUse
	case ask.Licences == LicenceOpen && !c.Licence.OpenSource, ask.Licences == LicenceCommercial && !c.Licence.Commercial:
		return CauseLicence
	case c.MaxContext > 0 && ask.Context > c.MaxContext:
		return CauseContext
	}
	return ""
}

// run says where and how fast the candidate runs, and what of the machine is against it.
func (r *row) run(m *Machine, measured Measurements, ask Ask) {
	c := r.c
	r.v = c.fit(m, ask)
	if r.v.Place == PlaceNo {
		r.cause = CauseMemory
		return
	}
	r.speed = Expect(c, m, r.v, measured)
	r.times = TimesOf(c, r.speed, ask, measured)
	switch {
	case !c.Installed && m.DiskFree > 0 && c.download() > m.DiskFree:
		r.cause = CauseDisk
	case r.speed.Generation < *ask.MinSpeed:
		r.cause = CauseSlow
	default:
		r.v.MaxContext = c.longest(m, ask, r.v.Place)
	}
}

// applyBlindTest lets a person's own blind test overrule the loss of the table.
func (r *row) applyBlindTest(measured Measurements, siblings []*row, use Use) {
	if r.cause != "" {
		return
	}
	f, ok := measured.Finding(r.c.ID, r.c.Quant)
	if !ok {
		return
	}
	for _, s := range siblings {
		if s.c.Quant != f.AsGoodAs && s.c.Quant != f.WorseThan || s.c.Loss.Share > r.c.Loss.Share {
			continue
		}
		r.finding = &f
		score, ok := r.c.Scores[use]
		if !ok {
			continue
		}
		score = score.after(s.c.Loss)
		if f.WorseThan != "" { // this person noticed the difference, whatever the table says
			score.Value = min(r.score.Value, score.Value-1.5*noticeable)
		}
		r.score = score
	}
}

func byName(a, b *row) int {
	return cmp.Or(cmp.Compare(a.c.ID, b.c.ID), cmp.Compare(a.c.Quant, b.c.Quant), cmp.Compare(a.c.FileBytes, b.c.FileBytes))
}

// pareto walks from the fastest to the slowest and keeps what no faster one beats: a slower model must be noticeably
// better or smaller, or answer sooner because it thinks less. Whether one is kept thus depends on faster ones only, so a higher wished speed adds none.
func pareto(rows []*row) []*row {
	sorted := slices.Clone(rows)
	slices.SortFunc(sorted, func(a, b *row) int {
		return cmp.Or(
			cmp.Compare(b.speed.Generation, a.speed.Generation),
			cmp.Compare(b.score.Value, a.score.Value),
			cmp.Compare(a.v.Memory.TotalBytes, b.v.Memory.TotalBytes),
			byName(a, b),
		)
	})
	var kept []*row
	for _, r := range sorted {
		for _, k := range kept {
			if k.dominates(r) {
				r.cause, r.dominator = CauseDominated, k
				break
			}
		}
		if r.cause == "" {
			kept = append(kept, r)
		}
	}
	return kept
}

// nameDominators gives every dominated row the best of the picks that beat it.
func nameDominators(picks, rows []*row) {
	for _, r := range rows {
		if r.cause != CauseDominated {
			continue
		}
		for _, k := range picks {
			if k.utility > r.dominator.utility && k.speed.Generation >= r.speed.Generation && k.dominates(r) {
				r.dominator = k
			}
		}
	}
}

// diversify sorts picks by utility, with other models before more quantizations of one that is listed already.
func diversify(picks []*row) []*row {
	byUtility := func(a, b *row) int {
		return cmp.Or(cmp.Compare(b.utility, a.utility), byName(a, b))
	}
	slices.SortFunc(picks, byUtility)
	seen := map[string]float64{}
	for _, r := range picks {
		r.utility -= repeatLoss * seen[r.c.ID]
		seen[r.c.ID]++
	}
	slices.SortFunc(picks, byUtility)
	return picks
}

// dominates reports whether k, which is no slower, leaves no reason to take r. A guessed quality beats nothing but its
// own model's.
func (k *row) dominates(r *row) bool {
	if !k.known && k.c.ID != r.c.ID {
		return false
	}
	return k.score.Value >= r.score.Value-noticeable &&
		k.times.Answer.Value <= r.times.Answer.Value*sameTime &&
		float64(k.v.Memory.TotalBytes) <= float64(r.v.Memory.TotalBytes)*sameMemory
}

// utilityFor puts picks in order, in points of quality. Who prefers quality gets the score less its error. Else it is that
// and four points for each halving of the time that a typical answer takes with its thoughts, down to what feels immediate,
// and one beyond; six more off for each doubling past what people wait for with their eyes on the page, and up to three off
// for filling the memory. Where a candidate has no speed, the score alone counts.
func (r *row) utilityFor(ask Ask) float64 {
	answer := r.times.Answer.Value
	if ask.Prefer == PreferQuality {
		return r.score.Value - r.score.Error
	}
	if answer <= 0 {
		return r.score.Value
	}
	immediate, patience := AnswerTokens/(4*ReadingSpeed), 60.0
	if ask.Use == UseReasoning { // who asks for it knows that it takes time to think
		immediate, patience = 3*immediate, 3*patience
	}
	v := r.score.Value - r.score.Error
	v += 4*math.Log2(AnswerTokens/DefaultMinSpeed/max(answer, immediate)) + math.Log2(max(1, immediate/answer))
	v -= 6 * math.Log2(max(1, answer/patience))
	v -= 3 * float64(r.v.Memory.TotalBytes) / float64(max(r.v.FreeBytes, r.v.Memory.TotalBytes))
	return v
}

// tradeoff is a bigger model at few bits against a smaller one at many, in about the same memory.
type tradeoff struct {
	big, small *row
	supported  bool // the difference is larger than its error
}

// tradeoffOf finds the best smaller model at 8 bits or more beside a bigger one at fewer than 6.5.
func tradeoffOf(r *row, fitting []*row) *tradeoff {
	const few, many = 6.5, 7.5
	if bits := r.c.bitsPerWeight(); !r.known || bits == 0 || bits >= few {
		return nil
	}
	var small *row
	for _, s := range fitting {
		share := float64(s.v.Memory.TotalBytes) / float64(r.v.Memory.TotalBytes)
		if !s.known || s.c.bitsPerWeight() < many || s.c.Params*10 > r.c.Params*9 || share < 0.6 || share > 1.4 {
			continue
		}
		if small == nil || s.score.Value > small.score.Value || (s.score.Value == small.score.Value && byName(s, small) < 0) {
			small = s
		}
	}
	if small == nil {
		return nil
	}
	return &tradeoff{big: r, small: small, supported: r.clearlyAbove(small)}
}

// clearlyAbove reports whether the difference of two scores is larger than its standard error.
func (r *row) clearlyAbove(o *row) bool {
	return r.score.Value-o.score.Value > math.Hypot(r.score.Error, o.score.Error)
}

// preferSupportedBigger puts a bigger model at 4 bits first only where the scores support it: where they do not, and
// the smaller model has a pick that is no slower, that one comes first.
func preferSupportedBigger(picks, fitting []*row) []*row {
	if len(picks) == 0 {
		return picks
	}
	first := picks[0]
	first.bigger = tradeoffOf(first, fitting)
	if first.bigger == nil || first.bigger.supported {
		return picks
	}
	small := first.bigger.small
	if small.times.Answer.Value > sameTime*first.times.Answer.Value { // the bigger one is quicker all the same
		first.bigger = nil
		return picks
	}
	for i, r := range picks {
		if r.c.ID == small.c.ID && r.times.Answer.Value <= first.times.Answer.Value && !first.clearlyAbove(r) {
			r.bigger, first.bigger = first.bigger, nil
			return slices.Concat([]*row{r}, picks[:i], picks[i+1:])
		}
	}
	return picks
}

// sizeGuess returns a quality for models without a score: a line through the known ones over the logarithm of the size,
// with what is left over as its error. The size of a mixture of experts is the geometric mean of all its parameters and
// of those at work, a rule of thumb. With fewer than five known models the line is a fixed one.
func sizeGuess(all []Candidate, use Use) func(*Candidate) Score {
	size := func(c *Candidate) float64 {
		return math.Log10(max(1e6, math.Sqrt(float64(c.Params)*float64(c.activeParams()))))
	}
	seen := map[string]bool{}
	var xs, ys []float64
	for i := range all {
		c := &all[i]
		if s, ok := c.Scores[use]; ok && c.Params > 0 && !seen[c.ID] {
			seen[c.ID] = true
			xs, ys = append(xs, size(c)), append(ys, s.Value)
		}
	}
	slope, zero, rest := 25.0, -200.0, 15.0 // 25 points at a billion, 50 at ten
	if a, b, e, ok := line(xs, ys); ok {
		slope, zero, rest = a, b, e
	}
	return func(c *Candidate) Score {
		return Score{Value: min(100, max(0, zero+slope*size(c))), Error: rest, Source: "guessed from its size"}
	}
}

// line is a least-squares fit with its residual standard error.
func line(xs, ys []float64) (slope, zero, rest float64, ok bool) {
	n := float64(len(xs))
	if n < 5 {
		return 0, 0, 0, false
	}
	// Sorted, so that the order of the candidates cannot move the last digit.
	order := make([]int, len(xs))
	for i := range order {
		order[i] = i
	}
	sort.Slice(order, func(i, j int) bool {
		a, b := order[i], order[j]
		return xs[a] < xs[b] || (xs[a] == xs[b] && ys[a] < ys[b])
	})
	var sx, sy, sxx, sxy float64
	for _, i := range order {
		sx, sy, sxx, sxy = sx+xs[i], sy+ys[i], sxx+xs[i]*xs[i], sxy+xs[i]*ys[i]
	}
	d := n*sxx - sx*sx
	if d < 1e-9 {
		return 0, 0, 0, false
	}
	slope = (n*sxy - sx*sy) / d
	zero = (sy - slope*sx) / n
	var squares float64
	for _, i := range order {
		e := ys[i] - zero - slope*xs[i]
		squares += e * e
	}
	return slope, zero, math.Sqrt(squares / (n - 2)), slope > 0
}
