package llama

import (
	"slices"
	"strings"
)

// Quant is a mix of tensor types that llama-quantize makes.
type Quant struct {
	Name   string
	Bits   float64 // of a weight, about
	Matrix bool    // refused without an importance matrix
}

// quants are the names that llama-quantize takes (tools/quantize/quantize.cpp), most precise first.
var quants = []Quant{
	{"F32", 32, false}, {"BF16", 16, false}, {"F16", 16, false}, {"Q8_0", 8.5, false}, {"Q6_K", 6.56, false},
	{"Q5_K_M", 5.69, false}, {"Q5_1", 6, false}, {"Q5_K_S", 5.54, false}, {"Q5_0", 5.5, false},
	{"Q4_1", 5, false}, {"Q4_K_M", 4.85, false}, {"Q4_K_S", 4.58, false}, {"Q4_0", 4.55, false},
	{"IQ4_NL", 4.5, false}, {"IQ4_XS", 4.25, false}, {"MXFP4_MOE", 4.25, false},
	{"Q3_K_L", 4.27, false}, {"Q3_K_M", 3.91, false}, {"IQ3_M", 3.66, false}, {"Q3_K_S", 3.5, false}, {"IQ3_S", 3.44, false},
	{"IQ3_XS", 3.3, false}, {"IQ3_XXS", 3.06, true}, {"Q2_K", 3.0, false}, {"Q2_K_S", 2.8, true}, {"IQ2_M", 2.7, true},
	{"IQ2_S", 2.5, true}, {"IQ2_XS", 2.31, true}, {"IQ2_XXS", 2.06, true}, {"TQ2_0", 2.06, false}, {"TQ1_0", 1.69, false},
	{"IQ1_M", 1.75, true}, {"IQ1_S", 1.56, true},
}

// Quants returns what llama-quantize can make, most precise first.
func Quants() []Quant { return slices.Clone(quants) }

// KVTypes returns the types of the KV cache, most precise first.
func KVTypes() []string { return []string{"f16", "q8_0", "q5_1", "q5_0", "q4_1", "q4_0"} }

// FindQuant finds a quant by its name in any case; Q4_K and the like stand for their medium mix, as in llama-quantize.
// Where there is none, Name is what was looked for.
func FindQuant(name string) (q Quant, ok bool) {
	name = strings.ToUpper(strings.TrimSpace(name))
	if slices.Contains([]string{"Q3_K", "Q4_K", "Q5_K"}, name) {
		name += "_M"
	}
	if i := slices.IndexFunc(quants, func(q Quant) bool { return q.Name == name }); i >= 0 {
		return quants[i], true
	}
	return Quant{Name: name}, false
}
