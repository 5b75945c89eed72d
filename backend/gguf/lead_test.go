package gguf_test

import (
	"bytes"
	"testing"

	"weightroom/backend/gguf"
	"weightroom/backend/gguf/gguftest"
)

func TestTheNameStandsInTheFirstBytes(t *testing.T) {
	t.Parallel()
	whole := gguftest.Small(1).Set("general.name", "Granite 3.3 2B").Bytes()
	for n := range len(whole) {
		if f := gguf.Lead(whole[:n]); f != nil && f.Name() != "" {
			if f.Name() != "Granite 3.3 2B" {
				t.Fatalf("of %d bytes the name is %q", n, f.Name())
			}
			return
		}
	}
	t.Fatal("the name is not found in the whole file either")
}

func TestOfWhatIsNoModelThereIsNoLead(t *testing.T) {
	t.Parallel()
	for _, head := range [][]byte{nil, []byte("GG"), []byte("<html>not found"), bytes.Repeat([]byte{0xff}, 64)} {
		if f := gguf.Lead(head); f != nil {
			t.Errorf("%q has a lead", head)
		}
	}
}
