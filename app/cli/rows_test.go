package cli

import (
	"bytes"
	"encoding/json"
	"os"
	"reflect"
	"strings"
	"testing"

	"weightroom/backend"
	"weightroom/backend/advisor"
)

// TestJSONKeepsItsKeys holds what scripts read: the keys of every object that commands print, with their types and order.
func TestJSONKeepsItsKeys(t *testing.T) {
	for name, v := range map[string]any{
		"machine": &machineRow{}, "problems": &[]problem{}, "download": &downloadRow{}, "ledger": &ledgerRow{}, "apps": &[]appRow{},
		"bits": &[]precisionRow{}, "assumptions": &costsRow{}, "month": &monthRow{}, "machines": &[]biggestRow{},
	} {
		t.Run(name, func(t *testing.T) {
			n := 0
			fill(reflect.ValueOf(v).Elem(), &n)
			got, err := json.MarshalIndent(v, "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			want, err := os.ReadFile("testdata/json/" + name + ".golden")
			if err != nil || string(want) != string(got)+"\n" {
				t.Errorf("%s\nis not what was promised:\n%s", got, want)
			}
		})
	}
}

// A speed of a run that other programs slowed down is marked in every table.
func TestDisturbedSpeedsAreMarked(t *testing.T) {
	var out, errs bytes.Buffer
	quant := advisor.QuantVerdict{Quant: "Q4_K_M", TokensPerSecond: 9, Source: backend.SourceTestDrive, Error: 0.62, Disturbed: true}
	if err := showQuants(&out, []advisor.QuantVerdict{quant}); err != nil {
		t.Fatal(err)
	}
	pick := advisor.Recommendation{TokensPerSecond: 9, Source: backend.SourceTestDrive, Error: 0.62, Disturbed: true}
	if err := (&session{stdout: &out, stderr: &errs}).showAdvice(advisor.Advice{Summary: "1 of 1 models fit.", Picks: []advisor.Recommendation{pick}}, 4); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "1 of 1 models fit. Of 3 more that are known there are no files to judge.") {
		t.Errorf("the models that were not judged are not counted:\n%s", out.String())
	}
	if n := strings.Count(out.String(), "test drive ±62%, disturbed"); n != 2 {
		t.Errorf("marked in %d of 2 tables:\n%s", n, out.String())
	}
}

// fill gives every field a value of its own.
func fill(v reflect.Value, n *int) {
	*n++
	switch v.Kind() {
	case reflect.String:
		v.SetString("s")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(*n))
	case reflect.Float64:
		v.SetFloat(float64(*n) + 0.5)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0), n)
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), n)
		}
	}
}

// Who reads a terminal learns how to have a model loaded that does not fit, and why free memory is not what the system says.
func TestATerminalSaysHowToLoadAnyway(t *testing.T) {
	if hint := forTerminal(backend.Fail(backend.CodeNoRoom, nil, "Too large.", "In the window.")).Hint; !strings.Contains(hint, "--anyway") || !strings.Contains(hint, "swap") {
		t.Error(hint)
	}
	var out bytes.Buffer
	s := &session{stdout: &out}
	s.describe(machineRow{Memory: memoryRow{TotalBytes: 64e9, AvailableBytes: 35e9, ZFSCacheBytes: 31e9, HostBytes: 35e9}})
	for _, want := range []string{"31.0 GB of it are held by ZFS' cache", "the machine around this container has no more"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in:\n%s", want, out.String())
		}
	}
}
