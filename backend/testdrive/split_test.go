package testdrive

import (
	"bytes"
	"reflect"
	"testing"

	"weightroom/backend/gguf"
	"weightroom/backend/gguf/gguftest"
)

// TestASplitModelIsMeasuredAsAWhole takes the parts' headers joined, and refuses one part alone.
func TestASplitModelIsMeasuredAsAWhole(t *testing.T) {
	read := func(b []byte) *gguf.File {
		f, err := gguf.Read(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	var parts []*gguf.File
	for _, p := range gguftest.Split(gguftest.Small(1), 3) {
		parts = append(parts, read(p.Bytes()))
	}
	if _, err := FromFile(parts[0]); err == nil {
		t.Error("one part counts as a model")
	}
	joined, err := gguf.Join(parts)
	if err != nil {
		t.Fatal(err)
	}
	got, err := FromFile(joined)
	if err != nil {
		t.Fatal(err)
	}
	want, err := FromFile(read(gguftest.Small(1).Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got.File, want.File) {
		t.Error("a split model is measured as another one")
	}
}
