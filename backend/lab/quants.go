package lab

import (
	"fmt"

	"weightroom/backend"
	"weightroom/backend/llama"
)

// Quants lists the names of what can be derived, most precise first.
func Quants() []string {
	all := llama.Quants()
	names := make([]string, len(all))
	for i, q := range all {
		names[i] = q.Name
	}
	return names
}

// KVTypes are the types of the KV cache that can be compared, most precise first.
func KVTypes() []string { return llama.KVTypes() }

// canonical finds a quant by a name in any case.
func canonical(name string) (string, bool) {
	q, ok := llama.FindQuant(name)
	return q.Name, ok
}

// bitsOf is about how many bits a quant spends on a weight; 0: unknown.
func bitsOf(quant string) float64 {
	q, _ := llama.FindQuant(quant)
	return q.Bits
}

// original reports whether a quant holds a model as it was trained, or so nearly that another quant made from it loses
// nothing that can be seen: 8 bits and more.
func original(quant string) bool { return bitsOf(quant) >= 8 }

// secondHand reports whether what is made from a model adds to losses that it has already.
func secondHand(m backend.Model) bool { return !original(m.Quant) || m.Parent.SecondHand }

// unknownQuant refuses a name.
func unknownQuant(name string) error {
	return backend.Fail(backend.CodeInvalid, nil, fmt.Sprintf("%q is not a quant that can be made.", name), "The usual ones are Q8_0, Q6_K, Q5_K_M, Q4_K_M, Q3_K_M and Q2_K.")
}
