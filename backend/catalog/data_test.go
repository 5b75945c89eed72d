package catalog

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"weightroom/backend"
)

func load(t testing.TB) *Catalog {
	t.Helper()
	c, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func get(t testing.TB, c *Catalog, id string) *Model {
	t.Helper()
	m, ok := c.Model(id)
	if !ok {
		t.Fatalf("no %s", id)
	}
	return m
}

// Of facts.json and facts-newer.json.
const wantModels, wantLibraries, wantPartial, wantMoved, wantPrices, wantBandwidths, wantQuants = 86 + 81, 18, 21, 1, 57, 130, 32

func TestEverythingIsThere(t *testing.T) {
	c := load(t)
	kinds, known := map[ListingKind]int{}, map[string]bool{}
	for _, l := range c.Listings() {
		if key := string(l.Kind) + l.ID; known[key] {
			t.Errorf("%s twice", l.ID)
		} else {
			known[key] = true
		}
		kinds[l.Kind]++
		if l.Name == "" || l.About == "" || l.Line == "" || l.Source == "" {
			t.Errorf("%s lacks words or a source", l.ID)
		}
		if l.Kind == ListingLibrary && len(l.Tags) == 0 {
			t.Errorf("%s has no tags", l.ID)
		}
		for _, id := range l.Models {
			get(t, c, id)
		}
	}
	for _, tt := range []struct {
		what      string
		got, want int
	}{
		{"models", len(c.Models()), wantModels}, {"libraries", kinds[ListingLibrary], wantLibraries},
		{"partial and absent", kinds[ListingPartial] + kinds[ListingAbsent], wantPartial + wantMoved}, {"prices", len(c.Prices()), wantPrices},
		{"bandwidths", len(c.Bandwidths()), wantBandwidths}, {"quants", len(c.QuantQualities()), wantQuants},
	} {
		if tt.got != tt.want {
			t.Errorf("%s: %d, want %d", tt.what, tt.got, tt.want)
		}
	}
	lines := map[string]int{}
	for _, f := range c.Families() {
		lines[f.Name] += len(f.Models)
		if f.About == "" || len(f.Models)+len(f.Listings) == 0 {
			t.Errorf("family %s is empty", f.Name)
		}
	}
	for _, want := range []string{"Llama", "Mistral", "Gemma", "Qwen", "Phi", "DeepSeek", "gpt-oss", "SmolLM", "OLMo", "Granite", "Falcon", "OpenLLaMA", "GPT-NeoX"} {
		if lines[want] == 0 {
			t.Errorf("no family %s", want)
		}
	}
}

func TestEveryModelIsComplete(t *testing.T) {
	c := load(t)
	ids, tags := map[string]bool{}, map[string]string{}
	for _, m := range c.Models() {
		t.Run(m.ID, func(t *testing.T) {
			for _, f := range c.check(m) {
				t.Errorf("the field %q %s", f.field, f.why)
			}
			if ids[m.ID] {
				t.Error("its id is taken")
			}
			ids[m.ID] = true
			if m.Params == 0 || len(m.Uses) == 0 || m.Tools == "" || m.Gated == "" || m.Publisher == "" {
				t.Error("it lacks parameters, uses, tools, gating or a publisher")
			}
			if m.Runs && len(m.Quants) == 0 {
				t.Error("it has no sizes")
			}
			if m.Runs && m.Architecture == "" {
				t.Error("it runs without an architecture")
			}
			if m.SameAs != "" {
				if v := get(t, c, m.SameAs).Verified; v != VerifiedExact && v != VerifiedConsistent {
					t.Errorf("its twin is %s", v)
				}
			}
			if !slices.ContainsFunc(c.Families(), func(f Family) bool { return f.Name == m.Line }) {
				t.Errorf("no family %s", m.Line)
			}
			if m.Ollama != nil {
				for _, tag := range m.Ollama.Tags {
					if tags[tag.Name] != "" {
						t.Errorf("tag %s is also one of %s", tag.Name, tags[tag.Name])
					}
					tags[tag.Name] = m.ID
				}
			}
			for _, q := range m.Quants {
				if q.Exact && m.Verified != VerifiedExact {
					t.Errorf("%s is exact, the model is %s", q.Name, m.Verified)
				}
			}
			base := slices.ContainsFunc(m.Benchmarks, func(b Benchmark) bool { return b.Variant != "" })
			if base != (m.Warning != "") {
				t.Error("base scores without a warning, or a warning without base scores")
			}
		})
	}
}

// More bits make a larger file of the same model. Where rows of odd widths fall back to other types, neighbours may
// change places by a few percent.
func TestSizesGrowWithBits(t *testing.T) {
	c := load(t)
	steps := []string{"Q2_K", "Q3_K_S", "Q3_K_M", "Q4_K_S", "Q4_K_M", "Q5_K_S", "Q5_K_M", "Q6_K", "Q8_0", "F16"}
	pairs := 0
	for _, m := range c.Models() {
		var last Quant
		for _, name := range steps {
			q, ok := m.Quant(name)
			if !ok {
				continue
			}
			slack := 1.0
			if len(m.OddWidths) > 0 {
				slack = 0.97
			}
			if float64(q.Bytes) < slack*float64(last.Bytes) || q.Bytes <= last.Bytes && slack == 1 {
				t.Errorf("%s: %s has %d bytes, %s has %d", m.ID, last.Name, last.Bytes, name, q.Bytes)
			}
			if last.Name != "" {
				pairs++
			}
			last = q
		}
	}
	if pairs < 1000 {
		t.Errorf("only %d pairs compared", pairs)
	}
}

// Rows copied from facts.json by hand, with the bytes of published files beside them.
func TestExactRowsEqualTheFacts(t *testing.T) {
	c := load(t)
	for _, tt := range []struct {
		id, quant string
		bytes     int64
		tag       string
		file      int64 // published, headers included
	}{
		{"llama-3.1-8b", "Q4_K_M", 4920738048, "llama3.1:8b", 4920738944},
		{"llama-3.1-8b", "F16", 16068894976, "", 0},
		{"llama-3.1-8b", "Q2_K", 3179135232, "", 0},
		{"gemma-3-4b", "Q4_K_M", 2489882832, "gemma3:4b", 3338792448},
		{"gpt-oss-20b", "MXFP4", 12109558336, "gpt-oss:20b", 13780154624},
		{"mistral-nemo-12b", "Q4_0", 7094635840, "mistral-nemo:12b", 7071700672},
	} {
		m := get(t, c, tt.id)
		q, ok := m.Quant(tt.quant)
		if !ok || q.Bytes != tt.bytes {
			t.Errorf("%s %s: %d, want %d", tt.id, tt.quant, q.Bytes, tt.bytes)
		}
		if tt.tag == "" {
			continue
		}
		f, err := c.Resolve(tt.tag)
		if err != nil || f.Model != m || f.Tag.Bytes != tt.file || !f.Tag.Exact || len(f.Tag.SHA256) != 64 {
			t.Errorf("%s: %+v, %v", tt.tag, f, err)
		}
	}
}

// A published text-only file's size must be the catalog's but for its header.
func TestExactSizesMatchPublishedFiles(t *testing.T) {
	c := load(t)
	compared := 0
	for _, m := range c.Models() {
		if m.Verified != VerifiedExact || m.Ollama == nil || m.Line == "Qwen" && m.Family == "Qwen3" {
			continue
		}
		for _, tag := range m.Ollama.Tags {
			q, ok := m.Quant(tag.Quant)
			if !tag.Exact || !ok || !q.Exact {
				continue
			}
			compared++
			if tag.Name == "gemma3:1b" {
				continue // equal tensors, and a header 9 MB larger than that of other files of this tokenizer
			}
			if off := float64(m.FileBytes(q))/float64(tag.Bytes) - 1; off > 0.005 || off < -0.005 {
				t.Errorf("%s: %d computed, %d published (%+.2f%%)", tag.Name, m.FileBytes(q), tag.Bytes, off*100)
			}
		}
	}
	if compared < 30 {
		t.Errorf("only %d files compared", compared)
	}
}

func TestTraps(t *testing.T) {
	c := load(t)
	nemo := get(t, c, "mistral-nemo-12b")
	if nemo.Context != 131072 || nemo.FileContext != 1024000 {
		t.Errorf("Mistral Nemo: %d, files say %d", nemo.Context, nemo.FileContext)
	}
	if f, _ := c.Resolve("deepseek-r1:8b"); f.Model == nil || f.Model.ID != "deepseek-r1-0528-qwen3-8b" {
		t.Errorf("deepseek-r1:8b is %+v", f.Model)
	}
	if f, _ := c.Resolve("qwen3:4b"); f.Model != nil || f.Listing == nil || f.Listing.ID != "qwen3-4b-thinking-2507" {
		t.Errorf("qwen3:4b is another model now, not %+v", f)
	}
	for id, want := range map[string]struct {
		open       Answer
		commercial Answer
	}{
		"qwen2.5-3b": {No, No}, "qwen2.5-coder-3b": {No, No}, "qwen2.5-72b": {No, Conditions}, "qwen2.5-7b": {Yes, Yes}, "llama-3.1-8b": {No, Conditions},
		"gemma-3-4b": {No, Conditions}, "falcon3-7b": {No, Conditions}, "deepseek-v3-671b": {No, Conditions}, "deepseek-r1-671b": {Yes, Yes},
		"gpt-oss-20b": {Yes, Yes}, "gemma-4-e4b": {Yes, Yes}, "exaone-4.0-32b": {No, No},
	} {
		if l := get(t, c, id).Licence; l.OpenSource != want.open || l.Commercial != want.commercial {
			t.Errorf("%s: open source %s, commercial %s", id, l.OpenSource, l.Commercial)
		}
	}
	for _, id := range []string{"gpt-neo-1.3b", "gpt-neo-2.7b", "gpt-j-6b"} {
		if m := get(t, c, id); m.Runs || m.Reason == "" {
			t.Errorf("%s runs", id)
		}
	}
	if !get(t, c, "gpt-neox-20b").Runs {
		t.Error("GPT-NeoX does not run")
	}
	small := get(t, c, "smollm2-135m")
	if ok, why := c.CanHave(small, "Q4_K_M"); !ok || !strings.Contains(why, "576") {
		t.Errorf("SmolLM2 at Q4_K_M: %v %q", ok, why)
	}
	if ok, why := c.CanHave(small, "Q8_0"); !ok || why != "" {
		t.Errorf("SmolLM2 at Q8_0: %v %q", ok, why)
	}
	for _, tt := range [][2]string{{"gpt-oss-20b", "Q4_K_M"}, {"llama-3.1-8b", "MXFP4"}, {"llama-3.1-8b", "TQ1_0"}, {"llama-3.1-8b", "Q9"}, {"gpt-j-6b", "Q8_0"}, {"bge-m3", "Q2_K"}} {
		if ok, why := c.CanHave(get(t, c, tt[0]), tt[1]); ok || why == "" {
			t.Errorf("%s at %s: %v %q", tt[0], tt[1], ok, why)
		}
	}
	for _, m := range c.Models() {
		if m.Line == "Llama" && m.Family != "Muse" && m.Licence.UserLimitCount != 700_000_000 {
			t.Errorf("%s lacks the clause on 700 million users", m.ID)
		}
	}
}

func TestCacheOfKnownShapes(t *testing.T) {
	c := load(t)
	const mib = 1 << 20
	for _, tt := range []struct {
		id      string
		context int
		bits    float64
		want    int64
	}{
		{"llama-3.1-8b", 8192, 16, 1024 * mib},      // 32 layers × 8 heads × 128 × 2 × 2 bytes
		{"llama-3.1-8b", 8192, 8.5, 544 * mib},      // q8_0
		{"gemma-3-4b", 8192, 16, 160*mib + 116*mib}, // 5 layers whole, 29 of 1024 tokens
		{"gpt-oss-20b", 8192, 16, 192*mib + 3*mib},  // 12 layers whole, 12 of 128 tokens
		{"qwen3.5-9b", 8192, 16, 256 * mib},         // 8 of 32 layers
		{"deepseek-r1-671b", 4096, 16, 61 * 576 * 4096 * 2},
		{"granite-4.0-h-tiny", 8192, 16, 64 * mib}, // 4 of 40 layers
	} {
		if got, ok := get(t, c, tt.id).CacheBytes(tt.context, tt.bits); !ok || got != tt.want {
			t.Errorf("%s: %d, want %d", tt.id, got, tt.want)
		}
	}
	if _, ok := get(t, c, "bge-m3").CacheBytes(512, 16); ok {
		t.Error("an embedding model has a cache")
	}
}

func TestLicencesAnswerEveryQuestion(t *testing.T) {
	c := load(t)
	used := map[string]bool{"unknown": true}
	for _, m := range c.Models() {
		used[m.LicenceID] = true
	}
	for id, l := range c.licences {
		if l.Name == "" || l.MayISell == "" || l.MustIName == "" || l.Source == "" || l.OpenSource == "" || l.Commercial == "" ||
			l.ShowsName == "" || l.HasUserLimit == "" || l.HasUsePolicy == "" {
			t.Errorf("%s leaves a question open", id)
		}
		if l.HasUserLimit == Yes && l.UserLimit == "" || l.HasUsePolicy == Yes && l.UsePolicy == "" || l.NonCommercial != (l.Commercial == No) {
			t.Errorf("%s contradicts itself", id)
		}
		if l.OpenSource == Yes && (l.NonCommercial || l.HasUserLimit == Yes) {
			t.Errorf("%s is not open source", id)
		}
		if !used[id] {
			t.Errorf("no model has the licence %s", id)
		}
	}
	if got := c.licences["llama3.1"].Plain(); got != (backend.Licence{Name: "Llama 3.1 Community License", Commercial: true}) {
		t.Errorf("%+v", got)
	}
	if got := c.licences["unknown"].Plain(); got.OpenSource || got.Commercial {
		t.Errorf("an unknown licence allows: %+v", got)
	}
}

func TestDataIsStrictAndNamesNoHosts(t *testing.T) {
	host := regexp.MustCompile(`(?i)https?:|www\.|huggingface\.co|hf\.co|ollama\.(com|ai)|\b[a-z0-9-]+\.(com|org|net|io|ae)\b`)
	total := 0
	for name, into := range map[string]any{
		"models": &[]Model{}, "licences": &[]Licence{}, "quants": &[]QuantQuality{}, "families": &[]Family{}, "listings": &[]Listing{},
		"prices": &[]Price{}, "bandwidths": &[]Bandwidth{}, "scale": &scale{}, "blueprints": &map[string]backend.Blueprint{},
	} {
		raw, err := fs.ReadFile(data, "data/"+name+".json")
		if err != nil {
			t.Fatal(err)
		}
		total += len(raw)
		if err := decodeStrict(raw, into); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if found := host.Find(raw); found != nil {
			t.Errorf("%s names %s", name, found)
		}
	}
	if total > 1_200_000 {
		t.Errorf("the data has %d bytes", total)
	}
}

func TestModelsSurviveJSON(t *testing.T) {
	for _, m := range load(t).Models() {
		raw, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		again := &Model{}
		if err := decodeStrict(raw, again); err != nil {
			t.Fatalf("%s: %v", m.ID, err)
		}
		again.Runs, again.Licence = m.Runs, m.Licence
		if !reflect.DeepEqual(m, again) {
			t.Errorf("%s changed", m.ID)
		}
		twice, err := json.Marshal(again)
		if err != nil || !bytes.Equal(raw, twice) {
			t.Errorf("%s is written differently the second time: %v", m.ID, err)
		}
	}
}

func TestBlueprintsBelongToModels(t *testing.T) {
	raw, err := fs.ReadFile(data, "data/blueprints.json")
	if err != nil {
		t.Fatal(err)
	}
	var prints map[string]backend.Blueprint
	if err := json.Unmarshal(raw, &prints); err != nil {
		t.Fatal(err)
	}
	c := load(t)
	for id, b := range prints {
		if m := get(t, c, id); m.Architecture != b.Architecture && m.ArchitectureAlias != b.Architecture {
			t.Errorf("%s is %s, its blueprint %s", id, m.Architecture, b.Architecture)
		}
	}
}

func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		if _, err := Load(); err != nil {
			b.Fatal(err)
		}
	}
}

func ExampleCatalog_Find() {
	c, err := Load()
	if err != nil {
		panic(err)
	}
	for _, m := range c.Find("gemma 3 vision")[:2] {
		q, _ := m.Quant("Q4_K_M")
		fmt.Printf("%s: %.1f GB, %s\n", m.Name, DecimalGB(q.Bytes), m.Licence.Name)
	}
	// Output:
	// Gemma 3 4B IT: 2.5 GB, Gemma Terms of Use
	// Gemma 3 12B IT: 7.3 GB, Gemma Terms of Use
}
