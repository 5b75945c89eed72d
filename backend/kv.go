package backend

import "context"

// KV keeps small documents by key, as JSON. backend/store's History is one.
type KV interface {
	// Get reads the document at key into v; found is false where there is none.
	Get(ctx context.Context, key string, v any) (found bool, err error)
	Put(ctx context.Context, key string, v any) error
}
