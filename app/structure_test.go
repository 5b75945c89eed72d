package app

import (
	"cmp"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// leaves are packages below backend that their siblings may use: formats and nouns, with no work of their own.
var leaves = map[string]bool{
	"weightroom/backend":          true,
	"weightroom/backend/disturb":  true,
	"weightroom/backend/fsys":     true,
	"weightroom/backend/gguf":     true,
	"weightroom/backend/leaktest": true, // for tests
	"weightroom/backend/llama":    true,
}

// systems are the only packages that name the operating system's calls.
var systems = map[string]bool{
	"weightroom/backend/engine": true, // the jail
	"weightroom/backend/fsys":   true, // files
	"weightroom/hardware":       true, // the machine
}

// TestImportsGoOneWay holds the direction main, app, backend/..., backend, with hardware on its own, on every system.
func TestImportsGoOneWay(t *testing.T) {
	for _, system := range []string{"linux", "darwin", "windows"} {
		t.Run(system, func(t *testing.T) { importsGoOneWay(t, system) })
	}
}

func importsGoOneWay(t *testing.T, system string) {
	list := exec.Command("go", "list", "-e", "-json=ImportPath,Imports", "weightroom/...")
	list.Env = append(os.Environ(), "GOOS="+system, "CGO_ENABLED=0")
	out, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	decoder := json.NewDecoder(strings.NewReader(string(out)))
	seen := 0
	for decoder.More() {
		var p struct {
			ImportPath string
			Imports    []string
		}
		if err := decoder.Decode(&p); err != nil {
			t.Fatal(err)
		}
		seen++
		for _, to := range p.Imports {
			if reason := wrong(p.ImportPath, to); reason != "" {
				t.Errorf("%s imports %s: %s", p.ImportPath, to, reason)
			}
		}
	}
	if seen < 8 {
		t.Errorf("only %d packages looked at", seen)
	}
}

// wrong says why an import is not allowed, or nothing.
func wrong(from, to string) string {
	if strings.HasPrefix(to, "github.com/ollama/") && from != "weightroom/backend/engine" {
		return "only backend/engine may name ollama"
	}
	if strings.HasPrefix(to, "golang.org/x/sys/") && !systems[from] {
		return "the operating system's files are backend/fsys, its machine is hardware"
	}
	if from == "weightroom/backend" && strings.Contains(to, ".") {
		return "the nouns import only the standard library"
	}
	if reason := wrongOnline(from, to); reason != "" {
		return reason
	}
	if to == "weightroom/backend/library/layout" && !strings.HasPrefix(from+"/", "weightroom/backend/library/") {
		return "how the library lies on disk is the library's alone: ask it, so that the format can change and its lock is held"
	}
	if strings.HasPrefix(to, "github.com/wailsapp/") && from != "weightroom/app" {
		return "only the boundary knows the window; use cases and commands run without one"
	}
	if !strings.HasPrefix(to, "weightroom/") {
		return ""
	}
	if reason := wrongBelowApp(from, to); reason != "" || strings.HasPrefix(to, from+"/") {
		return reason
	}
	area := func(path string) string { return strings.Split(path, "/")[1] }
	switch area(from) {
	case "hardware":
		return "hardware imports nothing of ours"
	case "backend":
		if area(to) != "backend" {
			return "the backend does not know " + area(to)
		}
		sameTree := strings.Split(from, "/")[2:]
		if !leaves[to] && (len(sameTree) == 0 || !strings.HasPrefix(to, "weightroom/backend/"+sameTree[0]+"/")) {
			return "packages below backend do not know each other; take an interface and let app wire it"
		}
	}
	return ""
}

// wrongOnline says who may not import the packages of backend/download that go online.
func wrongOnline(from, to string) string {
	below, ok := strings.CutPrefix(to, "weightroom/backend/download/")
	if !ok {
		return ""
	}
	switch from {
	case "weightroom/app", "weightroom/app/core/models", "weightroom/backend/download":
	case "weightroom/backend/download/source", "weightroom/backend/download/transfer":
		if below != "web" {
			return "sources and transfers stand on web alone: an Item and its Linker join them"
		}
	case "weightroom/backend/download/web":
		return "web is the ground floor: sources, transfers and the queue connect through it"
	default:
		return "only the use cases of app go online, so that a person's \"never\" and the ledger hold for everything; ask them"
	}
	return ""
}

// floors are the packages of use cases, lowest first. What a lower one needs of a higher one it is handed as a function.
var floors = []string{"weightroom/app/core/machine", "weightroom/app/core/models", "weightroom/app/core/advice", "weightroom/app/core/compare", "weightroom/app/core"}

// wrongBelowApp says why an import of a package below app is not allowed, or nothing.
func wrongBelowApp(from, to string) string {
	floor := slices.Index(floors, from)
	switch {
	case floor < 0:
		return ""
	case to == "weightroom/app" || to == "weightroom/app/cli":
		return "use cases know neither the page nor the commands; both stand on them"
	case slices.Index(floors, to) > floor:
		return "use cases are in floors, machine, models, advice, compare, core; take a function and let core hand it in"
	}
	return ""
}

// TestCommandsNeedNoWindow holds that app/cli stands on app/core: only window.go there, which opens the window, imports
// package app.
func TestCommandsNeedNoWindow(t *testing.T) {
	files, err := filepath.Glob("cli/*.go")
	if err != nil || len(files) < 8 {
		t.Fatal(files, err)
	}
	for _, path := range files {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if filepath.Base(path) != "window.go" && strings.Contains(string(text), `"weightroom/app"`) {
			t.Errorf("%s imports package app: what it needs is a use case, in app/core", path)
		}
	}
}

// mostMethods is how many methods a type may have, exported or not: beyond, it does more than one job.
const mostMethods = 40

func TestNoTypeDoesEverything(t *testing.T) {
	methods := map[string]int{}
	eachGoFile(t, func(path string, file *ast.File) {
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || f.Recv == nil {
				continue
			}
			of := f.Recv.List[0].Type
			if star, ok := of.(*ast.StarExpr); ok {
				of = star.X
			}
			if generic, ok := of.(*ast.IndexExpr); ok {
				of = generic.X
			}
			if name, ok := of.(*ast.Ident); ok {
				methods[filepath.ToSlash(filepath.Dir(path))+"."+name.Name]++
			}
		}
	})
	for of, n := range methods {
		if n > mostMethods {
			t.Errorf("%s has %d methods; split it by what it is used for", of, n)
		}
	}
	if len(methods) < 100 {
		t.Errorf("only %d types looked at", len(methods))
	}
}

// TestThreadsHaveOneHome holds that hardware alone counts what the machine allows, machine.Ways alone asks it for a model,
// and the engine alone hands the number on: to each program, and with each load of a model. So with how much of a prompt is
// worked on at once, and with flash attention.
func TestThreadsHaveOneHome(t *testing.T) {
	homes := map[string][]string{
		"runtime.NumCPU": {"../hardware/"}, "runtime.GOMAXPROCS": {"../hardware/"},
		"hardware.ReadCPU": {"../app/core/machine/ways.go"}, "llama.WithHow": {"../backend/engine/job.go"},
		`"num_thread"`: {"../backend/engine/runner.go"}, `"-t"`: {"../backend/llama/args.go"},
		`"num_batch"`: {"../backend/engine/runner.go"}, `"-ub"`: {"../backend/llama/args.go"},
		`"OLLAMA_FLASH_ATTENTION=0"`: {"../backend/engine/supervisor.go"}, `"LLAMA_ARG_UBATCH="`: nil, `"LLAMA_ARG_FLASH_ATTN="`: nil,
		`"--threads"`: nil, `"-tb"`: nil, `"--threads-batch"`: nil, `"LLAMA_ARG_THREADS"`: nil, `"LLAMA_ARG_THREADS="`: nil, `"OMP_NUM_THREADS="`: nil,
	}
	used := map[string]bool{}
	meet := func(path, word string) {
		home, watched := homes[word]
		used[word] = true
		if watched && !slices.ContainsFunc(home, func(h string) bool { return strings.HasPrefix(path, h) }) {
			t.Errorf("%s has %s: how the engine works for a model is machine.Ways's to say, and engine.Options hands it on", path, word)
		}
	}
	engines := 0
	eachGoFile(t, func(path string, file *ast.File) {
		path = filepath.ToSlash(path)
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.SelectorExpr:
				meet(path, nameOf(n))
			case *ast.BasicLit:
				meet(path, n.Value)
			case *ast.CompositeLit:
				if of, ok := n.Type.(*ast.SelectorExpr); ok && nameOf(of) == "engine.Options" {
					engines++
					if !slices.ContainsFunc(n.Elts, func(e ast.Expr) bool { return e.(*ast.KeyValueExpr).Key.(*ast.Ident).Name == "How" }) {
						t.Errorf("%s makes an engine that is not told how to work", path)
					}
				}
			}
			return true
		})
	})
	for word, home := range homes {
		if home != nil && !used[word] {
			t.Errorf("nothing has %s any more", word)
		}
	}
	if engines < 2 {
		t.Errorf("only %d engines looked at", engines)
	}
}

// nameOf is a selector as it is written, "runtime.NumCPU"; empty where it is of no plain name.
func nameOf(s *ast.SelectorExpr) string {
	if of, ok := s.X.(*ast.Ident); ok {
		return of.Name + "." + s.Sel.Name
	}
	return ""
}

// TestHintsSuitTheirReader holds that only the commands speak of flags and of the checkout: everybody else's hints are read
// in the window too.
func TestHintsSuitTheirReader(t *testing.T) {
	ours := regexp.MustCompile(`\bmake (engine|starter|app|build|run|deps)\b|(^|[\s(])--[a-z]`)
	others := regexp.MustCompile(`--(merge|gpus|device)\b`) // of other programs
	eachGoFile(t, func(path string, file *ast.File) {
		if strings.HasPrefix(filepath.ToSlash(path), "../app/cli/") {
			return
		}
		ast.Inspect(file, func(n ast.Node) bool {
			text, ok := n.(*ast.BasicLit)
			if ok && text.Kind == token.STRING && strings.HasSuffix(strings.Trim(text.Value, "`\""), ".") {
				if found := ours.FindString(others.ReplaceAllString(text.Value, "")); found != "" {
					t.Errorf("%s says %q in %s: put the hint for a terminal into app/cli/hints.go", path, found, text.Value)
				}
			}
			return true
		})
	})
}

// eachGoFile parses every file of ours that is no test.
func eachGoFile(t *testing.T, look func(path string, file *ast.File)) {
	t.Helper()
	err := filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() && (entry.Name() == "node_modules" || entry.Name() == ".git" || entry.Name() == "cache") {
			return cmp.Or(err, fs.SkipDir)
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err == nil {
			look(path, file)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestWrongArrowsAreFound(t *testing.T) {
	for _, arrow := range [][2]string{
		{"weightroom/hardware", "weightroom/backend"},
		{"weightroom/backend/testdrive", "weightroom/backend/engine"},
		{"weightroom/backend/store", "weightroom/backend/chat"},
		{"weightroom/backend/store", "weightroom/app"},
		{"weightroom/backend/fsys", "weightroom/backend/store"},
		{"weightroom/backend/store", "golang.org/x/sys/unix"},
		{"weightroom/backend", "go.etcd.io/bbolt"},
		{"weightroom/backend/library", "weightroom/backend/download/web"},
		{"weightroom/app/cli", "weightroom/backend/download/source"},
		{"weightroom/backend/download/web", "weightroom/backend/download/transfer"},
		{"weightroom/backend/download/source", "weightroom/backend/download/transfer"},
		{"weightroom/backend/download/transfer", "weightroom/backend/download/source"},
		{"weightroom/backend/download/transfer", "weightroom/backend/download"},
		{"weightroom/app", "github.com/ollama/ollama/api"},
		{"weightroom/app/core", "weightroom/app"},
		{"weightroom/app/core", "github.com/wailsapp/wails/v2/pkg/runtime"},
		{"weightroom/app/core/models", "weightroom/app"},
		{"weightroom/app/core/models", "weightroom/app/core"},
		{"weightroom/app/core/advice", "weightroom/app/core/compare"},
		{"weightroom/app/cli", "github.com/wailsapp/wails/v2/pkg/runtime"},
		{"weightroom/app", "weightroom/backend/library/layout"},
		{"weightroom/app/core", "weightroom/backend/library/layout"},
		{"weightroom/backend/lab", "weightroom/backend/library/layout"},
	} {
		if wrong(arrow[0], arrow[1]) == "" {
			t.Errorf("%s may import %s", arrow[0], arrow[1])
		}
	}
	for _, arrow := range [][2]string{
		{"weightroom/backend/library", "weightroom/backend/gguf"},
		{"weightroom/backend/library", "weightroom/backend/fsys"},
		{"weightroom/backend/library/scan", "weightroom/backend/library/layout"},
		{"weightroom/backend/fsys", "golang.org/x/sys/unix"},
		{"weightroom/backend/testdrive", "weightroom/backend/gguf"},
		{"weightroom/backend/store", "weightroom/backend"},
		{"weightroom/app", "weightroom/backend/store"},
		{"weightroom/app", "weightroom/backend/download/web"},
		{"weightroom/app/cli", "weightroom/backend/download"},
		{"weightroom/backend/download", "weightroom/backend/download/transfer"},
		{"weightroom/backend/download/source", "weightroom/backend/download/web"},
		{"weightroom/app/cli", "weightroom/app"},
		{"weightroom/app/cli", "weightroom/app/core"},
		{"weightroom/app/core", "weightroom/app/core/compare"},
		{"weightroom/app/core/compare", "weightroom/app/core/advice"},
		{"weightroom/app", "github.com/wailsapp/wails/v2/pkg/runtime"},
	} {
		if reason := wrong(arrow[0], arrow[1]); reason != "" {
			t.Errorf("%s may not import %s: %s", arrow[0], arrow[1], reason)
		}
	}
}

// TestPageMayNotFrame holds what keeps a frame from reaching the bound methods: Wails v2.16 on Linux listens to every
// frame, so there must never be one.
func TestPageMayNotFrame(t *testing.T) {
	index, err := os.ReadFile("../frontend/index.html")
	if err != nil {
		t.Fatal(err)
	}
	for _, directive := range []string{"default-src 'none'", "script-src 'self'", "connect-src 'self'", "frame-src 'none'", "base-uri 'none'", "form-action 'none'"} {
		if !strings.Contains(string(index), directive) {
			t.Errorf("the page's policy lacks %s", directive)
		}
	}
	err = filepath.WalkDir("../frontend/src", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.Contains(path, ".test.") {
			return err
		}
		text, err := os.ReadFile(path)
		if strings.Contains(string(text), "<iframe") || strings.Contains(string(text), "createElement('iframe'") {
			t.Errorf("%s makes a frame", path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestOnlyDownloadsConnect holds that the network is reached from one place: backend/download/web/client.go, which asks
// for a purpose and writes the ledger. The engine's own package speaks to its socket.
func TestOnlyDownloadsConnect(t *testing.T) {
	network := regexp.MustCompile(`http\.(Client|Transport)\{|http\.(Get|Post|PostForm|Head)\(|http\.Default(Client|Transport)|net\.Dial|net\.Dialer\{|\.DialContext\(|tls\.Dial|remote\.(Get|Head|Image|Write|Put)\(`)
	seen := 0
	err := filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() && (entry.Name() == "node_modules" || entry.Name() == ".git") {
			return cmp.Or(err, fs.SkipDir)
		}
		path = filepath.ToSlash(path)
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || strings.Contains(path, "test/") {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		seen++
		imports := strings.Contains(string(text), `"net/http"`)
		switch {
		case strings.HasPrefix(path, "../backend/engine/"):
		case strings.HasPrefix(path, "../backend/download/") && strings.Count(path, "/") > 3: // not the queue
			if path != "../backend/download/web/client.go" {
				if found := network.FindString(string(text)); found != "" {
					t.Errorf("%s uses %s: only web/client.go there makes connections", path, found)
				}
			}
		case imports:
			t.Errorf("%s imports net/http: only downloads and the engine's socket may", path)
		case strings.Contains(network.FindString(string(text)), "net.Dial") && !strings.Contains(string(text), `"unix"`):
			t.Errorf("%s dials: only downloads may", path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if seen < 100 {
		t.Errorf("only %d files looked at", seen)
	}
}

// TestShippedPageHasNoStandIn looks for the stand-in's own words in what is built into the app.
func TestShippedPageHasNoStandIn(t *testing.T) {
	const dist, words = "../frontend/dist", "/home/mara"
	if _, err := os.Stat(filepath.Join(dist, "index.html")); err != nil {
		t.Skip("the page is not built")
	}
	holds := func(root string) (found []string) {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			text, err := os.ReadFile(path)
			if strings.Contains(string(text), words) {
				found = append(found, path)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	if len(holds("../frontend/src/bridge/fake")) == 0 {
		t.Fatalf("the stand-in no longer says %s; look for something else that it says", words)
	}
	if found := holds(dist); len(found) > 0 {
		t.Errorf("the page that is shipped has the stand-in in it: %v", found)
	}
}
