package lab

import (
	"fmt"
	"slices"
	"strings"

	"weightroom/backend"
)

// quants are the names that llama-quantize takes (tools/quantize/quantize.cpp, llama.cpp b10488), most precise first,
// with the bits that each weight takes about. Those with matrix are refused without an importance matrix.
var quants = []struct {
	name   string
	bits   float64
	matrix bool
}{
	{"F32", 32, false}, {"BF16", 16, false}, {"F16", 16, false}, {"Q8_0", 8.5, false}, {"Q6_K", 6.56, false},
	{"Q5_K_M", 5.69, false}, {"Q5_1", 6, false}, {"Q5_K_S", 5.54, false}, {"Q5_0", 5.5, false},
	{"Q4_1", 5, false}, {"Q4_K_M", 4.85, false}, {"Q4_K_S", 4.58, false}, {"Q4_0", 4.55, false},
	{"IQ4_NL", 4.5, false}, {"IQ4_XS", 4.25, false}, {"MXFP4_MOE", 4.25, false},
	{"Q3_K_L", 4.27, false}, {"Q3_K_M", 3.91, false}, {"IQ3_M", 3.66, false}, {"Q3_K_S", 3.5, false}, {"IQ3_S", 3.44, false},
	{"IQ3_XS", 3.3, false}, {"IQ3_XXS", 3.06, true}, {"Q2_K", 3.0, false}, {"Q2_K_S", 2.8, true}, {"IQ2_M", 2.7, true},
	{"IQ2_S", 2.5, true}, {"IQ2_XS", 2.31, true}, {"IQ2_XXS", 2.06, true}, {"TQ2_0", 2.06, false}, {"TQ1_0", 1.69, false},
	{"IQ1_M", 1.75, true}, {"IQ1_S", 1.56, true},
}

// Quants lists the names of what can be derived, most precise first.
func Quants() []string {
	names := make([]string, len(quants))
	for i, q := range quants {
		names[i] = q.name
	}
	return names
}

// KVTypes are the types of the KV cache that can be compared, most precise first.
func KVTypes() []string { return []string{"f16", "q8_0", "q5_1", "q5_0", "q4_1", "q4_0"} }

// canonical finds a quant by a name in any case; Q4_K and the like stand for their medium mix, as in llama-quantize.
func canonical(name string) (string, bool) {
	name = strings.ToUpper(strings.TrimSpace(name))
	if slices.Contains([]string{"Q3_K", "Q4_K", "Q5_K"}, name) {
		name += "_M"
	}
	return name, slices.Contains(Quants(), name)
}

// bitsOf is about how many bits a quant spends on a weight; 0: unknown.
func bitsOf(quant string) float64 {
	for _, q := range quants {
		if q.name == quant {
			return q.bits
		}
	}
	return 0
}

// original says whether a quant holds a model as it was trained, or so nearly that another quant made from it loses
// nothing that can be seen: 8 bits and more.
func original(quant string) bool { return bitsOf(quant) >= 8 }

// secondHand says whether what is made from a model adds to losses that it has already.
func secondHand(m backend.Model) bool { return !original(m.Quant) || m.Parent.SecondHand }

// unknownQuant refuses a name.
func unknownQuant(name string) error {
	return backend.Fail(backend.CodeInvalid, nil, fmt.Sprintf("%q is not a quant that can be made.", name), "The usual ones are Q8_0, Q6_K, Q5_K_M, Q4_K_M, Q3_K_M and Q2_K.")
}
