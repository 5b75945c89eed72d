// Package llama speaks with llama.cpp's programs: their names, their arguments, what they print, and what their failures
// mean. It starts none of them; callers run a program with the arguments from here and hand its output back.
//
// Everything is read as llama.cpp b10488 writes it (build/engine builds that one).
package llama
