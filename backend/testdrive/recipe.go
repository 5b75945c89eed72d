package testdrive

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/vm"

	"weightroom/backend"
	"weightroom/backend/gguf"
)

//go:embed recipes.json
var recipesJSON []byte

// recipe says which keys and tensors an architecture has. recipes.json is written by build/catalog/blueprints.py.
type recipe struct {
	Keys    []keyRow    `json:"keys"`
	Blocks  []tensorRow `json:"blocks"`  // of every block, "blk.N." before the name
	Globals []tensorRow `json:"globals"` // once
}

// keyRow is [key, kind, expression]. A dot before the key: no architecture is put before it. A question mark before
// the expression: the key is left out where the value is zero or not given.
type keyRow struct {
	key, kind string
	anywhere  bool
	optional  bool
	symbol    string // the expression, where it is a symbol alone
	value     *vm.Program
}

// tensorRow is [name, shape expressions, condition]. No condition: always there.
type tensorRow struct {
	name  string
	shape []*vm.Program
	when  *vm.Program
}

// recipes parses and compiles the table once; it is not changed afterwards.
var recipes = sync.OnceValues(func() (map[string]recipe, error) {
	var table map[string]recipe
	if err := json.Unmarshal(recipesJSON, &table); err != nil {
		return nil, fmt.Errorf("recipes.json: %w", err)
	}
	return table, nil
})

// Architectures lists the architectures that Plan knows, sorted.
func Architectures() []string {
	table, _ := recipes()
	names := make([]string, 0, len(table))
	for name := range table {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func (k *keyRow) UnmarshalJSON(data []byte) error {
	var row [3]string
	if err := json.Unmarshal(data, &row); err != nil {
		return err
	}
	k.key, k.anywhere = strings.CutPrefix(row[0], ".")
	k.kind = row[1]
	text := row[2]
	text, k.optional = strings.CutPrefix(text, "?")
	if _, ok := symbols[text]; ok {
		k.symbol = text
	}
	var err error
	k.value, err = compile(text)
	return err
}

func (t *tensorRow) UnmarshalJSON(data []byte) error {
	var row []json.RawMessage
	if err := json.Unmarshal(data, &row); err != nil {
		return err
	}
	if len(row) < 2 {
		return fmt.Errorf("a tensor without a shape: %s", data)
	}
	var shape []string
	if err := json.Unmarshal(row[0], &t.name); err != nil {
		return err
	}
	if err := json.Unmarshal(row[1], &shape); err != nil {
		return err
	}
	for _, d := range shape {
		p, err := compile(d)
		if err != nil {
			return err
		}
		t.shape = append(t.shape, p)
	}
	if len(row) > 2 {
		var when string
		err := json.Unmarshal(row[2], &when)
		if err != nil {
			return err
		}
		t.when, err = compile(when)
		return err
	}
	return nil
}

func compile(text string) (*vm.Program, error) {
	p, err := expr.Compile(text, expr.Env(symbols),
		expr.Function("div", func(args ...any) (any, error) { return div(args[0].(int), args[1].(int)) }, div),
		expr.Function("list", func(args ...any) (any, error) { return list(args[0].(float64), args[1].(int)), nil }, list))
	if err != nil {
		return nil, fmt.Errorf("expression %q: %w", text, err)
	}
	return p, nil
}

// div is division of whole numbers, which the expressions lack.
func div(a, b int) (int, error) {
	if b == 0 {
		return 0, fmt.Errorf("division by zero")
	}
	return a / b, nil
}

func list(v float64, n int) []float64 { return slices.Repeat([]float64{v}, n) }

// metadata evaluates the keys. given says which symbols the blueprint has.
func (r recipe) metadata(arch string, s scope, given map[string]any) ([]gguf.KV, error) {
	out := []gguf.KV{
		{Key: "general.architecture", Value: arch},
		{Key: "general.type", Value: "model"},
		{Key: "general.alignment", Value: uint32(32)},
		{Key: arch + ".vocab_size", Value: uint32(s.int("V"))},
		{Key: arch + ".context_length", Value: uint32(s.int("C"))},
		{Key: arch + ".embedding_length", Value: uint32(s.int("D"))},
		{Key: arch + ".block_count", Value: uint32(s.int("L"))},
	}
	for _, k := range r.Keys {
		if _, ok := given[k.symbol]; k.symbol != "" && !ok && (k.optional || !derived(k.symbol)) {
			continue
		}
		v, err := expr.Run(k.value, map[string]any(s))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", k.key, err)
		}
		if k.symbol != "" && strings.HasSuffix(k.kind, "[]") { // where the blueprint has one number for all blocks
			v = s.list(k.symbol)
		}
		if k.optional && zero(v) {
			continue
		}
		value, err := typed(k.kind, v)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", k.key, err)
		}
		key := arch + "." + k.key
		if k.anywhere {
			key = k.key
		}
		out = append(out, gguf.KV{Key: key, Value: value})
	}
	return append(out, gguf.KV{Key: "tokenizer.ggml.model", Value: "none"}), nil
}

func zero(v any) bool {
	switch v := v.(type) {
	case int:
		return v == 0
	case float64:
		return v == 0
	case []int:
		return len(v) == 0
	}
	return false
}

// typed makes a metadata value of one of the kinds of a row: "u32", "u32|u32[]", "bool[]|u32" …
func typed(kinds string, v any) (any, error) {
	for kind := range strings.SplitSeq(kinds, "|") {
		if i := strings.IndexByte(kind, '['); i > 0 {
			kind = kind[:i] + "[]"
		}
		switch kind {
		case "u32":
			if n, ok := v.(int); ok && n >= 0 && n <= math.MaxUint32 {
				return uint32(n), nil
			}
		case "f32":
			switch n := v.(type) {
			case float64:
				return float32(n), nil
			case int:
				return float32(n), nil
			}
		case "bool":
			if b, ok := v.(bool); ok {
				return b, nil
			}
		case "str":
			if s, ok := v.(string); ok {
				return s, nil
			}
		case "u32[]", "i32[]":
			if n, ok := v.([]int); ok {
				values := make([]int32, len(n))
				for i := range n {
					values[i] = int32(n[i])
				}
				return gguf.Array{Kind: gguf.KindInt32, Len: int64(len(n)), Values: values}, nil
			}
		case "bool[]":
			if n, ok := v.([]int); ok {
				values := make([]bool, len(n))
				for i := range n {
					values[i] = n[i] != 0
				}
				return gguf.Array{Kind: gguf.KindBool, Len: int64(len(n)), Values: values}, nil
			}
		case "f32[]":
			if n, ok := v.([]float64); ok {
				values := make([]float32, len(n))
				for i := range n {
					values[i] = float32(n[i])
				}
				return gguf.Array{Kind: gguf.KindFloat32, Len: int64(len(n)), Values: values}, nil
			}
		}
	}
	return nil, fmt.Errorf("%v is no %s", v, kinds)
}

// shapes evaluates rows and leaves out those whose condition is false.
func shapes(rows []tensorRow, s scope) ([]gguf.Tensor, error) {
	var out []gguf.Tensor
	for _, row := range rows {
		if row.when != nil {
			v, err := expr.Run(row.when, map[string]any(s))
			if err != nil {
				return nil, fmt.Errorf("%s: %w", row.name, err)
			}
			if there, ok := v.(bool); !ok || !there {
				continue
			}
		}
		t := gguf.Tensor{Name: row.name}
		for _, d := range row.shape {
			v, err := expr.Run(d, map[string]any(s))
			if err != nil {
				return nil, fmt.Errorf("%s: %w", row.name, err)
			}
			n, ok := v.(int)
			if !ok || n < 1 {
				return nil, backend.Fail(backend.CodeInvalid, fmt.Errorf("%s has the size %v", row.name, v),
					"The facts about this model do not add up to a model.", "Pick another model, or correct its entry.")
			}
			t.Shape = append(t.Shape, int64(n))
		}
		out = append(out, t)
	}
	slices.SortStableFunc(out, func(a, b gguf.Tensor) int { return strings.Compare(a.Name, b.Name) })
	return out, nil
}
