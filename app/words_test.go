package app

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"
)

// retiredNames are words that once stood in names here and told a newcomer nothing; beside each, what is said now.
// The glossary of backend/doc.go has the words that are used.
var retiredNames = map[string]string{
	"shelf": "candidates, or the library", "stranger": "external", "strangers": "header cache", "subject": "target, or SpeedInput",
	"heed": "apply a blind test", "contest": "utility", "beaten": "dominated", "besides": "side by side", "foresee": "check the space",
	"glance": "quick check", "readopt": "republish", "known0": "medianOrUnknown", "strings0": "nonNil", "point2": "writeMovedNotes",
	"stem2": "splitStem",
}

// retiredTexts are phrases that once stood on the page or in an answer; beside each, what is said now.
var retiredTexts = map[string]string{
	"context memory": "KV cache", "same choice": "same top token", "second-hand": "requantized", "the sums": "cost calculator",
	"is no more in": "is no longer in", "makes no sense": "what is allowed", "gone on with": "continue", "endless": "amounts of zero or more",
	"reckon": "calculate", "read oddly": "may be garbled", "does the thinking": "writes the answers", "weighing the models": "ranking models",
	"make the pair": "create model with adapter", "as it was when it came": "is intact", "could give the same so far": "could be chance",
}

// TestNamesAreTheFieldsOwn walks every name that is declared in a program file, and every doc comment of an exported function.
func TestNamesAreTheFieldsOwn(t *testing.T) {
	seen := 0
	goFiles(t, func(path string, file *ast.File) {
		for _, name := range declared(file) {
			seen++
			for _, word := range wordsOf(name) {
				if say := retiredNames[word]; say != "" {
					t.Errorf("%s declares %s: say %s", path, name, say)
				}
			}
		}
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || f.Doc == nil || !f.Name.IsExported() || !answers(f) {
				continue
			}
			rest, ok := strings.CutPrefix(f.Doc.Text(), f.Name.Name+" ")
			if ok && (strings.HasPrefix(rest, "gives ") || strings.HasPrefix(rest, "says whether ")) {
				t.Errorf("%s: the doc of %s: say “returns” or “reports whether”", path, f.Name.Name)
			}
		}
	})
	if seen < 5000 {
		t.Errorf("only %d names looked at", seen)
	}
}

// TestTextsAreTheFieldsOwn walks every string of the program files, and all the page's text.
func TestTextsAreTheFieldsOwn(t *testing.T) {
	seen := 0
	look := func(path, text string) {
		seen++
		for phrase, say := range retiredTexts {
			if strings.Contains(strings.ToLower(text), phrase) {
				t.Errorf("%s: %q: say %s", path, text, say)
			}
		}
	}
	goFiles(t, func(path string, file *ast.File) {
		ast.Inspect(file, func(n ast.Node) bool {
			if l, ok := n.(*ast.BasicLit); ok && l.Kind == token.STRING {
				look(path, l.Value)
			}
			return true
		})
	})
	quoted := regexp.MustCompile("'[^'\n]*'|\"[^\"\n]*\"|`[^`]*`")
	texts, err := filepath.Glob("../frontend/src/text/*.ts")
	if err != nil || len(texts) < 8 {
		t.Fatalf("%d files of the page's text, %v", len(texts), err)
	}
	for _, path := range texts {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range quoted.FindAllString(string(text), -1) {
			look(path, s)
		}
	}
	if seen < 5000 {
		t.Errorf("only %d texts looked at", seen)
	}
}

func TestRetiredWordsAreFound(t *testing.T) {
	for name, want := range map[string]string{"strangerOf": "stranger", "labSubject": "subject", "point2": "point2"} {
		found := false
		for _, word := range wordsOf(name) {
			found = found || word == want && retiredNames[word] != ""
		}
		if !found {
			t.Errorf("%s passes: %v", name, wordsOf(name))
		}
	}
}

// goFiles calls look with every program file of ours.
func goFiles(t *testing.T, look func(path string, file *ast.File)) {
	t.Helper()
	err := filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && (entry.Name() == "node_modules" || len(entry.Name()) > 1 && strings.HasPrefix(entry.Name(), ".") && entry.Name() != "..") {
			return fs.SkipDir
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments)
		if err == nil {
			look(filepath.ToSlash(path), file)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// answers reports whether a function returns more than an error.
func answers(f *ast.FuncDecl) bool {
	if f.Type.Results == nil {
		return false
	}
	first, ok := f.Type.Results.List[0].Type.(*ast.Ident)
	return !ok || first.Name != "error"
}

// declared returns the names that a file declares: of types, functions, fields, constants, variables and parameters.
func declared(file *ast.File) (names []string) {
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			names = append(names, n.Name.Name)
		case *ast.TypeSpec:
			names = append(names, n.Name.Name)
		case *ast.Field:
			for _, name := range n.Names {
				names = append(names, name.Name)
			}
		case *ast.ValueSpec:
			for _, name := range n.Names {
				names = append(names, name.Name)
			}
		case *ast.AssignStmt:
			for _, left := range n.Lhs {
				if name, ok := left.(*ast.Ident); ok && n.Tok == token.DEFINE {
					names = append(names, name.Name)
				}
			}
		}
		return true
	})
	return names
}

// wordsOf returns the words of a name in camel case, in lower case, and the whole name.
func wordsOf(name string) []string {
	var spaced strings.Builder
	for i, r := range name {
		if i > 0 && unicode.IsUpper(r) {
			spaced.WriteByte(' ')
		}
		spaced.WriteRune(unicode.ToLower(r))
	}
	return append(strings.Fields(spaced.String()), strings.ToLower(name))
}
