package advisor

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"weightroom/backend"
)

// ReadingSpeed is how fast people read, in tokens per second: 238 words a minute, the mean of 190 studies of silent
// reading of English non-fiction (Brysbaert 2019, Journal of Memory and Language 109, 104047), at four tokens for
// three words.
const ReadingSpeed = 238.0 / 60 * 4 / 3

// recommendation puts a row into its final form.
func (r *row) recommendation(ask Ask, best bool) Recommendation {
	c := r.c
	return Recommendation{
		Model: c.ID, Name: c.Name, Quant: c.Quant, Bytes: c.FileBytes + c.ProjectorBytes, Best: best,
		Fit: r.v.Place, Memory: r.v.Memory, Planned: c.Planned(ask), MaxContext: r.v.MaxContext,
		Layers: r.v.Layers, LayersOnGPU: r.v.LayersOnGPU, GPU: r.v.GPU, GPUs: r.v.GPUs,
		TokensPerSecond: r.speed.Generation, PromptTokensPerSecond: r.speed.Prompt, Source: r.speed.Source, Error: r.speed.Error, PromptError: r.speed.promptError(), Disturbed: r.speed.Disturbed, Times: r.times,
		Quality: r.score.Value, QualityError: r.score.Error, QualitySource: r.score.Source, QualityKnown: r.known,
		Why: append(r.whyFigures(ask), r.reasons()...), Reasons: append([]string{r.comfort()}, r.reasons()...), Licence: c.Licence, Thinking: c.Thinking, Vision: c.Vision, Tools: c.Tools, Installed: c.Installed,
	}
}

// whyFigures are the quality, the speed and the memory of a pick, in sentences.
func (r *row) whyFigures(ask Ask) []string {
	why := []string{r.whyQuality(ask), r.whySpeed()}
	if s := r.whyTimes(); s != "" {
		why = append(why, s)
	}
	return append(why, r.whyMemory())
}

// comfort is what a speed means to somebody who reads along. How long it thinks is said beside it.
func (r *row) comfort() string {
	text := fmt.Sprintf("It writes %s.", againstReading(r.speed.Generation))
	if r.times.ThinkTokens.Value > 0 {
		text += " It thinks before it answers."
	}
	return text
}

// reasons explain a pick beyond its figures, in a few short sentences.
func (r *row) reasons() []string {
	var why []string
	if s := r.whyQuant(); s != "" {
		why = append(why, s)
	}
	if s := r.whyBigger(); s != "" {
		why = append(why, s)
	}
	if r.c.mixture() {
		why = append(why, fmt.Sprintf("Only %s of its %s billion parameters work on each token.", billions(r.c.activeParams()), billions(r.c.Params)))
	}
	return append(why, whyLicence(r.c.Licence))
}

func (r *row) whyQuality(ask Ask) string {
	if !r.known {
		return fmt.Sprintf("No published score for %s is known, so its quality is guessed from its size.", ask.Use.words())
	}
	return fmt.Sprintf("Scores %s of 100 for %s, give or take %s.", points(r.score.Value), ask.Use.words(), points(max(1, r.score.Error)))
}

func (r *row) whySpeed() string {
	s := r.speed
	text := fmt.Sprintf("Writes about %s tokens a second, %s", tokens(s.Generation), againstReading(s.Generation))
	switch {
	case s.Disturbed:
		return text + fmt.Sprintf(" (%s, disturbed by other programs).", Doubt(s.Source, s.Error))
	case s.Source == backend.SourceMeasured:
		return text + " (measured here)."
	case s.Source == backend.SourceTestDrive:
		return text + " (from a test drive)."
	}
	return text + fmt.Sprintf(" (%s).", Doubt(s.Source, s.Error))
}

// RoughError is from where on an error says no more than that a speed is a rough guess.
const RoughError = 1.0

// Doubt is where a speed comes from and how far off it may be, in words: "estimated ±30%".
func Doubt(from backend.Source, err float64) string {
	switch {
	case err >= RoughError:
		return "a rough guess"
	case err <= 0:
		return string(from)
	}
	return fmt.Sprintf("%s ±%s", from, percent(err))
}

// againstReading compares a speed with reading, in words.
func againstReading(speed float64) string {
	words := []string{"", "", "twice", "three times", "four times", "five times", "six times", "seven times", "eight times", "nine times", "ten times"}
	ratio := speed / ReadingSpeed
	switch n := int(math.Round(ratio)); {
	case ratio < 0.8:
		return "slower than you read"
	case ratio < 1.3:
		return "about as fast as you read"
	case ratio < 1.6:
		return "faster than you read"
	case n <= 10:
		return words[n] + " as fast as you read"
	}
	return "more than ten times as fast as you read"
}

func (r *row) whyMemory() string {
	need, free := backend.Bytes(r.v.Memory.TotalBytes), backend.Bytes(r.v.FreeBytes)
	if n := r.v.Memory.UntouchedBytes; n > 0 { // the figure of every table, and why it can be more than there is
		need += fmt.Sprintf(" (%s of it never touched)", backend.Bytes(n))
	}
	switch r.v.Place {
	case PlaceGPU:
		if r.v.GPUs > 1 {
			return fmt.Sprintf("Shared between %d graphics processors, all of it fits in their memory: %s of %s.", r.v.GPUs, need, free)
		}
		return fmt.Sprintf("All of it fits in graphics memory: %s of %s.", backend.Bytes(r.v.Memory.GPUBytes), free)
	case PlacePartial:
		return fmt.Sprintf("%d of its %d layers fit on the graphics processor. The rest, %s, goes to main memory.", r.v.LayersOnGPU, r.v.Layers, backend.Bytes(r.v.Memory.TotalBytes-r.v.Memory.GPUBytes))
	}
	return fmt.Sprintf("Fits in memory: %s of %s.", need, free)
}

func (r *row) whyQuant() string {
	if f := r.finding; f != nil && f.WorseThan != "" {
		return fmt.Sprintf("In your own blind test of %d rounds you preferred %s to it.", f.Rounds, f.WorseThan)
	} else if f != nil {
		return fmt.Sprintf("In your own blind test of %d rounds you could not tell it from %s.", f.Rounds, f.AsGoodAs)
	}
	if l := r.c.Loss; l.Share > 0.002 {
		return fmt.Sprintf("%s keeps about %s of its quality.", r.c.Quant, percent(1-l.Share))
	}
	return ""
}

func (r *row) whyBigger() string {
	b := r.bigger
	if b == nil {
		return ""
	}
	large, small := b.big, b.small
	scores := fmt.Sprintf("%s ±%s against %s ±%s", points(large.score.Value), points(large.score.Error), points(small.score.Value), points(small.score.Error))
	switch {
	case b.supported:
		return fmt.Sprintf("Bigger at %s bits beats smaller at %s here: %s for %s %s in about the same memory.", bits(large.c), bits(small.c), scores, small.c.Name, small.c.Quant)
	case r == large:
		return fmt.Sprintf("It is not clearly better than the smaller %s %s (%s), which takes about the same memory.", small.c.Name, small.c.Quant, scores)
	}
	return fmt.Sprintf("%s %s is bigger but not clearly better (%s), so the one that answers sooner comes first.", large.c.Name, large.c.Quant, scores)
}

func bits(c *Candidate) string { return strconv.Itoa(int(c.bitsPerWeight())) }

func whyLicence(l backend.Licence) string {
	switch {
	case l.Name == "":
		return "Its licence is unknown. Find out before you use it for work."
	case l.OpenSource:
		return fmt.Sprintf("Its licence, %s, is open source.", l.Name)
	case l.Commercial:
		return fmt.Sprintf("Its licence, %s, is not open source but allows commercial use.", l.Name)
	}
	return fmt.Sprintf("Its licence, %s, does not allow commercial use.", l.Name)
}

// summary says what the whole search came to.
func summary(rows []row, picks, models int, m *Machine, ask Ask) string {
	if models == 0 {
		return "There are no models to choose from."
	}
	fitting := map[string]bool{}
	var fastest, smallest *row
	for i := range rows {
		r := &rows[i]
		switch r.cause {
		case "", CauseDominated, CauseLimit:
			fitting[r.c.ID] = true
		case CauseSlow:
			if fastest == nil || r.speed.Generation > fastest.speed.Generation || (r.speed.Generation == fastest.speed.Generation && byName(r, fastest) < 0) {
				fastest = r
			}
		case CauseMemory:
			if smallest == nil || r.v.ShortByBytes < smallest.v.ShortByBytes || (r.v.ShortByBytes == smallest.v.ShortByBytes && byName(r, smallest) < 0) {
				smallest = r
			}
		}
	}
	switch {
	case picks > 0 && *ask.MinSpeed == 0:
		return fmt.Sprintf("%d of %d models fit.", len(fitting), models)
	case picks > 0:
		return fmt.Sprintf("%d of %d models fit and write at least %s tokens a second.", len(fitting), models, tokens(*ask.MinSpeed))
	case fastest != nil:
		return fmt.Sprintf("No model writes %s tokens a second here. The fastest, %s %s, writes %s. Ask for less speed.", tokens(*ask.MinSpeed), fastest.c.Name, fastest.c.Quant, tokens(fastest.speed.Generation))
	case smallest != nil:
		return fmt.Sprintf("Nothing fits: %s of memory can be used, and the smallest, %s %s, is short by %s. Close other programs first.", backend.Bytes(m.usableRAM(ask)), smallest.c.Name, smallest.c.Quant, backend.Bytes(smallest.v.ShortByBytes))
	}
	return "No model meets what you ask for. Widen the choice of licences or ask for a shorter context."
}

func (u Use) words() string {
	if u == UseDocuments {
		return "long documents"
	}
	return string(u)
}

func tokens(perSecond float64) string {
	if perSecond < 9.95 {
		return strings.TrimSuffix(fmt.Sprintf("%.1f", perSecond), ".0")
	}
	return fmt.Sprintf("%.0f", perSecond)
}

func points(score float64) string { return fmt.Sprintf("%.0f", score) }

func percent(share float64) string {
	if p := share * 100; p > 99 && p < 100 {
		return fmt.Sprintf("%.1f%%", p)
	}
	return fmt.Sprintf("%.0f%%", share*100)
}

func billions(n int64) string {
	if b := float64(n) / 1e9; b < 9.95 {
		return fmt.Sprintf("%.1f", b)
	}
	return fmt.Sprintf("%.0f", float64(n)/1e9)
}
