// Package testdrive measures how a model would run on this machine before its weights are there.
//
// The speed and the memory of a model depend on its header alone: which tensors it has, their shapes and their types.
// Plan makes that header from a backend.Blueprint, with the mix of types that llama.cpp's own quantizer would choose;
// FromFile copies it from a file that exists, here or elsewhere. Write puts it on disk and lets the file end where the
// weights would end, as a hole that takes no room. The engine fills it while it reads, with bytes that keep a processor as
// busy as weights do, and runs at its real speed: Drive times it, Fit asks the engine for its memory plan, and Speed fits
// a model to the runs of this machine, so that every other model has an estimate.
//
// The package starts no programs itself: a Tool runs them, and is expected to shut them off from the network and to set
// LLAMA_FILL_HOLES, which build/engine/patches/fill-holes.patch reads. Nothing
// here keeps state. Drive owns the files it writes and removes them however it ends; Sweep removes what a killed run
// left. Sizes are bytes, speeds tokens per second, times seconds.
package testdrive
