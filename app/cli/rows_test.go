package cli

import (
	"encoding/json"
	"os"
	"reflect"
	"testing"
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
