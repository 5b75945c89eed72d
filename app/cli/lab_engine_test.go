//go:build engine && linux

package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// bin is the built app; lab runs it on a data folder of its own and reads its JSON.
func bin(t *testing.T) string {
	t.Helper()
	path, err := filepath.Abs("../../build/bin/weightroom")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("%v: run make app first", err)
	}
	return path
}

func command(t *testing.T, data string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(context.Background(), bin(t), append(args, "--json", "--data", data)...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return cmd
}

func runJSON(t *testing.T, v any, data string, args ...string) (exit int, stderr string) {
	t.Helper()
	cmd := command(t, data, args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	if v != nil {
		if jsonErr := json.Unmarshal(out.Bytes(), v); jsonErr != nil {
			t.Fatalf("%v: %v: %s%s", args, jsonErr, out.String(), errs.String())
		}
	}
	if err != nil {
		return cmd.ProcessState.ExitCode(), errs.String()
	}
	return 0, errs.String()
}

type listed struct {
	Models []struct {
		Ref, Source string
		SecondHand  bool
		Bytes       int64
		FallBacks   []struct{ Tensor, Wanted, Got string }
	}
}

func refsIn(t *testing.T, data string) []string {
	t.Helper()
	var m listed
	if exit, errs := runJSON(t, &m, data, "models"); exit != 0 {
		t.Fatal(errs)
	}
	var refs []string
	for _, x := range m.Models {
		refs = append(refs, x.Ref)
	}
	return refs
}

func leftovers(data string) []string {
	left, _ := filepath.Glob(filepath.Join(data, "lab", "lab-tmp-*"))
	blobs, _ := filepath.Glob(filepath.Join(data, "models", "blobs", ".import-*"))
	return append(left, blobs...)
}

// evaluation writes a text of a few thousand words that is not all the same.
func evaluation(t *testing.T) string {
	t.Helper()
	words := strings.Fields("the a lighthouse keeper writes every evening what she saw from gallery ships under which flag wind turned sea stood on steps fog came how long horn sound she counts birds that rest rail notes colour of sky before storm and keeps list lamps coast tell apart by their rhythm")
	random := rand.New(rand.NewPCG(1, 2))
	var b strings.Builder
	for i := range 3000 {
		b.WriteString(words[random.IntN(len(words))])
		b.WriteString([]string{" ", " ", " ", ", ", ". "}[i%5])
	}
	path := filepath.Join(t.TempDir(), "text.txt")
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestEngineLabMakesAndComparesQuants(t *testing.T) {
	data := t.TempDir()
	var made listed
	if exit, errs := runJSON(t, &made, data, "lab", "quantize", "smollm2-135m", "--to", "F16"); exit != 0 || !made.Models[0].SecondHand {
		t.Fatalf("%+v %s", made, errs)
	}
	var plan listed
	if exit, errs := runJSON(t, &plan, data, "lab", "quantize", "smollm2-135m:F16", "--plan", "--to", "Q4_K_M"); exit != 0 {
		t.Fatal(errs)
	}
	if exit, errs := runJSON(t, &made, data, "lab", "quantize", "smollm2-135m:F16", "--to", "Q4_K_M"); exit != 0 {
		t.Fatal(errs)
	}
	m := made.Models[0]
	if m.Ref != "smollm2-135m:Q4_K_M" || len(m.FallBacks) != 180 || m.FallBacks[0].Wanted != "Q4_K" {
		t.Errorf("%s, %d tensors fall back", m.Ref, len(m.FallBacks))
	}
	if off := float64(plan.Models[0].Bytes)/float64(m.Bytes) - 1; off > 0.001 || off < -0.001 {
		t.Errorf("%d bytes predicted, %d made", plan.Models[0].Bytes, m.Bytes)
	}

	text := evaluation(t)
	var c struct {
		Reference string
		State     string
		Rows      []struct {
			Ref, Quant, KV                         string
			Bytes, PeakMemoryBytes                 int64
			LoadSeconds, TimeToFirstTokenSeconds   float64
			TokensPerSecond, PromptTokensPerSecond float64
			Perplexity, KLDivergence, SameTopToken *float64
			Quality                                struct{ KLD99 float64 }
			Memory                                 struct{ AnonymousBytes, EngineBytes int64 }
			Energy                                 struct{ Missing string }
			JoulesPerToken                         *float64
		}
	}
	exit, errs := runJSON(t, &c, data, "lab", "compare", "smollm2-135m:F16", "smollm2-135m:Q4_K_M", "--text", text,
		"--chunks", "3", "--chunk-tokens", "256", "--rounds", "1", "--prompt", "128", "--depth", "0", "--generate", "12", "--context", "1024")
	if exit != 0 || c.State != "done" || c.Reference != "smollm2-135m:F16" || len(c.Rows) != 2 {
		t.Fatalf("exit %d, %s: %+v", exit, errs, c)
	}
	for _, r := range c.Rows {
		if r.LoadSeconds <= 0 || r.TokensPerSecond <= 0 || r.PromptTokensPerSecond <= 0 || r.TimeToFirstTokenSeconds <= 0 || r.PeakMemoryBytes < r.Bytes ||
			r.Memory.AnonymousBytes < r.Bytes/2 || r.Memory.EngineBytes == 0 || r.KV != "f16" || (r.JoulesPerToken == nil) == (r.Energy.Missing == "") {
			t.Errorf("%+v", r)
		}
	}
	t.Run("with llama-perplexity's own figures", func(t *testing.T) {
		lib := "../../build/lib/ollama/"
		blob := func(ref string) string {
			var shown struct{ Models []struct{ Digest string } }
			runJSON(t, &shown, data, "models", "show", ref)
			return filepath.Join(data, "models", "blobs", strings.Replace(shown.Models[0].Digest, ":", "-", 1))
		}
		base := filepath.Join(t.TempDir(), "base.kld")
		one, err := exec.Command(lib+"llama-perplexity", "-m", blob("smollm2-135m:F16"), "-f", text, "-c", "256", "--chunks", "3", "--kl-divergence-base", base).CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, one)
		}
		two, err := exec.Command(lib+"llama-perplexity", "-m", blob("smollm2-135m:Q4_K_M"), "-c", "256", "--chunks", "3", "--kl-divergence-base", base, "--kl-divergence").Output()
		if err != nil {
			t.Fatal(err)
		}
		same := func(out []byte, pattern, got string) {
			t.Helper()
			m := regexp.MustCompile(pattern).FindSubmatch(out)
			if m == nil || string(m[1]) != got {
				t.Errorf("%s: llama-perplexity says %s, the lab %s", pattern, m, got)
			}
		}
		same(one, `Final estimate: PPL = ([\d.]+)`, fmt.Sprintf("%.4f", *c.Rows[0].Perplexity))
		same(two, `Mean PPL\(Q\) +: +([\d.]+)`, fmt.Sprintf("%.6f", *c.Rows[1].Perplexity))
		same(two, `Mean +KLD: +([\d.]+)`, fmt.Sprintf("%.6f", *c.Rows[1].KLDivergence))
		same(two, `99.0% +KLD: +([\d.]+)`, fmt.Sprintf("%.6f", c.Rows[1].Quality.KLD99))
		same(two, `Same top p: +([\d.]+)`, fmt.Sprintf("%.3f", 100**c.Rows[1].SameTopToken))
	})
	if left := leftovers(data); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	t.Run("an interrupted comparison is kept as cancelled", func(t *testing.T) {
		cmd := command(t, data, "lab", "compare", "smollm2-135m:F16", "smollm2-135m:Q4_K_M", "--text", text, "--chunks", "3", "--chunk-tokens", "256", "--rounds", "20")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Second)
		begin := time.Now()
		_ = cmd.Process.Signal(os.Interrupt)
		if err := cmd.Wait(); err == nil || cmd.ProcessState.ExitCode() != 1 || time.Since(begin) > 30*time.Second {
			t.Errorf("%v after %v", err, time.Since(begin))
		}
		var list struct {
			Comparisons []struct{ State string }
		}
		runJSON(t, &list, data, "lab", "list")
		if len(list.Comparisons) != 2 || list.Comparisons[0].State != "cancelled" {
			t.Errorf("%+v", list)
		}
		if left := leftovers(data); len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
	})
}

func TestEngineKilledQuantizeLeavesNoModel(t *testing.T) {
	data := t.TempDir()
	refsBefore := []string{"smollm2-135m:Q4_1"}
	if exit, errs := runJSON(t, &listed{}, data, "lab", "quantize", "smollm2-135m", "--plan", "--to", "F16"); exit != 0 {
		t.Fatal(errs)
	}
	seen := 0
	for i := range 8 {
		cmd := command(t, data, "lab", "quantize", "smollm2-135m", "--to", "F16")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(100+200*i) * time.Millisecond)
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		_ = cmd.Wait()
		if len(leftovers(data)) > 0 {
			seen++
		}
		refs := refsIn(t, data)
		switch {
		case len(refs) == 1 && refs[0] == refsBefore[0]:
		case len(refs) == 2: // it was done already: whole, or it would not be listed
			var bad struct{ OK bool }
			if exit, _ := runJSON(t, &bad, data, "models", "verify"); exit != 0 || !bad.OK {
				t.Errorf("kill %d left a model that is not whole", i)
			}
			if exit, errs := runJSON(t, nil, data, "models", "rm", "smollm2-135m:F16"); exit != 0 {
				t.Fatal(errs)
			}
		default:
			t.Errorf("kill %d: the library has %v", i, refs)
		}
	}
	t.Logf("%d of 8 kills left files behind until the next start", seen)
	if exit, errs := runJSON(t, &listed{}, data, "lab", "quantize", "smollm2-135m", "--plan", "--to", "F16"); exit != 0 {
		t.Fatal(errs)
	}
	if left := leftovers(data); len(left) > 0 {
		t.Errorf("the next start left %v", left)
	}
}

func TestEngineDiskThatFillsUpLeavesNoModel(t *testing.T) {
	data := t.TempDir()
	if err := exec.Command("mount", "-t", "tmpfs", "-o", "size=600m", "tmpfs", data).Run(); err != nil {
		t.Skip("no file system can be mounted here")
	}
	defer func() { _ = exec.Command("umount", "-l", data).Run() }()
	if exit, errs := runJSON(t, &listed{}, data, "lab", "quantize", "smollm2-135m", "--plan", "--to", "F16"); exit != 0 {
		t.Fatal(errs)
	}
	stop, filled := make(chan struct{}), make(chan bool, 1)
	go func() { // as soon as the new file grows, somebody else takes the rest of the disk
		for {
			select {
			case <-stop:
				filled <- false
				return
			case <-time.After(time.Millisecond):
			}
			path, _ := filepath.Glob(filepath.Join(data, "lab", "lab-tmp-*", "model.gguf"))
			if len(path) == 0 {
				continue
			}
			if info, err := os.Stat(path[0]); err == nil && info.Size() > 1<<20 {
				filler, err := os.Create(filepath.Join(data, "filler"))
				for chunk := make([]byte, 4<<20); err == nil; {
					_, err = filler.Write(chunk)
				}
				filled <- errors.Is(err, syscall.ENOSPC)
				return
			}
		}
	}()
	var said struct {
		Error struct{ Code, Message string }
	}
	exit, errs := runJSON(t, &said, data, "lab", "quantize", "smollm2-135m", "--to", "F16")
	close(stop)
	if !<-filled {
		t.Skip("the disk could not be filled in time")
	}
	if exit != 1 || said.Error.Code != "disk_full" {
		t.Errorf("exit %d, %+v, %s", exit, said, errs)
	}
	if refs := refsIn(t, data); len(refs) != 1 {
		t.Errorf("the library has %v", refs)
	}
	if left := leftovers(data); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}
