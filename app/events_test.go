package app

import (
	"bytes"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write what is generated from this package anew")

// pageEvents is the page's copy of the events: names, payloads, and the list that it subscribes to.
const pageEvents = "../frontend/src/bridge/events.gen.ts"

func TestPageEvents(t *testing.T) {
	want := eventsTS(t)
	if *update {
		if err := os.WriteFile(pageEvents, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(pageEvents)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(have, want) {
		t.Errorf("%s is not what events.go says. Run 'go generate ./app' and commit the result.", pageEvents)
	}
}

// TestEveryEventIsListed holds the constants, what is sent, and the list together.
func TestEveryEventIsListed(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	payloads := map[string]string{}
	for _, e := range eventPayloads() {
		payloads[e.name] = reflect.TypeOf(e.payload).Name()
	}
	names, sent := map[string]string{}, 0 // constant to name
	for pass := range 2 {
		for _, path := range files {
			f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(f, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.ValueSpec:
					if path == "events.go" && pass == 0 && len(n.Values) == 1 {
						names[n.Names[0].Name] = strings.Trim(n.Values[0].(*ast.BasicLit).Value, `"`)
					}
				case *ast.CallExpr:
					if constant, payload := emitted(n); pass == 1 && payload != "" {
						sent++
						if want := payloads[names[constant]]; want != payload {
							t.Errorf("%s: %s is sent with %s; the list says %q", path, constant, payload, want)
						}
					}
				}
				return true
			})
		}
	}
	for constant, name := range names {
		if payloads[name] == "" {
			t.Errorf("%s is not in eventPayloads, so the page would never hear %s", constant, name)
		}
	}
	if len(names) != len(payloads) || sent < 10 {
		t.Errorf("%d events, %d payloads, %d places that send", len(names), len(payloads), sent)
	}
}

// emitted returns the constant and the payload's type of a call like w.emit(EventX, Payload{...}); empty: it is another.
func emitted(call *ast.CallExpr) (constant, payload string) {
	method, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || method.Sel.Name != "emit" || len(call.Args) != 2 {
		return "", ""
	}
	event, ok := call.Args[0].(*ast.Ident)
	if !ok {
		return "", ""
	}
	literal, ok := call.Args[1].(*ast.CompositeLit)
	if !ok {
		return "", ""
	}
	name, ok := literal.Type.(*ast.Ident)
	if !ok {
		return "", ""
	}
	return event.Name, name.Name
}

func eventsTS(t *testing.T) []byte {
	var b bytes.Buffer
	b.WriteString("// Generated from app/events.go by 'go generate ./app'. Do not edit.\n")
	written := map[string]bool{}
	for _, e := range eventPayloads() {
		interfaceTS(t, &b, reflect.TypeOf(e.payload), written)
	}
	b.WriteString("\n/** The events by name, each with its payload as the window sends it. */\nexport interface Payloads {\n")
	for _, e := range eventPayloads() {
		fmt.Fprintf(&b, "  '%s': %s\n", e.name, reflect.TypeOf(e.payload).Name())
	}
	b.WriteString("}\n\nexport const eventNames = [\n")
	for _, e := range eventPayloads() {
		fmt.Fprintf(&b, "  '%s',\n", e.name)
	}
	b.WriteString("] as const satisfies readonly (keyof Payloads)[]\n")
	return b.Bytes()
}

// interfaceTS writes a struct as a TypeScript interface, after those that it holds.
func interfaceTS(t *testing.T, b *bytes.Buffer, s reflect.Type, written map[string]bool) {
	if written[s.Name()] {
		return
	}
	written[s.Name()] = true
	var fields strings.Builder
	for field := range s.Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		fmt.Fprintf(&fields, "  %s: %s\n", name, typeTS(t, b, field.Type, written))
	}
	fmt.Fprintf(b, "\nexport interface %s {\n%s}\n", s.Name(), fields.String())
}

func typeTS(t *testing.T, b *bytes.Buffer, of reflect.Type, written map[string]bool) string {
	switch of.Kind() {
	case reflect.String:
		return "string"
	case reflect.Bool:
		return "boolean"
	case reflect.Int, reflect.Int64, reflect.Float64:
		return "number"
	case reflect.Slice:
		return typeTS(t, b, of.Elem(), written) + "[]"
	case reflect.Struct:
		interfaceTS(t, b, of, written)
		return of.Name()
	default:
		t.Fatalf("a payload holds a %s, which has no type on the page yet", of)
		return ""
	}
}
