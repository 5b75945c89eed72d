// Weightless writes a model of the catalog without its weights: weightless ID:QUANT FILE. The engine runs it at its real
// speed with LLAMA_FILL_HOLES=1.
package main

import (
	"fmt"
	"os"

	"weightroom/backend"
	"weightroom/backend/catalog"
	"weightroom/backend/testdrive"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: weightless ID:QUANT FILE")
		os.Exit(2)
	}
	if err := write(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "weightless:", err)
		os.Exit(1)
	}
}

func write(ref, path string) error {
	all, err := catalog.Load()
	if err != nil {
		return err
	}
	id, quant := backend.SplitRef(ref)
	m, ok := all.Model(id)
	if !ok || m.Blueprint == nil {
		return fmt.Errorf("the catalog has no shape of %s", id)
	}
	header, err := testdrive.Plan(*m.Blueprint, quant)
	if err != nil {
		return err
	}
	_, err = testdrive.Write(path, header, 0)
	return err
}
