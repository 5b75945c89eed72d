// Package lab compares quantizations of one model on this machine: it derives them, measures them, and asks a person
// blind.
//
// Three things can be done, each with a plan that can be shown first, progress, and an end at any time:
//
//   - [Lab.Derive] makes a quant of a model by llama-quantize and puts it into the library.
//   - [Lab.Compare] measures a list of rivals (a model, a KV-cache type and a context) against a reference: size, load,
//     memory, speed, energy, and how far the choice of each next token strays from the reference's. [Judge] turns the
//     figures into a verdict of one sentence.
//   - A [Blind] test asks a person which of two to four answers is best, names hidden, and says what the votes support.
//
// The package starts no programs and stores nothing itself. It is given a [Tools] that runs the engine's programs, a
// [Server] that answers prompts as the app would, a [Library] that takes a finished model, a [Store] for results and a
// [Meter] for what else the machine does; app/core wires them. Files of its own lie in one folder under names that
// [Sweep] knows: a run that ends in any way but kill -9 removes them itself.
//
// Reading order: types.go (what is measured), derive.go, compare.go, judge.go, blind.go and sequential.go (the votes).
//
// Sizes are bytes, speeds tokens per second, times seconds, shares 0 to 1. Errors that a person should read are
// *backend.Error. Figures are medians with their spread; whatever a tool printed with a ± keeps it.
package lab
