package lab

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"

	"weightroom/backend"
	"weightroom/backend/llama"
)

// The forms in which a comparison can be written out.
const (
	FormatJSON     = "json"
	FormatCSV      = "csv"
	FormatMarkdown = "markdown"
	FormatBench    = llama.Bench // its own table
)

// Formats lists them.
func Formats() []string { return []string{FormatJSON, FormatCSV, FormatMarkdown, FormatBench} }

// Export writes a comparison out.
func (c *Comparison) Export(format string) ([]byte, error) {
	switch format {
	case FormatJSON:
		return json.MarshalIndent(c, "", "  ")
	case FormatCSV:
		return []byte(c.csv()), nil
	case FormatMarkdown:
		return []byte(c.markdown()), nil
	case FormatBench:
		return []byte(c.benchTable()), nil
	}
	return nil, backend.Fail(backend.CodeInvalid, nil, fmt.Sprintf("A comparison can't be written as %q.", format), "Choose json, csv, markdown or "+FormatBench+".")
}

// csv has one line for each row and everything that is a number, with units in the names. What is not known is empty.
func (c *Comparison) csv() string {
	var b strings.Builder
	w := csv.NewWriter(&b)
	header := []string{"model", "quant", "kv", "context", "reference", "second_hand", "state", "file_bytes", "plan_total_bytes", "plan_kv_bytes",
		"peak_bytes", "peak_anonymous_bytes", "peak_file_bytes", "engine_bytes", "load_s", "load_low_s", "load_high_s", "first_token_s", "first_token_low_s", "first_token_high_s",
		"perplexity", "perplexity_error", "kl_divergence", "kl_divergence_error", "kld_99", "same_top_token", "same_top_token_error", "joules_per_token"}
	var tests []Speed
	for _, r := range c.Rows {
		if len(r.Speeds) > len(tests) {
			tests = r.Speeds
		}
	}
	for _, t := range tests {
		name := testName(t)
		header = append(header, name+"_tokens_per_s", name+"_low", name+"_high")
	}
	header = append(header, "disturbed", "problem", "engine", "llama_cpp", "device", "backend", "driver", "threads", "power", "begun", "text", "text_sha256", "text_tokens")
	_ = w.Write(header)
	for i := range c.Rows {
		r := &c.Rows[i]
		m, p := r.Rival.Model, r.Memory.Plan
		line := []string{m.Ref, m.Quant, r.Rival.KV, strconv.Itoa(r.Rival.Context), strconv.FormatBool(r.Reference), strconv.FormatBool(r.SecondHand), string(r.State),
			whole(m.Bytes), whole(p.TotalBytes), whole(p.KVBytes), whole(r.Memory.PeakBytes), whole(r.Memory.AnonymousBytes), whole(r.Memory.FileBytes), whole(r.Memory.EngineBytes)}
		for _, f := range []Figure{r.Load, r.FirstToken} {
			line = append(line, decimal(f.Median), decimal(f.Low), decimal(f.High))
		}
		if q := r.Quality; q != nil {
			line = append(line, exact(q.Perplexity.Value), exact(q.Perplexity.Error), exact(q.KLDivergence.Value), exact(q.KLDivergence.Error), exact(q.KLD99), exact(q.SameTopToken.Value), exact(q.SameTopToken.Error))
		} else {
			line = append(line, "", "", "", "", "", "", "")
		}
		if j := r.Energy.JoulesPerToken; j != nil {
			line = append(line, decimal(j.Median))
		} else {
			line = append(line, "")
		}
		for _, t := range tests {
			f := Figure{}
			for _, s := range r.Speeds {
				if s.Kind == t.Kind && s.Tokens == t.Tokens && s.Depth == t.Depth {
					f = s.Figure
				}
			}
			line = append(line, decimal(f.Median), decimal(f.Low), decimal(f.High))
		}
		problem := ""
		if r.Problem != nil {
			problem = r.Problem.Message
		}
		k := c.Conditions
		line = append(line, strings.Join(r.Disturbed, " "), problem, k.Engine, k.LlamaCpp, k.Device, k.Backend, k.Driver, strconv.Itoa(k.Threads), k.Power, c.Begun.Format("2006-01-02T15:04:05Z07:00"),
			c.Text.Name, c.Text.SHA256, strconv.Itoa(c.Text.Tokens))
		_ = w.Write(line)
	}
	w.Flush()
	return b.String()
}

func whole(n int64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatInt(n, 10)
}

func decimal(v float64) string {
	if v == 0 {
		return ""
	}
	return strconv.FormatFloat(v, 'g', 6, 64)
}

func exact(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

// testName is llama-bench's name of a test: pp512, tg32 @ d2048.
func testName(s Speed) string {
	name := fmt.Sprintf("pp%d", s.Tokens)
	if s.Kind == SpeedGeneration {
		name = fmt.Sprintf("tg%d", s.Tokens)
	}
	if s.Depth > 0 {
		name += fmt.Sprintf(" @ d%d", s.Depth)
	}
	return name
}

// markdown is a table for people, with what it depends on below.
func (c *Comparison) markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n%s\n\n", c.heading(), c.Verdict.Sentence)
	b.WriteString("| model | file | peak memory | reads (pp) | writes (tg) | first token | load | perplexity | KL divergence | same top token |\n")
	b.WriteString("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n")
	for i := range c.Rows {
		r := &c.Rows[i]
		title := r.title(c)
		if r.Reference {
			title += " (reference)"
		}
		prompt, _ := r.Prompt(512)
		write, _ := r.Generation(0)
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s | %s |", title, backend.Bytes(r.Rival.Model.Bytes), r.Memory.Peak(), spread(prompt, "/s"), spread(write, "/s"), spread(r.FirstToken, " s"), spread(r.Load, " s"))
		if q := r.Quality; q != nil {
			fmt.Fprintf(&b, " %.3f ± %.3f | %s ± %.4f | %.2f%% ± %.2f |\n", q.Perplexity.Value, q.Perplexity.Error, q.Divergence(), q.KLDivergence.Error, 100*q.SameTopToken.Value, 100*q.SameTopToken.Error)
		} else {
			b.WriteString(" – | – | – |\n")
		}
	}
	b.WriteByte('\n')
	for _, n := range c.Verdict.Notes {
		fmt.Fprintf(&b, "- %s\n", n)
	}
	k := c.Conditions
	fmt.Fprintf(&b, "- %s, %d threads, %s; Ollama %s, llama.cpp %s; %s.\n", k.Device, k.Threads, k.Backend, k.Engine, k.LlamaCpp, c.Begun.Format("2 January 2006, 15:04 MST"))
	if c.Text.Name != "" {
		fmt.Fprintf(&b, "- Text: %s, %d tokens in chunks of %d (SHA-256 %s).\n", c.Text.Name, c.Text.Tokens, c.Text.Context, short(c.Text.SHA256))
	}
	return b.String()
}

func (c *Comparison) heading() string {
	name := c.Reference
	if len(c.Rows) > 0 {
		name = c.Rows[0].Rival.Model.Name
	}
	return name + ", quants compared"
}

// spread writes a figure with half of its range.
func spread(f Figure, unit string) string {
	if f.Median == 0 {
		return "–"
	}
	return fmt.Sprintf("%s ± %s%s", digits(f.Median), digits((f.High-f.Low)/2), unit)
}

func digits(v float64) string {
	switch {
	case v >= 100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2f", v)
}

// benchTable is the Markdown table of llama-bench (tools/llama-bench/llama-bench.cpp, b10488), so that results can be
// put beside others'. Like there, a figure is the mean and the sample's standard deviation.
func (c *Comparison) benchTable() string {
	var b strings.Builder
	cells := func(fields ...string) {
		b.WriteByte('|')
		for i, f := range fields {
			width := []int{-30, 10, 10, -10, 7, 6, 6, 15, 20}[i]
			pad := strings.Repeat(" ", max(0, max(width, -width)-len([]rune(f))))
			if width < 0 {
				f += pad
			} else {
				f = pad + f
			}
			b.WriteString(" " + f + " |")
		}
		b.WriteByte('\n')
	}
	cells("model", "size", "params", "backend", "threads", "type_k", "type_v", "test", "t/s")
	b.WriteString("| ------------------------------ | ---------: | ---------: | ---------- | ------: | -----: | -----: | --------------: | -------------------: |\n")
	for i := range c.Rows {
		r := &c.Rows[i]
		for _, s := range r.Speeds {
			mean, deviation := moments(s.Figure.Samples)
			cells(r.Bench.Name, mebibytes(r.Bench.Bytes), millions(r.Bench.Parameters), r.Bench.Backend, strconv.Itoa(r.Bench.Threads), r.Rival.KV, r.Rival.KV, testName(s), fmt.Sprintf("%.2f ± %.2f", mean, deviation))
		}
	}
	build := strings.TrimPrefix(c.Conditions.LlamaCpp, "b")
	fmt.Fprintf(&b, "\nbuild: unknown (%s)\n", build)
	return b.String()
}

func moments(samples []float64) (mean, deviation float64) {
	for _, v := range samples {
		mean += v / float64(len(samples))
	}
	if len(samples) < 2 {
		return mean, 0
	}
	for _, v := range samples {
		deviation += (v - mean) * (v - mean)
	}
	return mean, math.Sqrt(deviation / float64(len(samples)-1))
}

func mebibytes(n int64) string {
	if n < 1<<30 {
		return fmt.Sprintf("%.2f MiB", float64(n)/(1<<20))
	}
	return fmt.Sprintf("%.2f GiB", float64(n)/(1<<30))
}

func millions(n int64) string {
	if n < 1e9 {
		return fmt.Sprintf("%.2f M", float64(n)/1e6)
	}
	return fmt.Sprintf("%.2f B", float64(n)/1e9)
}
