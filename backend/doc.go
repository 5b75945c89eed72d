// Package backend holds Weightroom's nouns: chats, messages, models, problems, and the errors people read.
//
// It imports only the standard library. The packages below it do the work and do not know each other; what one
// needs of another it receives as a small interface, and app/core wires them.
//
// The words that the whole program uses in one sense each:
//
//   - model: weights with what makes them chat (template, sampling, licence), under one reference in the library.
//   - reference: the name of a model as NAME:TAG, or of one elsewhere: a tag of Ollama, hf.co/OWNER/REPO:QUANT, an
//     address, a file.
//   - quant: weights stored with fewer bits, and the name of the recipe (Q4_K_M). Requantized: made from a quant.
//   - header: the front of a GGUF file: metadata and the shapes of the tensors, without the weights.
//   - weightless: a file with a real header whose weights are a hole in the file.
//   - test drive: a weightless model run by the real engine, for its speed and memory before a download.
//   - run: one measured use of a model on this machine, kept with what it ran on.
//   - candidate: a model at a quant that the advisor weighs for a machine.
//   - blueprint: the facts of an architecture from which a header can be written.
//   - source: a place that has weights: a registry, Hugging Face, an address. Landing: what a download from it becomes
//     in the library. Ledger: the list of every connection that was made.
//   - adopt: to take a model that another app keeps into the library, where possible without a copy.
//   - starter: the small model that comes with the app.
//   - reference model of a comparison: the most precise variant, which the others are measured against.
//   - blind test: answers of variants side by side, their names hidden until the vote.
//   - KV cache: the keys and values of the context, in memory beside the weights.
//   - prompt processing (pp) and token generation (tg): llama-bench's names for how fast a model reads and writes.
//   - same top token, KL divergence, perplexity: llama-perplexity's measures of what a quant lost.
package backend
