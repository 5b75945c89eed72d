// Package engine runs models: it keeps Ollama's server as a child process without a network, and llama.cpp's tools.
//
// It is the only package that names ollama. The child is our own binary, started again as "weightroom engine"; it
// serves on a unix socket in a private folder and lives in its own user, network and PID namespaces on Linux, so
// that neither its listener nor llama-server's can be reached from outside, and neither can reach out.
//
// How a model is worked for, with how many threads and how much of a prompt at once, is asked for each load and each run
// of a program (Options.How): a model is loaded anew when that is another way than it was loaded with. Whether with flash
// attention is a matter of the child's environment: it is started anew with the next load that finds it idle.
//
// Engine owns the child. Start is idempotent and returns once the child answers; every request starts it when
// needed. A child that dies is started again, slower each time. Close ends it and all its children, and so does
// the end of this process in any way, kill -9 included.
package engine
