package web

import "context"

// PurposeKind says in a word why a connection is made.
type PurposeKind string

// The purposes of connections. There is no other reason to make one.
const (
	PurposeDownload PurposeKind = "download" // of the weights of a model
	PurposeLookup   PurposeKind = "lookup"   // what a reference offers, before a download
	PurposeHeader   PurposeKind = "header"   // the header of a file alone
	PurposeSearch   PurposeKind = "search"
)

// Purpose is why a connection is made: what a person asked for.
type Purpose struct {
	Kind PurposeKind `json:"kind"`
	Of   string      `json:"of"` // the reference, or what was searched for
}

type purposeKey struct{}

// WithPurpose says what the connections that ctx reaches are for. Without it none is made. A purpose that ctx has
// already stays: what is looked up during a download is part of it.
func WithPurpose(ctx context.Context, kind PurposeKind, of string) context.Context {
	if _, ok := PurposeOf(ctx); ok {
		return ctx
	}
	return context.WithValue(ctx, purposeKey{}, Purpose{kind, of})
}

// PurposeOf returns the purpose of ctx; ok is false when it has none.
func PurposeOf(ctx context.Context) (p Purpose, ok bool) {
	p, ok = ctx.Value(purposeKey{}).(Purpose)
	return p, ok && p.Kind != ""
}
