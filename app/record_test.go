package app

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
)

// recorded is what the page's stand-in replays: real answers of Discover, so that it is no second advisor.
const recorded = "../frontend/src/bridge/fake/recorded/advice.json"

// recordedModels are the models that are recorded, besides the best of each answer. Rows of others are left out.
var recordedModels = strings.Fields(`
	smollm2-135m qwen3-0.6b llama-3.2-1b qwen3-1.7b llama-3.2-3b phi-4-mini gemma-3-4b qwen3-4b gpt-j-6b llama-3.1-8b
	granite-3.3-8b deepseek-r1-0528-qwen3-8b qwen3-8b gemma-3-12b qwen3-14b gpt-oss-20b gemma-3-27b qwen3-30b-a3b
	qwen3-32b llama-3.3-70b gpt-oss-120b deepseek-r1-671b`)

// recordedQuants are the quants that are recorded, besides those of the answers.
var recordedQuants = strings.Fields("Q4_K_M Q8_0 F16")

// recordedAsks are the questions: those of every machine that can be compared, and around the first one for the two
// machines that the stand-in can be, one change at a time.
func recordedAsks(profiles []Profile) []Ask {
	var asks []Ask
	first := Ask{Use: "chat", Context: 8192, KV: "f16", MinSpeed: 8, Licence: "any", Prefer: "balance"}
	add := func(ask Ask, change func(*Ask)) {
		change(&ask)
		if !slices.Contains(asks, ask) {
			asks = append(asks, ask)
		}
	}
	for _, p := range profiles {
		for _, speed := range []float64{5, 8} {
			add(first, func(a *Ask) { a.Machine, a.MinSpeed = p.ID, speed })
		}
	}
	plain, card := first, first
	plain.Machine, plain.FreeBytes = "laptop-8gb", 20_400_000_000 // without a graphics card, with more memory
	card.Machine = "laptop-nvidia-8gb"
	for _, speed := range []float64{0, 1, 5, 8, 20, 60} {
		add(plain, func(a *Ask) { a.MinSpeed = speed })
		add(card, func(a *Ask) { a.MinSpeed = speed })
	}
	for _, tokens := range []int{2048, 32_768, 65_536} {
		add(plain, func(a *Ask) { a.Context = tokens })
	}
	for _, licence := range []string{"commercial", "openSource"} {
		add(plain, func(a *Ask) { a.Licence = licence })
	}
	add(plain, func(a *Ask) { a.FreeBytes = 2_000_000_000 })
	for _, kv := range []string{"q8_0", "q4_0"} {
		add(plain, func(a *Ask) { a.KV = kv })
	}
	for _, use := range []string{"code", "reasoning", "vision", "documents"} {
		add(plain, func(a *Ask) { a.Use = use })
	}
	for _, tokens := range []int{32_768, 65_536} {
		add(card, func(a *Ask) { a.Context = tokens })
	}
	return asks
}

// TestRecordedAdvice compares what the page's stand-in replays with what Discover answers; -update records it anew.
func TestRecordedAdvice(t *testing.T) {
	want := recordAdvice(t)
	if *update {
		if err := os.WriteFile(recorded, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(recorded)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(have, want) {
		t.Errorf("%s is not what Discover answers now. Run 'go test ./app -run RecordedAdvice -update' and look at the page.", recorded)
	}
}

func recordAdvice(t *testing.T) []byte {
	w, _ := open(t)
	profiles, err := w.Discover.Profiles()
	if err != nil {
		t.Fatal(err)
	}
	all, err := w.Discover.Models()
	if err != nil {
		t.Fatal(err)
	}
	asks := recordedAsks(profiles)
	answers := make([]Advice, len(asks))
	models, quants := map[string]bool{}, map[string]bool{}
	for _, id := range recordedModels {
		models[id] = true
	}
	for i, ask := range asks {
		if ask.Machine == "" {
			t.Fatal("an answer for this machine is another one on the next")
		}
		if answers[i], err = w.Discover.Advise(ask); err != nil {
			t.Fatal(err)
		}
		if len(answers[i].Choices) > 0 {
			models[answers[i].Choices[0].ID] = true
		}
	}
	var choices, rejections pool
	var told bytes.Buffer
	for i, a := range answers {
		var why []string
		frontier := 0
		chosen, rejected := []int{}, []int{}
		for _, c := range a.Choices {
			if !models[c.ID] {
				continue
			}
			quants[c.ID+":"+c.Quant] = true
			if c.Frontier {
				frontier++
			}
			if c.Best != (len(chosen) == 0) || c.Frontier != (len(chosen) < frontier) {
				t.Fatal("the best is not the first, or one that is not beaten follows one that is")
			}
			if c.Best {
				why = c.Why // the page shows the reasons of the best
			}
			chosen = append(chosen, choices.place(row(t, c)))
		}
		for _, r := range a.Rejected {
			if models[r.ID] {
				quants[r.ID+":"+r.Quant] = true
				rejected = append(rejected, rejections.place(row(t, r)))
			}
		}
		fmt.Fprintf(&told, "%s\n{\"ask\": %s, \"considered\": %d, \"machineName\": %s, \"gpuFreeBytes\": %d, \"ramFreeBytes\": %d,\n\"why\": %s, \"frontier\": %d,\n\"choices\": %s,\n\"rejected\": %s}",
			comma(i), line(t, asks[i]), a.Considered, line(t, a.MachineName), a.GPUFree, a.RAMFree, line(t, nonNil(why)), frontier, line(t, chosen), line(t, rejected))
	}
	var known pool
	for _, m := range all {
		if models[m.ID] {
			entry := recordedModel{CatalogModel: m, Quants: [][4]any{}}
			for _, q := range m.Quants {
				if slices.Contains(recordedQuants, q.Name) || quants[m.ID+":"+q.Name] {
					entry.Quants = append(entry.Quants, [4]any{q.Name, q.Bytes, q.Exact, q.Ref != ""})
				}
			}
			known.place(line(t, entry))
		}
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "{\"profiles\": %s,\n\"choice\": %s,\n\"rejection\": %s,\n", line(t, profiles), line(t, keys(t, Choice{})), line(t, keys(t, Rejection{})))
	fmt.Fprintf(&b, "\"models\": %s,\n\"choices\": %s,\n\"rejections\": %s,\n\"answers\": [%s]}\n", &known, &choices, &rejections, &told)
	if !json.Valid(b.Bytes()) {
		t.Fatal("what was recorded is no JSON")
	}
	return b.Bytes()
}

// recordedModel is a model whose quants are rows: name, bytes, whether that is exact, and whether it can be fetched.
type recordedModel struct {
	CatalogModel
	Quants [][4]any `json:"quants"`
}

// pool holds each row once: most answers have many rows in common.
type pool struct {
	rows []string
	at   map[string]int
}

// place is where the pool has a row; one that is new is added.
func (p *pool) place(row []byte) int {
	if i, ok := p.at[string(row)]; ok {
		return i
	}
	if p.at == nil {
		p.at = map[string]int{}
	}
	p.rows = append(p.rows, string(row))
	p.at[string(row)] = len(p.rows) - 1
	return len(p.rows) - 1
}

func (p *pool) String() string { return "[\n" + strings.Join(p.rows, ",\n") + "]" }

func comma(i int) string {
	if i == 0 {
		return ""
	}
	return ","
}

func line(t *testing.T, v any) []byte {
	t.Helper()
	out, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// told elsewhere: by the model in the catalog, or by the answer.
var elsewhere = strings.Fields("model family params activeParams licenceName openSource commercial vision tools thinking installed frontier best why planned disturbed promptError")

// fields are the names and the values of a page type, in its order, without those that are told elsewhere. Figures
// have four digits, to be read and to be the same on every processor.
func fields(t *testing.T, v any) (names []string, values []any) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(line(t, v)))
	if _, err := d.Token(); err != nil {
		t.Fatal(err)
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			t.Fatal(err)
		}
		var value any
		if err := d.Decode(&value); err != nil {
			t.Fatal(err)
		}
		if f, ok := value.(float64); ok {
			value = fourDigits(f)
		}
		if !slices.Contains(elsewhere, name.(string)) {
			names, values = append(names, name.(string)), append(values, value)
		}
	}
	return names, values
}

func fourDigits(f float64) float64 {
	if f == math.Trunc(f) {
		return f
	}
	digits := math.Pow(10, 3-math.Floor(math.Log10(math.Abs(f))))
	return math.Round(f*digits) / digits
}

func keys(t *testing.T, v any) []string {
	t.Helper()
	names, _ := fields(t, v)
	return names
}

func row(t *testing.T, v any) []byte {
	t.Helper()
	_, values := fields(t, v)
	for i, value := range values {
		of, _ := value.(map[string]any)
		switch {
		case of["kvBytes"] != nil: // the weights are the row's bytes
			values[i] = []any{of["kvBytes"], of["computeBytes"], of["totalBytes"]}
		case of["firstShort"] != nil: // nobody's own answers are recorded
			var times []any
			for _, name := range []string{"firstShort", "firstLong", "answer", "thinkTokens", "full"} {
				figure := of[name].(map[string]any)
				times = append(times, fourDigits(figure["value"].(float64)), fourDigits(figure["error"].(float64)))
			}
			values[i] = times
		}
	}
	return line(t, values)
}
