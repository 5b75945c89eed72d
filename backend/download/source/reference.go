package source

import (
	"net/url"
	"path"
	"regexp"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"

	"weightroom/backend"
	"weightroom/backend/download/web"
)

// reference is what a person wrote, taken apart.
type reference struct {
	source string
	repo   repository // of a registry
	hub    hubFile    // of Hugging Face
	file   *url.URL   // of a plain address
}

// ref is the full form of the reference, with nothing secret in it.
func (r reference) ref() string {
	switch r.source {
	case "":
		return ""
	case HuggingFace:
		return r.hub.ref()
	case Address:
		return withoutSecrets(r.file)
	}
	return r.repo.ref(r.source)
}

// repository is one model of a registry: a tag, or a digest.
type repository struct {
	registry name.Registry
	scheme   string // "https", or "http" for this computer itself
	path     string // "library/llama3.1"
	tag      string // or a digest, "sha256:…"
}

// hubFile is a repository of Hugging Face, and which of its files are meant.
type hubFile struct {
	owner, name string
	revision    string // branch, tag or commit; empty: main
	quant       string // or a file's name; empty: the usual one
	path        string // of one file; empty: quant decides
}

// The names of repositories. Ollama's allow capitals, which OCI's do not, so both are checked here.
var (
	ociPath    = regexp.MustCompile(`^[a-z0-9]+([._-]+[a-z0-9]+)*(/[a-z0-9]+([._-]+[a-z0-9]+)*)*$`) // the distribution specification's
	ollamaPart = regexp.MustCompile(`^[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,79}$`)
	hubPart    = regexp.MustCompile(`^[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,95}$`)
	hubBranch  = regexp.MustCompile(`^[a-zA-Z0-9_][a-zA-Z0-9_./-]{0,127}$`)
	hubCommit  = regexp.MustCompile(`^[0-9a-f]{40}$`)
)

// parseReference takes a reference apart. hub and ollama are the addresses of the two sources with names of their own.
func parseReference(ref string, hub, ollama *url.URL) (reference, error) {
	ref = strings.TrimSpace(ref)
	for _, command := range []string{"ollama run ", "ollama pull ", "docker model pull "} { // as pages print them
		ref = strings.TrimSpace(strings.TrimPrefix(ref, command))
	}
	switch {
	case ref == "" || len(ref) > 2048 || strings.HasPrefix(ref, ".") || strings.HasSuffix(ref, ":") || strings.ContainsFunc(ref, func(r rune) bool { return r <= ' ' || r == 0x7f }):
		return reference{}, notAReference(ref)
	case strings.Contains(ref, "://"):
		u, err := url.Parse(ref)
		if err != nil {
			return reference{}, notAReference(ref)
		}
		return parseAddress(ref, u, hub, ollama)
	}
	host, rest, found := strings.Cut(ref, "/")
	switch {
	case found && isHub(host, hub):
		return parseHub(ref, rest)
	case found && (strings.ContainsAny(host, ".:") || host == "localhost"):
		if host == ollama.Host || host == "registry.ollama.ai" || host == "ollama.com" {
			return parseOllama(ref, rest, ollama)
		}
		return parseRegistry(ref)
	}
	return parseOllama(ref, ref, ollama)
}

func isHub(host string, hub *url.URL) bool {
	return host == hub.Host || host == "hf.co" || host == "huggingface.co" || host == "www.huggingface.co"
}

func parseAddress(ref string, u, hub, ollama *url.URL) (reference, error) {
	if err := web.CheckAddress(u); err != nil {
		return reference{}, err
	}
	switch {
	case isHub(u.Host, hub):
		return parseHubAddress(ref, u)
	case u.Host == "ollama.com" || u.Host == "www.ollama.com":
		return parseOllama(ref, strings.TrimPrefix(strings.Trim(u.Path, "/"), "library/"), ollama)
	case strings.HasSuffix(strings.ToLower(u.Path), ".gguf"):
		u.Fragment = ""
		return reference{source: Address, file: u}, nil
	}
	return reference{}, backend.Fail(backend.CodeInvalid, nil, "This address is not one of a model file.", "Copy the address of a file whose name ends in .gguf.")
}

// parseHubAddress reads an address copied from a browser.
func parseHubAddress(ref string, u *url.URL) (reference, error) {
	parts := strings.Split(strings.Trim(u.Path, "/"), "/")
	if len(parts) > 0 && (parts[0] == "datasets" || parts[0] == "spaces" || parts[0] == "models") {
		return reference{}, backend.Fail(backend.CodeInvalid, nil, "This is a page of Hugging Face, but not the page of a model.", "Copy the address of a model, or of a GGUF file in it.")
	}
	if len(parts) < 2 {
		return reference{}, notAReference(ref)
	}
	h := hubFile{owner: parts[0], name: parts[1]}
	if len(parts) >= 4 {
		h.revision = parts[3]
		switch parts[2] {
		case "resolve", "blob", "raw":
			h.path = strings.Join(parts[4:], "/")
			if !strings.HasSuffix(strings.ToLower(h.path), ".gguf") || path.Clean("/"+h.path) != "/"+h.path {
				return reference{}, backend.Fail(backend.CodeInvalid, nil, "This address is not one of a model file.", "Copy the address of a file whose name ends in .gguf.")
			}
		case "tree":
			h.quant = strings.Join(parts[4:], "/") // a folder is often called for its quant
		default:
			h.revision = ""
		}
	}
	return checkHub(ref, h)
}

func parseHub(ref, rest string) (reference, error) {
	rest, quant, _ := strings.Cut(rest, ":")
	h := hubFile{quant: quant}
	rest, h.revision, _ = strings.Cut(rest, "@")
	parts := strings.Split(strings.Trim(rest, "/"), "/")
	if len(parts) < 2 {
		return reference{}, notAReference(ref)
	}
	h.owner, h.name = parts[0], parts[1]
	if len(parts) > 2 { // without https://, but otherwise as copied
		return parseHubAddress(ref, &url.URL{Path: rest})
	}
	return checkHub(ref, h)
}

func checkHub(ref string, h hubFile) (reference, error) {
	if !hubPart.MatchString(h.owner) || !hubPart.MatchString(h.name) || len(h.quant) > 255 ||
		h.revision != "" && (!hubBranch.MatchString(h.revision) || strings.Contains(h.revision, "..")) {
		return reference{}, notAReference(ref)
	}
	return reference{source: HuggingFace, hub: h}, nil
}

func parseOllama(ref, rest string, ollama *url.URL) (reference, error) {
	rest, digest, pinned := strings.Cut(rest, "@")
	rest, tag := backend.SplitRef(rest)
	if tag == "" {
		tag = "latest"
	}
	parts := strings.Split(rest, "/")
	if len(parts) == 1 {
		parts = []string{"library", parts[0]}
	}
	if len(parts) != 2 || !ollamaPart.MatchString(parts[0]) || !ollamaPart.MatchString(parts[1]) || !ollamaPart.MatchString(tag) {
		return reference{}, notAReference(ref)
	}
	if pinned {
		if !isDigest(digest) {
			return reference{}, notAReference(ref)
		}
		tag = digest
	}
	registry, err := name.NewRegistry(ollama.Host)
	if err != nil {
		return reference{}, notAReference(ref)
	}
	return reference{source: Ollama, repo: repository{registry, ollama.Scheme, strings.Join(parts, "/"), tag}}, nil
}

func parseRegistry(ref string) (reference, error) {
	parsed, err := name.ParseReference(ref)
	if err != nil || !ociPath.MatchString(parsed.Context().RepositoryStr()) {
		return reference{}, notAReference(ref)
	}
	// The library's own rule would also speak plain http to private networks.
	scheme := "https"
	u, err := url.Parse("https://" + parsed.Context().RegistryStr())
	if err != nil || web.CheckAddress(u) != nil || strings.HasSuffix(u.Host, ":") || u.Host != parsed.Context().RegistryStr() {
		return reference{}, notAReference(ref)
	}
	if web.IsLoopback(u.Hostname()) {
		scheme = "http"
	}
	return reference{source: Registry, repo: repository{parsed.Context().Registry, scheme, parsed.Context().RepositoryStr(), parsed.Identifier()}}, nil
}

func notAReference(ref string) error {
	return backend.Fail(backend.CodeInvalid, nil, "\""+clip(ref, 60)+"\" is not the name or address of a model.",
		"Write a name such as llama3.1:8b or hf.co/OWNER/NAME:Q4_K_M, or paste the address of a GGUF file.")
}

var digestForm = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)

func isDigest(s string) bool { return digestForm.MatchString(s) }
