package catalog

import (
	"errors"
	"strings"
	"testing"

	"weightroom/backend"
)

func TestResolve(t *testing.T) {
	c := load(t)
	for _, tt := range []struct{ ref, id, quant string }{
		{"llama-3.1-8b", "llama-3.1-8b", ""}, {"llama-3.1-8b:Q4_K_M", "llama-3.1-8b", "Q4_K_M"}, {"LLAMA-3.1-8b:q4_k_m", "llama-3.1-8b", "Q4_K_M"},
		{"llama3.1:8b", "llama-3.1-8b", "Q4_K_M"}, {"llama3.1", "llama-3.1-8b", "Q4_K_M"}, {" llama3.2:1b ", "llama-3.2-1b", "Q8_0"},
		{"gemma3:27b", "gemma-3-27b", "Q4_K_M"}, {"ggml-org/gemma-3-4b-it-GGUF", "gemma-3-4b", ""},
		{"ggml-org/gemma-3-4b-it-GGUF:Q8_0", "gemma-3-4b", "Q8_0"}, {"host.example/ggml-org/gemma-3-4b-it-gguf:Q8_0", "gemma-3-4b", "Q8_0"},
		{"qwen3.5-9b:IQ4_XS", "qwen3.5-9b", "IQ4_XS"},
	} {
		if f, err := c.Resolve(tt.ref); err != nil || f.Model.ID != tt.id || f.Quant != tt.quant {
			t.Errorf("%s: %+v, %v", tt.ref, f, err)
		}
	}
	for ref, want := range map[string]string{"magistral": "magistral", "cogito:8b": "cogito", "gemma4:31b-cloud": "gemma4"} {
		if f, err := c.Resolve(ref); err != nil || f.Model != nil || f.Listing.ID != want || f.Tag.Cloud != (ref == "gemma4:31b-cloud") {
			t.Errorf("%s: %+v, %v", ref, f, err)
		}
	}
	for _, tt := range []struct {
		ref  string
		code backend.Code
	}{
		{"", backend.CodeNotFound}, {"llama-9", backend.CodeNotFound}, {"llama-3.1-8b:Q9", backend.CodeInvalid}, {"gpt-oss-20b:Q4_K_M", backend.CodeInvalid},
		{"gpt-j-6b:Q8_0", backend.CodeInvalid}, {"phi-5", backend.CodeUnsupported}, {"kimi-k3", backend.CodeUnsupported}, {"a/b/c/d", backend.CodeNotFound},
	} {
		_, err := c.Resolve(tt.ref)
		var e *backend.Error
		if !errors.As(err, &e) || e.Code != tt.code || e.Message == "" || e.Hint == "" {
			t.Errorf("%s: %v", tt.ref, err)
		}
	}
	for ref, settled := range map[string]bool{"qwen3-4b:Q9": true, "QWEN3-4b:Q9": true, "gpt-oss-20b:Q4_K_M": true, "bge-m3:q9": false, "ggml-org/gemma-3-4b-it-GGUF:Q9": false, "llama3.1:q9": false} {
		if _, err := c.Resolve(ref); err == nil || errors.Is(err, ErrNoQuant) != settled {
			t.Errorf("%s: %v", ref, err)
		}
	}
	if _, err := c.Resolve("Qwen3-4B:Q9"); backend.Readable(err).Message != "qwen3-4b has no Q9." || !strings.Contains(backend.Readable(err).Hint, "Q4_K_M") {
		t.Errorf("%v", err)
	}
}

func TestFind(t *testing.T) {
	c := load(t)
	for _, tt := range []struct {
		query, first string
		least        int
	}{
		{"", "", wantModels}, {"llama 3.1", "llama-3.1-8b", 3}, {"LLAMA3.1:8b", "llama-3.1-8b", 1}, {"coder 7b", "qwen2.5-coder-7b", 1}, {"gemma vision", "gemma-3-4b", 5},
		{"mistral nemo", "mistral-nemo-12b", 1}, {"embedding", "", 3}, {"zebra", "", 0},
	} {
		got := c.Find(tt.query)
		if len(got) < tt.least || tt.least == 0 && len(got) > 0 || tt.first != "" && got[0].ID != tt.first {
			t.Errorf("%q: %d found, first %v", tt.query, len(got), got)
		}
	}
}

func TestBandwidthByDeviceName(t *testing.T) {
	c := load(t)
	for device, want := range map[string]float64{
		"NVIDIA GeForce RTX 4090": 1008e9, "NVIDIA GeForce RTX 4090 Laptop GPU": 576e9, "NVIDIA H200": 4800e9, "Apple M4 Max": 410e9, "Apple M1": 68.25e9,
		"AMD Radeon RX 7900 XTX": 960e9, "NVIDIA GeForce RTX 4060 Ti": 288e9, "Tesla T4": 320e9, "Intel(R) UHD Graphics": 0, "": 0,
	} {
		if got, _ := c.Bandwidth(device); got.BytesPerSecond != want {
			t.Errorf("%s: %s, %v", device, got.Name, got.BytesPerSecond)
		}
	}
}

func TestQuantQuality(t *testing.T) {
	c := load(t)
	q, ok := c.QuantQuality("q4_k_m")
	if l, published := q.Loss(); !ok || !published || !l.Imatrix || l.KLD != 0.028152 || l.PerplexityPercent != 2.43 {
		t.Errorf("Q4_K_M: %+v", q)
	}
	if q, ok := c.QuantQuality("MXFP4"); !ok || len(q.Measured) > 0 || q.Note == "" {
		t.Errorf("MXFP4: %+v", q)
	}
	if _, ok := c.QuantQuality("Q7_0"); ok {
		t.Error("Q7_0 is known")
	}
	for _, q := range c.QuantQualities() {
		if len(q.Measured) == 0 && q.Note == "" {
			t.Errorf("%s has neither a loss nor a reason", q.Name)
		}
		for _, l := range q.Measured {
			if l.Source == "" || l.Model == "" {
				t.Errorf("%s: %+v has no source", q.Name, l)
			}
		}
	}
}
