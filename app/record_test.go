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
	smollm2-135m smollm2-1.7b qwen3-0.6b gemma-3-1b llama-3.2-1b qwen3-1.7b granite-3.3-2b llama-3.2-3b
	qwen2.5-coder-3b phi-4-mini gemma-3-4b qwen3-4b gpt-j-6b mistral-7b-v0.3 olmo-2-7b falcon3-7b llama-3.1-8b
	granite-3.3-8b deepseek-r1-0528-qwen3-8b qwen3-8b gemma-3-12b phi-4 qwen3-14b gpt-oss-20b mistral-small-3.2-24b
	gemma-3-27b qwen3-30b-a3b qwen3-coder-30b-a3b qwen3-32b llama-3.3-70b gpt-oss-120b deepseek-r1-671b`)

// recordedQuants are the quants that are recorded, besides those of the answers.
var recordedQuants = strings.Fields("Q2_K Q3_K_M Q4_K_M Q5_K_M Q6_K Q8_0 F16 MXFP4")

// recordedAsks are the questions: those of every machine that can be compared, and around the first one for the two
// machines that the stand-in can be, one change at a time.
func recordedAsks(profiles []Profile) []Ask {
	var asks []Ask
	first := Ask{Use: "chat", Context: 8192, KV: "f16", MinSpeed: 8, Licence: "any"}
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
	for _, speed := range []float64{1, 5, 8, 20, 60} {
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
		if answers[i], err = w.Discover.Advise(ask); err != nil {
			t.Fatal(err)
		}
		if len(answers[i].Choices) > 0 {
			models[answers[i].Choices[0].ID] = true
		}
	}
	var b bytes.Buffer
	b.WriteString("{\n\"profiles\": ")
	b.Write(line(t, profiles))
	fmt.Fprintf(&b, ",\n\"choice\": %s,\n\"rejection\": %s,\n\"answers\": [", line(t, keys(t, Choice{})), line(t, keys(t, Rejection{})))
	for i, a := range answers {
		a.Choices = slices.DeleteFunc(a.Choices, func(c Choice) bool { return !models[c.ID] })
		a.Rejected = slices.DeleteFunc(a.Rejected, func(r Rejection) bool { return !models[r.ID] })
		for j, c := range a.Choices {
			quants[c.ID+":"+c.Quant] = true
			if !c.Frontier {
				a.Choices[j].Why = []string{} // the page shows the reasons of the first ones
			}
		}
		for _, r := range a.Rejected {
			quants[r.ID+":"+r.Quant] = true
		}
		fmt.Fprintf(&b, "%s\n{\"ask\": %s, \"considered\": %d, \"machineName\": %s, \"gpuFreeBytes\": %d, \"ramFreeBytes\": %d,\n\"choices\": [", comma(i), line(t, asks[i]), a.Considered, line(t, a.MachineName), a.GPUFree, a.RAMFree)
		for j, c := range a.Choices {
			fmt.Fprintf(&b, "%s\n%s", comma(j), row(t, c))
		}
		b.WriteString("],\n\"rejected\": [")
		for j, r := range a.Rejected {
			fmt.Fprintf(&b, "%s\n%s", comma(j), row(t, r))
		}
		b.WriteString("]}")
	}
	b.WriteString("],\n\"models\": [")
	n := 0
	for _, m := range all {
		if !models[m.ID] {
			continue
		}
		m.Quants = slices.DeleteFunc(m.Quants, func(q CatalogQuant) bool {
			return !slices.Contains(recordedQuants, q.Name) && !quants[m.ID+":"+q.Name]
		})
		fmt.Fprintf(&b, "%s\n%s", comma(n), line(t, m))
		n++
	}
	b.WriteString("]\n}\n")
	if !json.Valid(b.Bytes()) {
		t.Fatal("what was recorded is no JSON")
	}
	return b.Bytes()
}

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

// catalogued are the fields of a Choice that its model in the catalog has too.
var catalogued = strings.Fields("model family params activeParams licenceName openSource commercial vision tools thinking")

// fields are the names and the values of a page type, in its order, without those that the catalog has too. Figures
// have four digits, to be read.
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
		if f, ok := value.(float64); ok && f != math.Trunc(f) {
			digits := math.Pow(10, 3-math.Floor(math.Log10(math.Abs(f))))
			value = math.Round(f*digits) / digits
		}
		if _, choice := v.(Choice); choice && slices.Contains(catalogued, name.(string)) {
			continue
		}
		names, values = append(names, name.(string)), append(values, value)
	}
	return names, values
}

func keys(t *testing.T, v any) []string {
	names, _ := fields(t, v)
	return names
}

func row(t *testing.T, v any) []byte {
	_, values := fields(t, v)
	return line(t, values)
}
