package scan

import (
	"cmp"
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"weightroom/backend/library/layout"
)

// Env is what decides where other apps keep their models.
type Env struct {
	OS   string // runtime.GOOS
	Home string // empty: there is none
	Get  func(string) string
}

// HostEnv is the Env of this process.
func HostEnv() Env {
	home, err := os.UserHomeDir()
	if err != nil {
		home = ""
	}
	return Env{OS: runtime.GOOS, Home: home, Get: os.Getenv}
}

// Place is a folder where an app may keep models.
type Place struct {
	App   string
	Dir   string
	store bool // in Ollama's layout
}

// Places lists where the apps that are known keep their models on a system like env, whether or not they are there.
func Places(env Env) []Place {
	home := func(part ...string) string {
		if env.Home == "" {
			return ""
		}
		return filepath.Join(append([]string{env.Home}, part...)...)
	}
	under := func(name, otherwise string) string { return cmp.Or(env.Get(name), otherwise) }
	config, data, cache := under("XDG_CONFIG_HOME", home(".config")), under("XDG_DATA_HOME", home(".local", "share")), under("XDG_CACHE_HOME", home(".cache"))
	local := data
	switch env.OS {
	case "darwin":
		config, data, cache = home("Library", "Application Support"), home("Library", "Application Support"), home("Library", "Caches")
		local = data
	case "windows":
		config = under("APPDATA", home("AppData", "Roaming"))
		local = under("LOCALAPPDATA", home("AppData", "Local"))
		data, cache = config, local
	}
	var out []Place
	add := func(app, dir string, store bool) {
		if dir != "" && filepath.IsAbs(dir) && !slices.ContainsFunc(out, func(p Place) bool { return p.Dir == dir }) {
			out = append(out, Place{app, filepath.Clean(dir), store})
		}
	}
	join := func(dir string, part ...string) string {
		if dir == "" {
			return ""
		}
		return filepath.Join(append([]string{dir}, part...)...)
	}
	add("Ollama", env.Get("OLLAMA_MODELS"), true)
	add("Ollama", home(".ollama", "models"), true)
	if env.OS == "linux" { // of the service, by its installer, and by distributions
		for _, dir := range []string{"/usr/share/ollama/.ollama/models", "/var/lib/ollama/models", "/var/lib/ollama/.ollama/models", "/var/lib/ollama", "/var/snap/ollama/common/models"} {
			add("Ollama", dir, true)
		}
	}
	lmstudio := home(".lmstudio")
	if text, _, err := layout.ReadSmall(home(".lmstudio-home-pointer")); err == nil {
		lmstudio = cmp.Or(strings.TrimSpace(string(text)), lmstudio)
	}
	add("LM Studio", settingOf(join(lmstudio, "settings.json"), "downloadsFolder"), false)
	add("LM Studio", join(lmstudio, "models"), false)
	add("LM Studio", home(".lmstudio", "models"), false)
	add("LM Studio", home(".cache", "lm-studio", "models"), false)
	for _, base := range []string{config, data} {
		add("Jan", join(base, "Jan", "data", "llamacpp", "models"), false)
		add("Jan", join(base, "Jan", "data", "models"), false)
	}
	add("Jan", home("jan", "models"), false)
	add("Hugging Face", cmp.Or(env.Get("HF_HUB_CACHE"), env.Get("HUGGINGFACE_HUB_CACHE"), join(env.Get("HF_HOME"), "hub")), false)
	add("Hugging Face", join(under("XDG_CACHE_HOME", home(".cache")), "huggingface", "hub"), false)
	add("GPT4All", iniValue(join(config, "nomic.ai", "GPT4All.ini"), "modelPath"), false)
	add("GPT4All", join(local, "nomic.ai", "GPT4All"), false)
	add("llama.cpp", env.Get("LLAMA_CACHE"), false)
	add("llama.cpp", join(cache, "llama.cpp"), false)
	return out
}

// settingOf reads one text of a JSON file of another app; "" where there is none.
func settingOf(path, key string) string {
	data, _, err := layout.ReadSmall(path)
	if err != nil {
		return ""
	}
	var settings map[string]any
	if json.Unmarshal(data, &settings) != nil {
		return ""
	}
	s, _ := settings[key].(string)
	return s
}

// iniValue reads one value of an ini file; "" where there is none.
func iniValue(path, key string) string {
	data, _, err := layout.ReadSmall(path)
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(data)) {
		if k, v, ok := strings.Cut(line, "="); ok && strings.TrimSpace(k) == key {
			return strings.TrimSpace(v)
		}
	}
	return ""
}
