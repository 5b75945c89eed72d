// Package tune finds by measuring how the engine works fastest on a machine: with how many threads, with how much of a
// prompt at once, and with or without flash attention.
//
// A Run tries one choice after the other, each on top of those before it. In each round the default and all that is tried
// against it are timed one after the other, every second round in the other order, so that what slows the machine down
// slows all of them down; only what they differ by within a round counts. A round into which other programs came is
// thrown away. What is tried takes the default's place where it is faster by a clear margin (see Rule); where nothing is,
// the default stays. A Run may be stopped at any time and goes on where it was.
//
// The package measures nothing itself: Options.Time does. It keeps nothing either.
package tune
