package cli

import (
	"context"
	"encoding/binary"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"weightroom/app/core"
	"weightroom/backend/gguf/gguftest"
	"weightroom/backend/platform"
)

// TestMain makes the test binary stand for the app, so that scripts can run it.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"weightroom": func() { os.Exit(Main(context.Background(), os.Args[1:], os.DirFS("."))) },
	})
}

func TestCommands(t *testing.T) {
	t.Parallel()
	params := testscript.Params{
		Dir: "testdata",
		Setup: func(env *testscript.Env) error {
			env.Setenv("WEIGHTROOM_DATA", filepath.Join(env.WorkDir, "data"))
			env.Setenv("DISPLAY", "")
			env.Setenv("WAYLAND_DISPLAY", "")
			env.Setenv("XDG_CACHE_HOME", filepath.Join(env.WorkDir, "cache"))
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"code": exitCode,
			"gguf": writeGGUF,
		},
	}
	testscript.Run(t, params)
	t.Run("beside a window", func(t *testing.T) { testscript.Run(t, besideOwner(params)) })
}

// besideOwner runs scripts while another process has the data folder.
func besideOwner(p testscript.Params) testscript.Params {
	setup := p.Setup
	p.Setup = func(env *testscript.Env) error { return errors.Join(setup(env), owner(env)) }
	return p
}

// owner has the data folder of a script, as an open window has.
func owner(env *testscript.Env) error {
	folders, err := platform.Resolve(env.Getenv("WEIGHTROOM_DATA"))
	if err != nil {
		return err
	}
	if err := folders.Make(); err != nil {
		return err
	}
	ctx, end := context.WithCancel(context.Background())
	instance, _, err := platform.Acquire(ctx, folders.Data, platform.Request{})
	if err != nil {
		end()
		return err
	}
	c, err := core.Open(ctx, core.OpenOptions{Folders: folders, History: true})
	if err != nil {
		end()
		return errors.Join(err, instance.Close())
	}
	go instance.Serve(func(r platform.Request) platform.Reply {
		return serve(ctx, func() (*core.Core, error) { return c, nil }, r)
	})
	env.Defer(func() {
		end()
		_ = instance.Close()
		_ = c.Close()
	})
	return nil
}

// exitCode runs a command and compares its exit code: code 2 weightroom bla.
func exitCode(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	if err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("%v did not exit: %v", args[1:], err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("%v exited with %d, not %d", args[1:], got, want)
	}
}

// writeGGUF writes a broken model file: gguf KIND FILE.
func writeGGUF(ts *testscript.TestScript, _ bool, args []string) {
	header := func(tensors, keys uint64) []byte {
		b := []byte("GGUF")
		b = binary.LittleEndian.AppendUint32(b, 3)
		b = binary.LittleEndian.AppendUint64(b, tensors)
		return binary.LittleEndian.AppendUint64(b, keys)
	}
	var data []byte
	switch args[0] {
	case "absurd":
		data = header(1<<60, 1<<60)
	case "truncated":
		data = header(1, 1)[:20]
	case "empty":
	case "small":
		data = gguftest.Small(7).Bytes()
	case "smaller": // another quant of small
		other := gguftest.Small(8)
		other.Set("general.file_type", uint32(3))
		data = other.Bytes()
	default:
		ts.Fatalf("no kind %s", args[0])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), data, 0o600))
}
