// Package machine is what this machine can run and runs now: its hardware, as the engine sees it too, the engine's
// state, and how much memory a model may take.
package machine
