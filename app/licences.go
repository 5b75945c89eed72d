package app

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

// mustAccept says whether a download may begin only after a yes: the licence is known or given, and is not an open
// source one, which asks nothing of who only uses it. Where nothing is known there is nothing to agree to.
func (i identity) mustAccept() bool {
	if i.Terms.OpenSource == catalog.Yes {
		return false
	}
	return i.Text != "" || i.Licence.Name != "" && !i.Licence.OpenSource && i.Terms.ID != ""
}

// licenceKey names the terms themselves, so that one yes counts for all models under the same.
func (i identity) licenceKey() string {
	if i.Terms.ID != "" && i.Terms.ID != "unknown" {
		return i.Terms.ID
	}
	if i.Text != "" {
		return fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(i.Text)))
	}
	return i.Licence.Name
}

func (c *Core) accepted(ctx context.Context) map[string]acceptance {
	all := map[string]acceptance{}
	if _, err := c.History.Get(ctx, acceptedKey, &all); err != nil {
		slog.Warn("accepted licences not read", "error", err)
	}
	return all
}

// accept keeps that the person agreed to the terms of a model, and gives when.
func (c *Core) accept(ctx context.Context, i identity) (time.Time, error) {
	all := c.accepted(ctx)
	now := time.Now()
	all[i.licenceKey()] = acceptance{At: now.UnixMilli(), Licence: i.Licence.Name, Ref: i.Ref}
	return now, c.History.Put(ctx, acceptedKey, all)
}

// agreed says since when the terms are agreed to, or why the download can't begin without.
func (c *Core) agreed(ctx context.Context, i identity, yes bool) (time.Time, error) {
	if !i.mustAccept() {
		return time.Time{}, nil
	}
	if before, ok := c.accepted(ctx)[i.licenceKey()]; ok {
		return time.UnixMilli(before.At), nil
	}
	if yes {
		return c.accept(ctx, i)
	}
	name := i.Licence.Name
	if name == "" {
		name = "its own licence"
	}
	return time.Time{}, backend.Fail(backend.CodeLicence, nil, i.Name+" comes under "+name+", which has to be accepted first.",
		"Read it, then add --accept-licence, or accept it on the Discover page.")
}

// answersOf puts terms into questions and answers.
func answersOf(l catalog.Licence) []Answer {
	out := []Answer{}
	answer := func(question, text string) {
		if text != "" {
			out = append(out, Answer{question, text})
		}
	}
	answer("May I use it commercially?", l.MayISell)
	answer("Must I show a name?", l.MustIName)
	answer("Is there a limit on users or revenue?", l.UserLimit)
	answer("Is there an acceptable use policy?", l.UsePolicy)
	switch l.OpenSource {
	case catalog.Yes:
		answer("Is it open source?", "Yes, by the Open Source Initiative's definition.")
	case catalog.No:
		answer("Is it open source?", "No. The weights are open, but the licence is not open source by the Open Source Initiative's definition.")
	}
	for _, term := range l.OtherTerms {
		answer("What else?", term)
	}
	return out
}
