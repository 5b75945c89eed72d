package models

import (
	"context"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"time"

	"weightroom/backend"
	"weightroom/backend/catalog"
)

const acceptedKey = "licences/accepted"

// acceptance is a licence that the person has agreed to.
type acceptance struct {
	At      int64  `json:"at"` // milliseconds since 1970
	Licence string `json:"licence"`
	Ref     string `json:"ref"` // of the model that it was accepted for
}

// mustAccept reports whether a download may begin only after a yes: the licence is known or given, and is not an open
// source one, which asks nothing of who only uses it. Where nothing is known there is nothing to agree to.
func (r resolved) mustAccept() bool {
	if r.terms.OpenSource == catalog.Yes {
		return false
	}
	return r.text != "" || r.Licence.Name != "" && !r.Licence.OpenSource && r.terms.ID != ""
}

// licenceKey names the terms themselves, so that one yes counts for all models under the same.
func (r resolved) licenceKey() string {
	if r.terms.ID != "" && r.terms.ID != "unknown" {
		return r.terms.ID
	}
	if r.text != "" {
		return fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(r.text)))
	}
	return r.Licence.Name
}

func (d *Downloads) accepted(ctx context.Context) map[string]acceptance {
	all := map[string]acceptance{}
	if _, err := d.opts.History.Get(ctx, acceptedKey, &all); err != nil {
		slog.Warn("accepted licences not read", "error", err)
	}
	return all
}

// accept keeps that the person agreed to the terms of a model, and returns when.
func (d *Downloads) accept(ctx context.Context, r resolved) (time.Time, error) {
	all, now := map[string]acceptance{}, time.Now()
	return now, d.opts.History.Update(ctx, acceptedKey, &all, func() error {
		all[r.licenceKey()] = acceptance{At: now.UnixMilli(), Licence: r.Licence.Name, Ref: r.Ref}
		return nil
	})
}

// agreed returns since when the terms are agreed to, or why the download can't begin without.
func (d *Downloads) agreed(ctx context.Context, r resolved, yes bool) (time.Time, error) {
	if !r.mustAccept() {
		return time.Time{}, nil
	}
	if before, ok := d.accepted(ctx)[r.licenceKey()]; ok {
		return time.UnixMilli(before.At), nil
	}
	if yes {
		return d.accept(ctx, r)
	}
	name := r.Licence.Name
	if name == "" {
		name = "its own licence"
	}
	return time.Time{}, backend.Fail(backend.CodeLicence, nil, r.Name+" comes under "+name+", which has to be accepted first.",
		"Read it and accept it on the Discover page.")
}
