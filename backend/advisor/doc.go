// Package advisor ranks models for a machine and says why.
//
// It receives everything: [Candidate] values (a model at one quantization, with sizes, scores and licence), a [Machine]
// (this one, or one that [ReadMachine] read from a file) and what has been measured on it ([Known]). [Candidate.Fit] says
// where a candidate would run and is quick enough for a slider; [Advise] ranks all of them; [Remedies] prices what would
// make one fit. Nothing here blocks, keeps state, or reads a clock: the same input gives the same answer.
//
// Reading order: ask.go and candidate.go (what goes in), fit.go (where it runs), speed.go (how fast), rank.go (what
// comes first), why.go (the sentences).
//
// Sizes are bytes and are written in decimal gigabytes; speeds are tokens per second; an error is a share (0.3 is
// ±30%) for a speed and points for a score.
package advisor
