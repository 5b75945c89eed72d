package source

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/zalando/go-keyring"

	"weightroom/backend"
)

// Secret is what a person gave for one host: a token alone, or a name and a password.
type Secret struct {
	User     string `json:"user,omitempty"`
	Password string `json:"password"`
}

// Secrets keeps what a person gave, by host ("huggingface.co"). Nothing of it is ever logged or in a file of ours.
type Secrets interface {
	// Get returns the zero Secret where there is none.
	Get(ctx context.Context, host string) (Secret, error)
	Set(ctx context.Context, host string, s Secret) error
	Delete(ctx context.Context, host string) error
}

type noSecrets struct{}

func (noSecrets) Get(context.Context, string) (Secret, error) { return Secret{}, nil }
func (noSecrets) Set(context.Context, string, Secret) error   { return noKeyring(nil) }
func (noSecrets) Delete(context.Context, string) error        { return nil }

// Keyring keeps secrets in the system's own keyring: the login keychain of macOS, the credential manager of Windows,
// the secret service of Linux desktops. The environment's HF_TOKEN, where it is set, stands in for a token of
// huggingface.co, for machines without a keyring.
type Keyring struct{}

const (
	keyringService = "Weightroom"
	keyringWait    = 5 * time.Second // a locked keyring asks the person, who may be elsewhere
	hubHost        = "huggingface.co"
)

// Get implements Secrets. A machine without a keyring has no secrets, which is no error.
func (Keyring) Get(ctx context.Context, host string) (Secret, error) {
	if token := os.Getenv("HF_TOKEN"); token != "" && host == hubHost {
		return Secret{Password: token}, nil
	}
	text, err := inTime(ctx, func() (string, error) { return keyring.Get(keyringService, host) })
	if err != nil {
		return Secret{}, nil //nolint:nilerr // none there, or no keyring: both mean that nothing can be sent
	}
	var s Secret
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		return Secret{}, nil //nolint:nilerr // not ours
	}
	return s, nil
}

// Set implements Secrets. Its error is no_keyring where this system has none.
func (Keyring) Set(ctx context.Context, host string, s Secret) error {
	text, err := json.Marshal(s) //nolint:gosec // for the keyring, and nowhere else
	if err != nil {
		return err
	}
	if _, err = inTime(ctx, func() (string, error) { return "", keyring.Set(keyringService, host, string(text)) }); err != nil {
		return noKeyring(err)
	}
	return nil
}

// Delete implements Secrets. To delete what is not there is no error.
func (Keyring) Delete(ctx context.Context, host string) error {
	_, err := inTime(ctx, func() (string, error) { return "", keyring.Delete(keyringService, host) })
	if err != nil && !errors.Is(err, keyring.ErrNotFound) {
		return noKeyring(err)
	}
	return nil
}

// Available reports whether this system has a keyring that answers.
func (Keyring) Available(ctx context.Context) bool {
	_, err := inTime(ctx, func() (string, error) { return keyring.Get(keyringService, "nobody") })
	return err == nil || errors.Is(err, keyring.ErrNotFound)
}

// WithDockerLogins adds the logins that Docker and Podman keep ("docker login"), for registries that s knows nothing
// of. They are only read.
func WithDockerLogins(s Secrets) Secrets { return dockerLogins{s} }

type dockerLogins struct{ Secrets }

// Get implements Secrets.
func (d dockerLogins) Get(ctx context.Context, host string) (Secret, error) {
	if s, err := d.Secrets.Get(ctx, host); err != nil || s.Password != "" || host == hubHost {
		return s, err
	}
	registry, err := name.NewRegistry(host)
	if err != nil {
		return Secret{}, nil //nolint:nilerr // no registry has a login
	}
	s, err := inTime(ctx, func() (Secret, error) { // it may start a credential helper
		a, err := authn.DefaultKeychain.Resolve(registry)
		if err != nil {
			return Secret{}, err
		}
		login, err := a.Authorization()
		if err != nil {
			return Secret{}, err
		}
		return Secret{User: login.Username, Password: login.Password}, nil
	})
	if err != nil {
		return Secret{}, nil //nolint:nilerr // a login that can't be read is none
	}
	return s, nil
}

// inTime calls f, which can't be cancelled, and gives up on it with ctx or after a while.
func inTime[T any](ctx context.Context, f func() (T, error)) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, keyringWait)
	defer cancel()
	type result struct {
		value T
		err   error
	}
	done := make(chan result, 1)
	go func() {
		value, err := f()
		done <- result{value, err}
	}()
	select {
	case r := <-done:
		return r.value, r.err
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
}

func noKeyring(cause error) error {
	return backend.Fail(backend.CodeNoKeyring, cause, "This system has no keyring that would keep the token safely, so it was not stored.",
		"Start the system's keyring (on Linux: GNOME Keyring or KWallet), or set HF_TOKEN in the environment.")
}
