package engine

import (
	"path/filepath"
	"testing"
)

func TestThePromptIsCountedByTheEnginesOwnWords(t *testing.T) {
	var p promptCounts
	log := openLog(filepath.Join(t.TempDir(), "engine.log"))
	defer log.Close()
	log.heard = p.hear
	say := func(words string) {
		if _, err := log.Write([]byte(words)); err != nil {
			t.Fatal(err)
		}
	}
	say("slot operator(): id  0 | task 0 | new prompt, n_ctx_slot = 4096, n_keep = 4, task.n_tokens = 7\n")
	first, done := p.ask()
	if first.Load() != 0 {
		t.Errorf("%d before it was said", first.Load())
	}
	say("slot launch_slot_: id  0 | task 1 | processing task, is_child = 0\nslot operator(): id  0 | task 1 | new prompt, n_ctx_slot = 4096, n_k")
	say("eep = 4, task.n_tokens = 871\nslot operator(): id  0 | task 1 | cached n_tokens = 0, memory_seq_rm [0, end)\n")
	if first.Load() != 871 {
		t.Errorf("%d, said in two pieces", first.Load())
	}
	second, alsoDone := p.ask()
	say("slot operator(): id  0 | task 2 | new prompt, n_ctx_slot = 4096, n_keep = 4, task.n_tokens = 12\n")
	if first.Load() != 871 || second.Load() != 0 {
		t.Errorf("%d and %d, and nobody knows whose prompt it was", first.Load(), second.Load())
	}
	done()
	say("slot operator(): id  0 | task 3 | new prompt, n_ctx_slot = 4096, n_keep = 4, task.n_tokens = 33\n")
	alsoDone()
	if second.Load() != 33 || len(p.asked) != 0 {
		t.Errorf("%d, %d wait", second.Load(), len(p.asked))
	}
}
