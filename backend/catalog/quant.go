package catalog

import (
	"fmt"
	"slices"
	"strings"
)

// QuantQuality is what a quantization costs, as far as anybody published it for one model. The loss grows as models
// get better trained and shrinks as they get bigger, so it orders quantizations; it does not predict another model's
// score. The lab measures the real loss on this machine.
type QuantQuality struct {
	Name          string  `json:"name"`
	Bits          float64 `json:"bits"`                    // of the main tensor type, per weight, from its block layout
	EffectiveBits float64 `json:"effectiveBits,omitempty"` // whole file per weight, Llama 3.1 8B; 0: not known
	Measured      []Loss  `json:"measured,omitempty"`      // empty: nobody published a loss
	Note          string  `json:"note,omitempty"`
}

// Loss is how far a quantized model is from its 16-bit original.
type Loss struct {
	Model             string  `json:"model"`             // "Llama 3 8B"
	Imatrix           bool    `json:"imatrix,omitempty"` // weighed by an importance matrix, which helps
	PerplexityPercent float64 `json:"perplexityPercent"` // increase
	KLD               float64 `json:"kld,omitempty"`     // mean Kullback–Leibler divergence of the next token; 0: not given
	SameTopToken      float64 `json:"sameTopToken,omitempty"`
	Source            string  `json:"source"`
}

// Loss returns one published loss: of Llama 3 8B, with an importance matrix where there is one, because the files
// people download have it.
func (q QuantQuality) Loss() (Loss, bool) {
	best, found := Loss{}, false
	for _, l := range q.Measured {
		if l.Model == "Llama 3 8B" && (!found || l.Imatrix && !best.Imatrix) {
			best, found = l, true
		}
	}
	return best, found
}

// QuantQualities returns the whole table, most precise first.
func (c *Catalog) QuantQualities() []QuantQuality { return slices.Clone(c.quants) }

// QuantQuality returns one row of the table, by llama.cpp's name in any case.
func (c *Catalog) QuantQuality(name string) (QuantQuality, bool) {
	for _, q := range c.quants {
		if strings.EqualFold(q.Name, name) {
			return q, true
		}
	}
	return QuantQuality{}, false
}

// isSuperblock reports whether a quantization packs rows in blocks of 256.
func isSuperblock(quant string) bool {
	return strings.Contains(quant, "_K") || strings.HasPrefix(quant, "TQ") ||
		strings.HasPrefix(quant, "IQ") && quant != "IQ4_NL"
}

// CanHave reports whether the model exists, or can be made, at a quantization. The sentence is the reason when it
// cannot, or what is special when it can; often it is empty.
func (c *Catalog) CanHave(m *Model, quant string) (ok bool, why string) {
	q, known := c.QuantQuality(quant)
	switch {
	case !known:
		return false, fmt.Sprintf("%q is not a quant that Weightroom knows.", quant)
	case !m.Runs:
		return false, m.Reason
	case strings.HasPrefix(q.Name, "TQ"):
		return false, q.Name + " is only for models that were trained with three-valued weights."
	}
	if _, listed := m.Quant(q.Name); !listed && len(m.Quants) > 0 {
		switch {
		case q.Name == "MXFP4":
			return false, m.Name + " was not trained for MXFP4."
		case m.Quants[0].Name == "MXFP4":
			return false, m.Name + " ships in MXFP4. Another quant would lose quality and save almost nothing."
		case m.Has(UseEmbedding):
			return false, m.Name + " is an embedding model; below 8 bits its results change and little memory is saved."
		}
	}
	if len(m.OddWidths) > 0 && isSuperblock(q.Name) {
		return true, fmt.Sprintf("Rows of %s are %s numbers wide, which does not divide by 256, so parts of a %s file are stored at more bits and it is larger than its name says.",
			m.Name, joinInts(m.OddWidths), q.Name)
	}
	return true, ""
}

func joinInts(numbers []int) string {
	words := make([]string, len(numbers))
	for i, n := range numbers {
		words[i] = fmt.Sprint(n)
	}
	return strings.Join(words, " and ")
}
