//go:build engine

package testdrive

import (
	"testing"
	"time"
)

// TestEngineDriveDeep drives models at 2,048 tokens with all their blocks and with as few as four seconds of reading allow,
// and prints how far the two are apart. A depth must cost something, whatever other programs do.
func TestEngineDriveDeep(t *testing.T) {
	for _, id := range []string{"qwen3-0.6b", "llama-3.2-1b", "gemma-3-1b"} {
		o := Options{
			Run: engineTool(t), Dir: t.TempDir(), Header: planned(t, id, "Q4_K_M"), Model: id, FreeBytes: freeMemory(t), Depth: 2048, Reading: time.Minute,
		}
		whole, err := Drive(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		o.Reading = 4 * time.Second
		short, err := Drive(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		a, b := whole.Deep, short.Deep
		t.Logf("%-14s writes %5.1f, after %d tokens %5.1f ±%.0f%% in %.0f s; with fewer blocks %5.1f, after %d tokens %5.1f ±%.0f%% in %.0f s: %+.0f%% written, %+.0f%% read", id,
			whole.TokensPerSecond, a.Depth, a.TokensPerSecond, 100*a.Spread, whole.Seconds, short.TokensPerSecond, b.Depth, b.TokensPerSecond, 100*b.Spread, short.Seconds,
			100*(b.TokensPerSecond/a.TokensPerSecond-1), 100*(b.PromptTokensPerSecond/a.PromptTokensPerSecond-1))
		if a.Depth != 2048 || b.Depth < leastDepth || a.TokensPerSecond > whole.TokensPerSecond || a.PromptTokensPerSecond <= 0 || whole.KV != "f16" {
			t.Errorf("%+v, %+v", whole, short)
		}
	}
}
