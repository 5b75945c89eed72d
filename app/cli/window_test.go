package cli

import (
	"context"
	"strings"
	"testing"

	"weightroom/app/core"
	"weightroom/backend"
	"weightroom/backend/platform"
)

func TestACommandThatAWindowStoppedSaysSo(t *testing.T) {
	t.Parallel()
	folders, err := platform.Resolve(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	c, err := core.Open(t.Context(), core.OpenOptions{Folders: folders, History: true})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	ctx, end := context.WithCancelCause(t.Context())
	end(backend.Fail(backend.CodeCancelled, nil, "The window was closed.", "Again."))
	for _, args := range [][]string{{"chats", "list"}, {"lab", "compare", "a", "b"}, {"testdrive", "qwen3-4b"}, {"models"}} {
		r := serve(ctx, func() (*core.Core, error) { return c, nil }, platform.Request{Args: args})
		if r.Exit != exitFailed || strings.TrimSpace(r.Stderr) != "The window was closed.\nAgain." {
			t.Errorf("%v: %+v", args, r)
		}
	}
}
