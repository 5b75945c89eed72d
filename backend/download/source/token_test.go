package source

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"weightroom/backend"
	"weightroom/backend/download/downloadtest"
	"weightroom/backend/leaktest"
)

// keyringChild runs inside a session with a real keyring.
func keyringChild([]string) error {
	ctx, k := context.Background(), Keyring{}
	if !k.Available(ctx) {
		return errors.New("no keyring answers")
	}
	if s, err := k.Get(ctx, "example.com"); err != nil || s != (Secret{}) {
		return fmt.Errorf("before: %v, %w", s, err)
	}
	want := Secret{User: "me", Password: "let me in, 張 庭"}
	if err := k.Set(ctx, "example.com", want); err != nil {
		return err
	}
	if err := k.Set(ctx, hubHost, Secret{Password: "hf_x"}); err != nil {
		return err
	}
	if s, err := k.Get(ctx, "example.com"); err != nil || s != want {
		return fmt.Errorf("got %v, %w", s, err)
	}
	if s, _ := k.Get(ctx, hubHost); s.Password != "hf_x" {
		return fmt.Errorf("got %v", s)
	}
	for range 2 {
		if err := k.Delete(ctx, "example.com"); err != nil {
			return err
		}
	}
	if s, err := k.Get(ctx, "example.com"); err != nil || s != (Secret{}) {
		return fmt.Errorf("after: %v, %w", s, err)
	}
	return nil
}

// TestSecretsAreInTheSystemsKeyring runs a real GNOME Keyring in a session of its own, where there is one.
func TestSecretsAreInTheSystemsKeyring(t *testing.T) {
	for _, program := range []string{"dbus-run-session", "gnome-keyring-daemon"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skip(program + " is not installed; make deps-test installs it")
		}
	}
	home := t.TempDir()
	cmd := exec.Command("dbus-run-session", "--", "sh", "-c", `printf secret | gnome-keyring-daemon --unlock --components=secrets >/dev/null && exec "$0"`, os.Args[0])
	cmd.Env = append(os.Environ(), leaktest.RoleEnv+"=keyring", "HOME="+home, "XDG_DATA_HOME="+filepath.Join(home, "data"), "XDG_RUNTIME_DIR="+home, "XDG_CONFIG_HOME="+filepath.Join(home, "config"), "HF_TOKEN=")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	_ = filepath.WalkDir(home, func(path string, entry os.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() {
			if text, _ := os.ReadFile(path); strings.Contains(string(text), "let me in") || strings.Contains(string(text), "hf_x") {
				t.Errorf("%s holds the secret in the clear", path)
			}
		}
		return nil
	})
}

func TestNoKeyringIsSaidPlainly(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the keyring of this system can't be taken away")
	}
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path="+filepath.Join(t.TempDir(), "nothing"))
	t.Setenv("HF_TOKEN", "")
	ctx, k := context.Background(), Keyring{}
	if k.Available(ctx) {
		t.Fatal("a keyring answers where there is none")
	}
	if s, err := k.Get(ctx, hubHost); err != nil || s != (Secret{}) {
		t.Errorf("%v, %v", s, err)
	}
	err := k.Set(ctx, hubHost, Secret{Password: "hf_x"})
	if err == nil || downloadtest.Plainly(t, err) != backend.CodeNoKeyring || strings.Contains(err.Error(), "hf_x") {
		t.Errorf("%v", err)
	}
	t.Setenv("HF_TOKEN", "hf_env")
	if s, _ := k.Get(ctx, hubHost); s.Password != "hf_env" {
		t.Errorf("the environment's token: %v", s)
	}
	if s, _ := k.Get(ctx, "example.com"); s != (Secret{}) {
		t.Error("the hub's token is given to another host")
	}
}

func TestDockersLoginsAreReadAndNotChanged(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("DOCKER_CONFIG", dir)
	t.Setenv("HOME", dir)
	t.Setenv("XDG_RUNTIME_DIR", dir)
	path := filepath.Join(dir, "config.json")
	config := `{"auths":{"registry.example.com:5000":{"auth":"bWU6bGV0IG1lIGlu"},"https://index.docker.io/v1/":{"auth":"eW91OnB3"}}}`
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	ours := mapSecrets{"mine.example.com": {"a", "b"}}
	s := WithDockerLogins(ours)
	for host, want := range map[string]Secret{
		"registry.example.com:5000": {"me", "let me in"}, "index.docker.io": {"you", "pw"}, "mine.example.com": {"a", "b"}, "registry.example.com": {}, hubHost: {}, "a b": {},
	} {
		if got, err := s.Get(context.Background(), host); err != nil || got != want {
			t.Errorf("%s: %v, %v", host, got, err)
		}
	}
	if err := s.Set(context.Background(), "x", Secret{Password: "y"}); err != nil || ours["x"].Password != "y" {
		t.Errorf("%v", err)
	}
	if text, _ := os.ReadFile(path); string(text) != config {
		t.Error("Docker's file was changed")
	}
}
