package advisor

import (
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"

	"weightroom/backend"
)

func picked(a Advice) string {
	var s []string
	for _, p := range a.Picks {
		s = append(s, p.Model+":"+p.Quant)
	}
	return strings.Join(s, " ")
}

func rejection(t *testing.T, a Advice, id string) Rejection {
	t.Helper()
	for _, r := range a.Rejected {
		if r.Model == id {
			return r
		}
	}
	t.Fatalf("%s was not rejected: %s", id, picked(a))
	return Rejection{}
}

// named is a dense model of a number of billion parameters at a number of bits.
func named(id string, params, bits float64, chat float64) Candidate {
	c := model()
	c.ID, c.Name = id, strings.ToUpper(id)
	c.Params = int64(params * gb)
	c.FileBytes = int64(params * bits / 8 * gb)
	c.Cache = nil
	c.Scores = map[Use]Score{UseChat: {Value: chat, Error: 2}}
	return c
}

func TestRejectionsSayWhy(t *testing.T) {
	fine := named("fine", 2, 4.5, 40)
	with := func(id string, change func(*Candidate)) Candidate {
		c := named(id, 2, 4.5, 60)
		change(&c)
		return c
	}
	tests := []struct {
		name   string
		c      Candidate
		ask    Ask
		cause  Cause
		reason string
	}{
		{"an embedding model is not for chat", with("x", func(c *Candidate) { c.Embedding = true }), Ask{}, CauseUse, "It turns text into numbers for search. It cannot chat."},
		{"a base model is not for chat", with("x", func(c *Candidate) { c.Base = true }), Ask{}, CauseUse, "It continues a text and does not follow instructions."},
		{"a code model is not for chat", with("x", func(c *Candidate) { c.Uses, c.Scores = []Use{UseCode}, nil }), Ask{}, CauseUse, "It is not made for chat."},
		{"pictures need eyes", with("x", func(*Candidate) {}), Ask{Use: UseVision}, CauseUse, "It cannot see pictures."},
		{"the engine cannot run it", with("x", func(c *Candidate) { c.Unrunnable = "The engine has no code for it." }), Ask{}, CauseUnrunnable, "The engine has no code for it."},
		{"no commercial use", with("x", func(c *Candidate) { c.Licence.Name = "L" }), Ask{Licences: LicenceCommercial}, CauseLicence, "Its licence, L, does not allow commercial use."},
		{"not open source", with("x", func(c *Candidate) { c.Licence = backend.Licence{Name: "L", Commercial: true} }), Ask{Licences: LicenceOpen}, CauseLicence, "Its licence, L, is not open source."},
		{"a context beyond its limit", with("x", func(c *Candidate) { c.MaxContext = 4096 }), Ask{}, CauseContext, "It reads at most 4,096 tokens, and you ask for 8,192."},
		{"no memory", with("x", func(c *Candidate) { c.FileBytes = 36 * gb }), Ask{}, CauseMemory, "Short by 20.9 GB: it needs 36.1 GB."},
		{"no disk", with("x", func(c *Candidate) { c.DiskBytes = 60 * gb }), Ask{}, CauseDisk, "Its 60.0 GB do not fit on the disk, which has 50.0 GB free."},
		{"too slow", with("x", func(c *Candidate) { c.FileBytes = 14 * gb }), Ask{}, CauseSlow, "Writes only 2.9 tokens a second; you ask for 8. Each token reads 14.0 GB of weights."},
		{"beaten by another", with("x", func(c *Candidate) { c.FileBytes, c.Scores = 3*gb, map[Use]Score{UseChat: {Value: 41}} }), Ask{}, CauseDominated,
			"FINE Q4_K_M writes 35 tokens a second instead of 13, takes 1.2 GB instead of 3.1 GB, and scores about as high (40 against 41)."},
		{"a short list", with("x", func(*Candidate) {}), Ask{Limit: 1}, "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := machine(16 * gb)
			m.DiskFree = 50 * gb
			a := mustAdvise(t, []Candidate{fine, tt.c}, m, Nothing{}, tt.ask)
			if tt.cause == "" {
				if len(a.Picks) != 1 {
					t.Errorf("picked %s", picked(a))
				}
				return
			}
			r := rejection(t, a, "x")
			if r.Cause != tt.cause || r.Reason != tt.reason {
				t.Errorf("got %s: %s\nwant %s", r.Cause, r.Reason, tt.reason)
			}
			if (r.Cause == CauseMemory) != (r.ShortByBytes > 0) {
				t.Errorf("short by %d", r.ShortByBytes)
			}
		})
	}
}

func TestBiggerAtFourBitsOnlyWhereTheFactsSupportIt(t *testing.T) {
	small8 := func(score float64) Candidate {
		c := named("small", 7, 8.5, score)
		c.Quant = "Q8_0"
		return c
	}
	small4 := func(score float64) Candidate {
		c := named("small", 7, 4.5, score)
		c.Loss = Loss{Share: 0.02}
		return c
	}
	m := machine(64*gb, card(12*gb))
	t.Run("clearly better: the bigger one comes first and says so", func(t *testing.T) {
		a := mustAdvise(t, []Candidate{named("big", 14, 4.5, 66), small8(55), small4(55)}, m, Nothing{}, Ask{})
		if a.Picks[0].Model != "big" || !strings.Contains(strings.Join(a.Picks[0].Why, "\n"), "Bigger at 4 bits beats smaller at 8 here: 66 ±2 against 55 ±2 for SMALL Q8_0 in about the same memory.") {
			t.Errorf("%s: %q", picked(a), a.Picks[0].Why)
		}
	})
	t.Run("within the error: the smaller one comes first and says so", func(t *testing.T) {
		a := mustAdvise(t, []Candidate{named("big", 14, 4.5, 57.2), small8(55)}, m, Nothing{}, Ask{})
		if a.Picks[0].Model != "small" {
			t.Fatalf("%s", picked(a))
		}
	})
	t.Run("within the error but slower: no word about it", func(t *testing.T) {
		big := named("big", 14, 4.5, 57.2)
		big.ActiveBytes = gb
		a := mustAdvise(t, []Candidate{big, small8(55)}, m, Nothing{}, Ask{})
		if a.Picks[0].Model != "big" || strings.Contains(strings.Join(a.Picks[0].Why, "\n"), "SMALL") {
			t.Fatalf("%s: %q", picked(a), a.Picks[0].Why)
		}
	})
	t.Run("the sentence when the smaller one is preferred", func(t *testing.T) {
		big, small := named("big", 14, 4.5, 62), small8(59.5)
		rows := []row{{c: &big, known: true, score: Score{Value: 62, Error: 2}}, {c: &small, known: true, score: Score{Value: 59.5, Error: 2}}}
		for i := range rows {
			rows[i].v.Memory.TotalBytes = rows[i].c.FileBytes
		}
		got := preferSupportedBigger([]*row{&rows[0], &rows[1]}, []*row{&rows[0], &rows[1]})
		if got[0].c.ID != "small" || got[0].whyBigger() != "BIG Q4_K_M is bigger but not clearly better (62 ±2 against 60 ±2), so the one that answers sooner comes first." {
			t.Errorf("%s: %s", got[0].c.ID, got[0].whyBigger())
		}
	})
}

func TestBlindTestOverrulesTheTable(t *testing.T) {
	precise, rough := named("m", 3, 8.5, 60), named("m", 3, 4.5, 60)
	precise.Quant, rough.Loss.Share = "Q8_0", 0.1
	all := []Candidate{precise, rough}
	m := machine(16*gb, card(6*gb))
	if a := mustAdvise(t, all, m, Nothing{}, Ask{}); len(a.Picks) != 2 {
		t.Fatalf("without a verdict: %s", picked(a))
	}
	known := facts{findings: map[string]Finding{"m:Q4_K_M": {Quant: "Q4_K_M", AsGoodAs: "Q8_0", Rounds: 20}}}
	a := mustAdvise(t, all, m, known, Ask{})
	if picked(a) != "m:Q4_K_M" || !strings.Contains(strings.Join(a.Picks[0].Why, "\n"), "In your own blind test of 20 rounds you could not tell it from Q8_0.") {
		t.Errorf("%s: %q", picked(a), a.Picks[0].Why)
	}
}

func TestUnknownQualityNeverBeatsAKnownOne(t *testing.T) {
	unknown := named("unknown", 3, 4.5, 0)
	unknown.Scores = nil
	known := named("known", 4, 4.5, 20)
	a := mustAdvise(t, []Candidate{unknown, known}, machine(16*gb), Nothing{}, Ask{})
	if len(a.Picks) != 2 {
		t.Fatalf("%s", picked(a))
	}
	for _, p := range a.Picks {
		if p.Model == "unknown" && (p.QualityKnown || p.Why[0] != "No published score for chat is known, so its quality is guessed from its size.") {
			t.Errorf("%q", p.Why)
		}
	}
}

func TestNothingFits(t *testing.T) {
	tests := []struct {
		name, want string
		all        []Candidate
		m          Machine
		ask        Ask
	}{
		{"no models", "There are no models to choose from.", nil, machine(8 * gb), Ask{}},
		{"no free memory", "Nothing fits: 0 B of memory can be used, and the smallest, M Q4_K_M, is short by 4.9 GB. Close other programs first.", []Candidate{model()}, machine(0), Ask{}},
		{"too fast a wish", "No model writes 500 tokens a second here. The fastest, M Q4_K_M, writes 9.9. Ask for less speed.", []Candidate{model()}, machine(16 * gb), Ask{MinSpeed: new(500.0)}},
		{"nothing with such a licence", "No model meets what you ask for. Widen the choice of licences or ask for a shorter context.", []Candidate{model()}, machine(16 * gb), Ask{Licences: LicenceOpen}},
		{"any speed", "1 of 1 models fit.", []Candidate{named("slow", 26, 4.5, 60)}, machine(24 * gb), Ask{MinSpeed: new(0.0)}},
		{"something", "1 of 1 models fit and write at least 8 tokens a second.", []Candidate{model()}, machine(16 * gb), Ask{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := mustAdvise(t, tt.all, tt.m, Nothing{}, tt.ask)
			if a.Summary != tt.want {
				t.Errorf("got %s", a.Summary)
			}
			if a.Picks == nil || a.Rejected == nil {
				t.Error("an empty list is null in JSON")
			}
		})
	}
}

func TestAsksThatMakeNoSense(t *testing.T) {
	for _, ask := range []Ask{
		{Use: "poetry"}, {KV: "q3_0"}, {Context: 10}, {Context: -1}, {Context: 1 << 40}, {MinSpeed: new(-1.0)}, {FreeMemory: -1}, {Licences: "mine"}, {Limit: -1},
	} {
		_, err := Advise(nil, &Machine{}, Nothing{}, ask)
		if e := backend.Readable(err); e == nil || e.Code != backend.CodeInvalid || e.Hint == "" {
			t.Errorf("%+v: %v", ask, err)
		}
	}
}

func TestSentences(t *testing.T) {
	for speed, want := range map[float64]string{
		2: "slower than you read", 5: "about as fast as you read", 7.5: "faster than you read", 11: "twice as fast as you read",
		26: "five times as fast as you read", 53: "ten times as fast as you read", 100: "more than ten times as fast as you read",
	} {
		if got := againstReading(speed); got != want {
			t.Errorf("%g: %s", speed, got)
		}
	}
}

func TestPicksAreJSONOfTheContract(t *testing.T) {
	a := mustAdvise(t, []Candidate{model()}, machine(16*gb), Nothing{}, Ask{})
	text, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Picks    []map[string]any `json:"picks"`
		Rejected []any            `json:"rejected"`
	}
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	for _, key := range strings.Fields("model quant bytes fit memory tokensPerSecond promptTokensPerSecond source error quality why licence") {
		if _, ok := got.Picks[0][key]; !ok {
			t.Errorf("no %s in %s", key, text)
		}
	}
}

func TestOrderOfCandidatesDoesNotMatter(t *testing.T) {
	r := dice(t)
	all := testCandidates(t)
	m := testProfile(t, "laptop-nvidia-8gb")
	want, _ := json.Marshal(mustAdvise(t, all, m, Nothing{}, Ask{}))
	for range 20 {
		r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		if got, _ := json.Marshal(mustAdvise(t, all, m, Nothing{}, Ask{})); string(got) != string(want) {
			t.Fatalf("got  %s\nwant %s", got, want)
		}
	}
}

// some draws a random set of candidates, machine and ask.
func some(r *rand.Rand, base []Candidate) ([]Candidate, Machine, Ask) {
	var all []Candidate
	for range 1 + r.IntN(40) {
		c := base[r.IntN(len(base))]
		c.ID += string(rune('a' + r.IntN(3)))
		if r.IntN(4) == 0 {
			c.Scores = nil
		} else {
			c.Scores = map[Use]Score{UseChat: {Value: r.Float64() * 100, Error: r.Float64() * 5}}
		}
		c.HostBytes = r.Int64N(c.FileBytes / 4)
		c.ComputeBytes = r.Int64N(gb)
		all = append(all, c)
	}
	m := Machine{OS: "linux", Cores: 1 + r.IntN(32)}
	m.RAM.TotalBytes = 1 + r.Int64N(128*gb)
	m.RAM.AvailableBytes = r.Int64N(m.RAM.TotalBytes)
	m.RAM.BandwidthBytesPerSec = r.Int64N(400 * gb)
	for range r.IntN(4) {
		g := GPU{Name: "g", Backend: []string{"CUDA", "Metal", "Vulkan", ""}[r.IntN(4)], TotalBytes: 1 + r.Int64N(48*gb), Unified: r.IntN(3) == 0}
		g.FreeBytes = r.Int64N(g.TotalBytes)
		if g.Unified {
			g.SharedBytes = r.Int64N(g.TotalBytes)
		}
		g.BandwidthBytesPerSec = r.Int64N(1000 * gb)
		m.GPUs = append(m.GPUs, g)
	}
	ask := Ask{Context: 256 + r.IntN(65536), KV: []KVType{KVF16, KVQ8, KVQ4}[r.IntN(3)], MinSpeed: new(0.1 + r.Float64()*20), SumGPUs: r.IntN(3) == 0}
	return all, m, ask
}

func TestProperties(t *testing.T) {
	r := dice(t)
	base := testCandidates(t)
	for range 2000 {
		all, m, ask := some(r, base)
		for i := range all {
			fitProperties(t, r, &all[i], m, ask)
		}
		adviceProperties(t, r, all, m, ask)
		if t.Failed() {
			t.Fatalf("machine %+v\nask %+v", m, ask)
		}
	}
}

func fitProperties(t *testing.T, r *rand.Rand, c *Candidate, m Machine, ask Ask) {
	v := c.Fit(&m, ask)
	if (v.Place == PlaceNo) != (v.ShortByBytes > 0) {
		t.Errorf("%s, short by %d", v.Place, v.ShortByBytes)
	}
	if v.Memory.GPUBytes > v.Memory.TotalBytes || v.LayersOnGPU > v.Layers {
		t.Errorf("more on graphics than there is: %+v", v)
	}
	more := m
	more.GPUs = append([]GPU{}, m.GPUs...)
	more.RAM.TotalBytes += r.Int64N(32 * gb)
	more.RAM.AvailableBytes += r.Int64N(more.RAM.TotalBytes - m.RAM.AvailableBytes + 1)
	for i := range more.GPUs {
		extra := r.Int64N(16 * gb)
		more.GPUs[i].TotalBytes += extra
		more.GPUs[i].FreeBytes += r.Int64N(extra + 1)
	}
	if got := c.Fit(&more, ask); got.Place.Rank() < v.Place.Rank() || got.ShortByBytes > v.ShortByBytes {
		t.Errorf("more memory made it worse: %+v, then %+v", v, got)
	}
	longer := ask
	longer.Context += r.IntN(65536)
	got := c.Fit(&m, longer)
	if c.Memory(longer.Context, ask.KV).TotalBytes < c.Memory(ask.Context, ask.KV).TotalBytes {
		t.Error("a longer context needs less memory")
	}
	if got.Place.Rank() > v.Place.Rank() || got.ShortByBytes < v.ShortByBytes {
		t.Errorf("a longer context fits better: %+v, then %+v", v, got)
	}
	if v.Place != PlaceNo && v.MaxContext > 0 {
		longest := ask
		longest.Context = v.MaxContext
		if got := c.fit(&m, longest); v.MaxContext%cacheStep == 0 && got.Place.Rank() < v.Place.Rank() {
			t.Errorf("%d tokens do not fit: %+v", v.MaxContext, got)
		}
	}
}

func adviceProperties(t *testing.T, r *rand.Rand, all []Candidate, m Machine, ask Ask) {
	a := mustAdvise(t, all, m, Nothing{}, ask)
	shown := map[string]bool{}
	for i, p := range a.Picks {
		shown[p.Model] = true
		if p.TokensPerSecond < *ask.MinSpeed || p.Fit == PlaceNo || len(p.Why) < 3 || p.Best != (i == 0) {
			t.Errorf("pick %+v", p)
		}
		for _, o := range a.Picks {
			if o.QualityKnown && o.TokensPerSecond >= p.TokensPerSecond && o.Quality >= p.Quality && o.Memory.TotalBytes <= p.Memory.TotalBytes && o.Times.Answer.Value <= p.Times.Answer.Value &&
				(o.TokensPerSecond > p.TokensPerSecond || o.Quality > p.Quality || o.Memory.TotalBytes < p.Memory.TotalBytes) {
				t.Errorf("%s %s is dominated by %s %s", p.Model, p.Quant, o.Model, o.Quant)
			}
		}
	}
	for _, x := range a.Rejected {
		if x.Reason == "" || x.Cause == "" || shown[x.Model] {
			t.Errorf("rejection %+v", x)
		}
		shown[x.Model] = true
	}
	for i := range all {
		if !shown[all[i].ID] {
			t.Errorf("%s is neither picked nor rejected", all[i].ID)
		}
	}
	before := map[string]bool{}
	for _, p := range a.Picks {
		before[p.Model+p.Quant] = true
	}
	ask.MinSpeed = new(*ask.MinSpeed + r.Float64()*10)
	for _, p := range mustAdvise(t, all, m, Nothing{}, ask).Picks {
		if !before[p.Model+p.Quant] {
			t.Errorf("a wish for %g tokens a second added %s %s", *ask.MinSpeed, p.Model, p.Quant)
		}
	}
}

func TestTheNearestMissComesFirst(t *testing.T) {
	m := machine(16 * gb) // 15.2 GB of it can be used, and a model of 4.5 GB writes 9.9 tokens a second
	pick := named("pick", 1, 4.5, 50)
	sized := func(id string, bytes int64) Candidate {
		c := named(id, 8, 4.5, 60)
		c.FileBytes, c.ActiveBytes = bytes, bytes
		return c
	}
	much := sized("twice the memory", 30*gb)
	tight := sized("a little too big", 16*gb)
	slow := sized("a little too slow", 6*gb)
	slower := sized("slower still", 9*gb)
	other := sized("no code for it", gb)
	other.Unrunnable = "The engine has no code for it."
	a := mustAdvise(t, []Candidate{much, slower, other, slow, tight, pick}, m, Nothing{}, Ask{})
	var order []string
	last := 0.0
	for _, r := range a.Rejected {
		order = append(order, r.Model)
		if r.Cause == CauseMemory || r.Cause == CauseSlow {
			if r.Miss < max(1, last) {
				t.Errorf("%s misses by %.2f after %.2f", r.Model, r.Miss, last)
			}
			last = r.Miss
		} else if r.Miss != 0 {
			t.Errorf("%s: %s misses by %.2f", r.Model, r.Cause, r.Miss)
		}
	}
	if got := strings.Join(order, ", "); got != "a little too big, a little too slow, slower still, twice the memory, no code for it" {
		t.Error(got)
	}
}
