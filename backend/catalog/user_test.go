package catalog

import (
	"encoding/json"
	"errors"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"weightroom/backend"
)

const goodEntry = `{"id": "mine-1b", "name": "Mine 1B", "family": "Mine", "licence": "mit", "context": 4096, "params": 1000000000,
	"uses": ["chat"], "architecture": "llama", "quants": [{"name": "Q8_0", "bytes": 1063000000}],
	"blueprint": {"architecture": "llama", "hyper": {"n_layer": 16, "tied": true, "n_head_kv": [8, 8]}}}`

func folder(files map[string]string) fstest.MapFS {
	dir := fstest.MapFS{}
	for name, text := range files {
		dir[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return dir
}

func TestOwnEntriesJoinTheCatalog(t *testing.T) {
	c := load(t)
	second := strings.Replace(goodEntry, "mine-1b", "mine-2b", 1)
	with, problems := c.LoadUser(folder(map[string]string{"a.json": goodEntry, "b.JSON": "[" + second + "]", "note.txt": "{", "empty.json": "[]", "sub/c.json": "{"}))
	if len(problems) > 0 {
		t.Fatalf("%+v", problems)
	}
	if len(with.Models()) != wantModels+2 || len(c.Models()) != wantModels {
		t.Errorf("%d models, and %d in the catalog that was there before", len(with.Models()), len(c.Models()))
	}
	m := get(t, with, "mine-1b")
	if !m.User || !m.Runs || m.Line != "Mine" || m.Licence.Name != "MIT License" || m.Verified != VerifiedRecalled || m.Quants[0].Source != SizeUser || m.Blueprint == nil {
		t.Errorf("%+v", m)
	}
	if _, leaked := c.Model("mine-1b"); leaked {
		t.Error("the first catalog changed")
	}
	if f, err := with.Resolve("mine-2b:q8_0"); err != nil || f.Quant != "Q8_0" {
		t.Errorf("%+v, %v", f, err)
	}
}

func TestBrokenEntriesSayWhatToDo(t *testing.T) {
	c := load(t)
	change := func(old, new string) string {
		if !strings.Contains(goodEntry, old) {
			t.Fatalf("no %q", old)
		}
		return strings.Replace(goodEntry, old, new, 1)
	}
	for _, tt := range []struct{ name, text, want string }{
		{"not JSON", `{"id": "x",, }`, "line 1 is not JSON"},
		{"cut short", goodEntry[:len(goodEntry)-5], "ends too early"},
		{"nothing", "", "there is nothing"},
		{"a number", "7", "number on line 1"},
		{"text after it", goodEntry + "\n" + goodEntry, "line 4 has more text"},
		{"null in a list", "[null]", "null"},
		{"unknown field", change(`"family"`, `"famly"`), `unknown field "famly"`},
		{"wrong kind", change(`4096`, `"4096"`), `the field "context" on line 1 is a string`},
		{"fraction", change(`1063000000`, `1.5`), `"quants.bytes"`},
		{"negative bytes", change(`1063000000`, `-1`), `"quants[0].bytes" is -1`},
		{"absurd bytes", change(`1063000000`, `900000000000000000`), `"quants[0].bytes" is 900000000000000000`},
		{"beyond a number", change(`1063000000`, `90000000000000000000000`), `"quants.bytes"`},
		{"bytes that cannot be its own", change(`1063000000`, `1063`), "0.0 bits for each"},
		{"unknown quant", change(`Q8_0`, `Q9_X`), `"quants[0].name" is "Q9_X"`},
		{"duplicate quant", change(`[{"name"`, `[{"name": "Q8_0", "bytes": 1063000000}, {"name"`), "lists Q8_0 twice"},
		{"context 0", change(`4096`, `0`), `"context" is 0`},
		{"negative context", change(`4096`, `-5`), `"context" is -5`},
		{"absurd parameters", change(`1000000000`, `99999999999999999`), `"params" is 99999999999999999`},
		{"id of the catalog", change(`mine-1b`, `llama-3.1-8b`), "another entry has already"},
		{"id twice in a file", "[" + goodEntry + "," + goodEntry + "]", `"[1].id"`},
		{"bad id", change(`mine-1b`, `../x`), `"id" is "../x"`},
		{"no name", change(`"Mine 1B"`, `" "`), `"name" is empty`},
		{"unknown licence", change(`"mit"`, `"my own"`), `"licence" is "my own"`},
		{"unknown use", change(`"chat"`, `"cooking"`), `"uses[0]" is "cooking"`},
		{"no quants", change(`[{"name": "Q8_0", "bytes": 1063000000}]`, `[]`), `"quants" is empty`},
		{"control characters", change(`Mine 1B`, `Mine\u0007`), `"name" holds characters`},
		{"blueprint of texts", change(`16`, `"16"`), `"blueprint.hyper.n_layer"`},
		{"day", change(`"params"`, `"released": "soon", "params"`), `"released" is "soon"`},
		{"address for a repository", change(`"params"`, `"repos": [{"name": "https://example.org/a/b"}], "params"`), `"repos[0].name"`},
		{"path out of a repository", change(`"params"`, `"repos": [{"name": "a/b", "files": [{"name": "../../x", "source": "me"}]}], "params"`), `"repos[0].files[0].name"`},
		{"digest", change(`"params"`, `"ollama": {"library": "a", "tags": [{"name": "a:b", "sha256": "zz"}]}, "params"`), `"ollama.tags[0].sha256"`},
		{"more experts used than there are", change(`"params"`, `"experts": {"count": 4, "used": 9}, "params"`), `"experts.used" is 9`},
		{"too large", goodEntry + strings.Repeat(" ", maxUserFile), "more than 1 MB"},
		{"deep nesting", strings.Repeat("[", 20000), "is not JSON"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			other := strings.Replace(goodEntry, "mine-1b", "other", 1)
			with, problems := c.LoadUser(folder(map[string]string{"broken.json": tt.text, "zz.json": other}))
			if len(problems) != 1 {
				t.Fatalf("%d problems", len(problems))
			}
			p := problems[0]
			if !strings.Contains(p.Message, tt.want) || !strings.Contains(p.Message, `"broken.json"`) || p.Hint == "" || p.Code != backend.CodeInvalid {
				t.Errorf("%s: %s %s", p.Code, p.Message, p.Hint)
			}
			if strings.Contains(p.Message, "\n") || len(p.Message) > 600 {
				t.Errorf("not one sentence: %q", p.Message)
			}
			if len(with.Models()) != wantModels+1 {
				t.Errorf("%d models: the good file was not read, or the broken one was", len(with.Models()))
			}
		})
	}
}

func TestAFolderThatCannotBeRead(t *testing.T) {
	c := load(t)
	if with, problems := c.LoadUser(fstest.MapFS{}); len(problems) > 0 || len(with.Models()) != wantModels {
		t.Errorf("%+v", problems)
	}
	if _, problems := c.LoadUser(failing{fs.ErrNotExist}); len(problems) > 0 {
		t.Errorf("a folder that is not there: %+v", problems)
	}
	if _, problems := c.LoadUser(failing{fs.ErrPermission}); len(problems) != 1 || problems[0].Code != backend.CodeDisk {
		t.Errorf("%+v", problems)
	}
	many := map[string]string{}
	for i := range maxUserFiles + 1 {
		many[strings.Repeat("a", i/26)+string(rune('a'+i%26))+".json"] = "[]"
	}
	if _, problems := c.LoadUser(folder(many)); len(problems) != 1 || problems[0].Code != backend.CodeTooBig {
		t.Errorf("%+v", problems)
	}
}

type failing struct{ err error }

func (f failing) Open(string) (fs.File, error)          { return nil, f.err }
func (f failing) ReadDir(string) ([]fs.DirEntry, error) { return nil, f.err }

func FuzzLoadUser(f *testing.F) {
	c := load(f)
	for _, seed := range []string{goodEntry, "[" + goodEntry + "]", "[]", "{}", "null", `{"id": "x", "quants": [{"bytes": 9e99}]}`, "\ufeff[{}]"} {
		f.Add([]byte(seed))
	}
	for _, id := range []string{"llama-4-scout", "gemma-4-26b-a4b", "bge-m3"} {
		raw, err := json.Marshal(get(f, c, id))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		with, problems := c.LoadUser(fstest.MapFS{"f.json": &fstest.MapFile{Data: raw}})
		added := with.Models()[wantModels:]
		if len(problems) > 1 || len(problems) == 1 && len(added) > 0 {
			t.Fatalf("%d problems, %d entries", len(problems), len(added))
		}
		for _, p := range problems {
			var e *backend.Error
			if !errors.As(error(p), &e) || p.Code == backend.CodeInternal || p.Message == "" || p.Hint == "" || len(p.Message) > 4000 {
				t.Fatalf("%+v", p)
			}
		}
		for _, m := range added {
			for _, use := range []Use{UseChat, UseVision} {
				if s, ok := with.Score(m, use); ok && !(s.Value >= 0 && s.Value <= 100 && s.Low <= s.Value && s.Value <= s.High) {
					t.Fatalf("%+v", s)
				}
			}
			for _, q := range m.Quants {
				if ok, _ := with.CanHave(m, q.Name); m.FileBytes(q) <= 0 || !ok && m.Runs && q.Name[:2] != "TQ" && m.Quants[0].Name != "MXFP4" && q.Name != "MXFP4" {
					t.Fatalf("%s at %s", m.ID, q.Name)
				}
			}
			if bytes, _ := m.CacheBytes(m.Context, 16); bytes < 0 {
				t.Fatalf("%d bytes of cache", bytes)
			}
			with.Find(m.Name)
			if found, err := with.Resolve(m.ID); err != nil && m.Runs || err == nil && found.Model == nil {
				t.Fatalf("%s: %v", m.ID, err)
			}
		}
	})
}
