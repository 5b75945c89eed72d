package app

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"runtime/debug"

	"weightroom/app/core"
	"weightroom/backend"
)

// withCore runs one bound method with the open Core, or fails with why there is none.
func withCore[T any](h *host, method string, f func(ctx context.Context, c *core.Core) (T, error)) (T, error) {
	return call(method, func() (T, error) {
		c, err := h.Core()
		if err != nil {
			var none T
			return none, err
		}
		return f(h.ctx, c)
	})
}

// doCore is withCore for methods that return nothing.
func doCore(h *host, method string, f func(ctx context.Context, c *core.Core) error) error {
	_, err := withCore(h, method, func(ctx context.Context, c *core.Core) (struct{}, error) { return struct{}{}, f(ctx, c) })
	return err
}

// call runs one bound method: a panic becomes an error, because a promise would stay pending for ever otherwise, and
// every error becomes one that a person can read.
func call[T any](method string, f func() (T, error)) (result T, err error) {
	defer func() {
		if r := recover(); r != nil {
			slog.Error("bound method panicked", "method", method, "panic", fmt.Sprint(r), "stack", string(debug.Stack()))
			err = backend.Readable(fmt.Errorf("panic in %s", method))
		}
	}()
	result, err = f()
	if err != nil {
		slog.Warn("bound method failed", "method", method, "error", err)
		return result, backend.Readable(err)
	}
	return result, nil
}

// do is call for methods that return nothing.
func do(method string, f func() error) error {
	_, err := call(method, func() (struct{}, error) { return struct{}{}, f() })
	return err
}

// FormatError is Wails' error formatter. The page gets a JSON string, because Wails turns an object into
// "[object Object]".
func FormatError(err error) any {
	text, marshalErr := json.Marshal(backend.Readable(err))
	if marshalErr != nil {
		return err.Error()
	}
	return string(text)
}
