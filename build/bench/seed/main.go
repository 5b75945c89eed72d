// Seed adds the chats of an export to the history of a data folder that no app has open: seed FOLDER < FILE.
package main

import (
	"context"
	"fmt"
	"os"

	"weightroom/backend/store"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: seed FOLDER < FILE")
		os.Exit(2)
	}
	if err := seed(context.Background(), os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "seed:", err)
		os.Exit(1)
	}
}

func seed(ctx context.Context, folder string) error {
	history, _, err := store.Open(ctx, folder, store.Options{})
	if err != nil {
		return err
	}
	if _, err := history.Import(ctx, os.Stdin); err != nil {
		history.Close() //nolint:errcheck // the first error is the one to tell
		return err
	}
	return history.Close()
}
