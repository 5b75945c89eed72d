package app

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"weightroom/app/core/compare"
	"weightroom/app/core/models"
	"weightroom/backend"
	"weightroom/backend/lab"
)

// unknown stands for a figure that was not measured.
const unknown = -1

// labComparison is a comparison as the page shows it.
func labComparison(c *lab.Comparison) LabComparison {
	out := LabComparison{
		ID: c.ID, Title: compare.Title(c), State: string(c.State), Problem: problemOf(c.Problem), StartedAt: millis(c.Begun), Seconds: c.Seconds,
		Machine: labMachine(c.Conditions), Engine: labEngine(c.Conditions), Driver: c.Conditions.Driver,
		Text: c.Text.Name, TextTokens: c.Text.Tokens, Rounds: c.Settings.Rounds,
		Disturbance: labDisturbance(c), Notes: nonNil(c.Verdict.Notes), Verdict: labVerdict(c), Rows: []LabRow{},
	}
	for i := range c.Rows {
		out.Rows = append(out.Rows, labRow(c, i))
		if c.Rows[i].Reference {
			out.Reference = c.Title(i)
		}
	}
	return out
}

func labMachine(c lab.Conditions) string {
	parts := []string{}
	for _, p := range []string{c.Device, c.System} {
		if p != "" {
			parts = append(parts, p)
		}
	}
	if c.Threads > 0 {
		parts = append(parts, fmt.Sprintf("%d threads", c.Threads))
	}
	if c.Power == "battery" {
		parts = append(parts, "on battery")
	}
	return strings.Join(parts, ", ")
}

func labEngine(c lab.Conditions) string {
	switch {
	case c.Engine == "": // nothing is measured yet
		return ""
	case c.LlamaCpp == "":
		return "Ollama " + c.Engine
	}
	return "Ollama " + c.Engine + ", llama.cpp " + c.LlamaCpp
}

// labDisturbance returns each sentence about a disturbance once, where the verdict rests on a disturbed run.
func labDisturbance(c *lab.Comparison) []string {
	out := []string{}
	if !c.Verdict.Disturbed {
		return out
	}
	for _, r := range c.Rows {
		for _, sentence := range r.Disturbed {
			if !slices.Contains(out, sentence) {
				out = append(out, sentence)
			}
		}
	}
	return out
}

func labVerdict(c *lab.Comparison) LabVerdict {
	v := LabVerdict{Text: c.Verdict.Sentence}
	if c.State == lab.StateRunning {
		return LabVerdict{}
	}
	if c.Verdict.Disturbed {
		v.Tag = "measured, disturbed"
		return v
	}
	var worst float64
	for i := range c.Rows {
		if f, ok := c.Rows[i].Generation(0); ok {
			worst = max(worst, f.Spread())
		}
	}
	if worst > 0 {
		v.Tag = fmt.Sprintf("measured, ±%.0f%%", max(1, math.Ceil(100*worst)))
	}
	return v
}

// labRowID names a row for as long as its comparison lives, whatever order the rows are in.
func labRowID(r lab.Rival) string { return fmt.Sprintf("%s/%s/%d", r.Model.Ref, r.KV, r.Context) }

func labRow(c *lab.Comparison, i int) LabRow {
	r := &c.Rows[i]
	out := LabRow{
		ID: labRowID(r.Rival), Label: c.Title(i), Ref: r.Rival.Model.Ref, Quant: r.Rival.Model.Quant, KV: r.Rival.KV, Context: r.Rival.Context,
		Reference: r.Reference, State: labRowState(c.State, r.State), Problem: problemOf(r.Problem), Bytes: r.Rival.Model.Bytes,
		LoadSeconds: medianOrUnknown(r.Load), First: medianOrUnknown(r.FirstToken), Reads: []LabSpeed{}, Writes: []LabSpeed{},
		PeakBytes: orUnknown(r.Memory.PeakBytes), EngineBytes: orUnknown(cmp.Or(r.Memory.Plan.TotalBytes, r.Memory.EngineBytes)), KVBytes: orUnknown(r.Memory.Plan.KVBytes),
		Perplexity: unknown, KLD: unknown, KLD99: unknown, SameTop: unknown, JoulesPerToken: unknown,
		Energy: cmp.Or(r.Energy.Missing, r.Energy.Source), Disturbed: strings.Join(r.Disturbed, " "),
		Frontier: slices.Contains(c.Verdict.Pareto, i),
		Pick:     c.Verdict.Use == r.Rival.Model.Ref && c.Verdict.KV == r.Rival.KV && c.Verdict.Context == r.Rival.Context,
	}
	if r.Energy.JoulesPerToken != nil {
		out.JoulesPerToken, out.Energy = r.Energy.JoulesPerToken.Median, r.Energy.Source
	}
	if q := r.Quality; q != nil {
		out.Perplexity, out.PerplexityError = q.Perplexity.Value, q.Perplexity.Error
		if r.Reference {
			out.KLD, out.KLD99, out.SameTop = 0, 0, 1
		} else {
			out.KLD, out.KLDError, out.KLD99 = q.KLDivergence.Value, q.KLDivergence.Error, q.KLD99
			if out.KLD < lab.KLFloor {
				out.KLD, out.KLDError = 0, 0
			}
			out.SameTop, out.SameTopError = q.SameTopToken.Value, q.SameTopToken.Error
		}
	}
	for _, s := range r.Speeds {
		if s.Figure.Median <= 0 {
			continue
		}
		speed := LabSpeed{Tokens: s.Tokens, Median: s.Figure.Median, Low: s.Figure.Low, High: s.Figure.High}
		if s.Kind == lab.SpeedPrompt {
			out.Reads = append(out.Reads, speed)
			continue
		}
		speed.Tokens = s.Depth
		out.Writes = append(out.Writes, speed)
	}
	byTokens := func(a, b LabSpeed) int { return cmp.Compare(a.Tokens, b.Tokens) }
	slices.SortFunc(out.Reads, byTokens)
	slices.SortFunc(out.Writes, byTokens)
	return out
}

// labRowState says cancelled for what a comparison that has ended never came to.
func labRowState(c lab.State, r lab.RowState) string {
	if c != lab.StateRunning && (r == lab.RowWaiting || r == lab.RowRunning) {
		return "cancelled"
	}
	return string(r)
}

func medianOrUnknown(f lab.Figure) float64 {
	if len(f.Samples) == 0 {
		return unknown
	}
	return f.Median
}

func orUnknown(n int64) int64 {
	if n <= 0 {
		return unknown
	}
	return n
}

func labSummary(c LabComparison) LabSummary {
	s := LabSummary{ID: c.ID, Title: c.Title, State: c.State, At: c.StartedAt, Rows: len(c.Rows), Disturbed: len(c.Disturbance) > 0}
	for _, r := range c.Rows {
		if r.Pick {
			s.Pick = r.Label
		}
	}
	return s
}

// labProgress is a step of a comparison. How long the rest takes is known once this run has shown it.
func labProgress(p compare.Progress) LabProgress {
	out := LabProgress{ID: p.ID, Stage: string(p.Stage), Label: p.Label, Share: p.Done, Left: unknown, Most: unknown, Again: p.Again.Why, Try: max(1, p.Again.Try), Tries: p.Again.Most}
	if p.Rival != nil {
		out.Row = labRowID(*p.Rival)
	}
	if p.Left.Known {
		out.Left, out.Most = math.Round(p.Left.Least), math.Round(p.Left.Most)
	}
	return out
}

func labModel(m backend.Model) LabModel {
	return LabModel{
		Ref: m.Ref, Name: m.Name, Quant: m.Quant, Family: labFamily(m), Bytes: m.Bytes, Context: m.ContextLength,
		Parameters: m.Parameters, Precise: slices.Contains(preciseQuants(), m.Quant),
	}
}

// labFamily is the same for the quants of one model: they have as many weights in the same shape.
func labFamily(m backend.Model) string { return fmt.Sprintf("%s/%d", m.Architecture, m.Parameters) }

// preciseQuants are what other quants can be made from without losing twice.
func preciseQuants() []string { return []string{"F32", "F16", "BF16", "Q8_0"} }

// fallBackNote names which tensors can't have the type that the quant means them to have.
func fallBackNote(all []lab.FallBack) string {
	if len(all) == 0 {
		return ""
	}
	got := []string{}
	for _, f := range all {
		if name := strings.ToUpper(f.Got); !slices.Contains(got, name) {
			got = append(got, name)
		}
	}
	slices.Sort(got)
	return fmt.Sprintf("%s, such as %s, with too few columns for it: stored as %s.", backend.Plural(len(all), "tensor"), all[0].Tensor, strings.Join(got, " or "))
}

func sideRun(s compare.Sides) SideRun {
	return SideRun{
		ID: s.ID, Prompt: s.Prompt, Seed: s.Seed, AtOnce: s.AtOnce, Reason: s.Reason, Running: s.Running,
		Columns: convert(s.Answers, func(a compare.SideAnswer) SideColumn {
			return SideColumn{
				Ref: a.Model.Ref, Name: a.Model.Name, Quant: a.Model.Quant, State: string(a.State), Text: a.Text, Thinking: a.Thinking,
				Problem: problemOf(a.Problem), Tokens: a.Metrics.Tokens, TokensPerSecond: a.Metrics.TokensPerSecond,
				TimeToFirstTokenSeconds: a.Metrics.TimeToFirstTokenSeconds, LoadSeconds: a.Metrics.LoadSeconds,
			}
		}),
	}
}

func adapterOf(a models.Adapter) Adapter {
	return Adapter{ID: a.Ref, Name: a.Name, Architecture: a.Architecture, Bytes: a.Bytes, Rank: a.Rank, Alpha: a.Alpha}
}
