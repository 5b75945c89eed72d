package lab

import (
	"context"
	_ "embed"
	"os"
	"path/filepath"
	"time"

	"weightroom/backend"
)

// The text on which an engine is held against an earlier one, and how much of it: 128 predictions of words, which take a
// few seconds and a file of about 250 bytes for each word of the vocabulary.
const (
	agreeContext = 128
	agreeChunks  = 2
)

//go:embed agree.txt
var agreeText []byte

// Stamp is what an answer depends on besides the weights.
type Stamp struct {
	Engine  string    `json:"engine"`  // version
	Machine string    `json:"machine"` // see hardware.RunKey
	At      time.Time `json:"at"`
}

func (s Stamp) same(o Stamp) bool { return s.Engine == o.Engine && s.Machine == o.Machine }

// Agreement is how far the same weights give the same words as before a change of engine or machine.
type Agreement struct {
	Model        string   `json:"model"` // reference
	Before       Stamp    `json:"before"`
	Now          Stamp    `json:"now"`
	KLDivergence Estimate `json:"klDivergence"` // mean, in nats
	SameTopToken Estimate `json:"sameTopToken"` // share of positions at which the likeliest next word is the same
}

// Same reports whether no difference can be told from none.
func (a Agreement) Same() bool {
	return a.KLDivergence.Value < KLFloor && a.SameTopToken.Value == 1
}

// agreed is what is stored between two changes.
type agreed struct {
	Digest string     `json:"digest"` // of the weights
	Stamp  Stamp      `json:"stamp"`  // of the kept probabilities
	Last   *Agreement `json:"last"`   // nil: nothing has changed since the first time
}

const agreeKey = "lab/agreement"

// Agreements tell whether an engine still answers as before. They share the lab's turn, tools and folder.
type Agreements struct{ lab *Lab }

// NewAgreements makes them. Nothing is read yet.
func NewAgreements(l *Lab) *Agreements { return &Agreements{l} }

// Last returns what the last change of engine or machine did to the answers. False: there has been none.
func (a *Agreements) Last(ctx context.Context) (Agreement, bool) {
	var kept agreed
	if _, err := a.lab.o.Store.Get(ctx, agreeKey, &kept); err != nil || kept.Last == nil {
		return Agreement{}, false
	}
	return *kept.Last, true
}

// Unchecked reports whether the answers of a model have not been looked at with this engine on this machine.
func (a *Agreements) Unchecked(ctx context.Context, m backend.Model, now Stamp) bool {
	var kept agreed
	_, err := a.lab.o.Store.Get(ctx, agreeKey, &kept)
	return err == nil && (kept.Digest != m.Digest || !kept.Stamp.same(now) || !a.hasBase())
}

// Check holds the probabilities of a model against those that were kept under the last engine and machine, and
// keeps its own in their place. The first time, and with other weights, they are only kept.
func (a *Agreements) Check(ctx context.Context, m backend.Model, now Stamp, report func(float64)) error {
	end, err := a.lab.busy()
	if err != nil {
		return err
	}
	defer end()
	var kept agreed
	if _, err := a.lab.o.Store.Get(ctx, agreeKey, &kept); err != nil {
		return err
	}
	s := Settings{TextContext: agreeContext, TextChunks: agreeChunks}
	var last *Agreement
	if kept.Digest == m.Digest {
		last = kept.Last
		if a.hasBase() && !kept.Stamp.same(now) {
			q, err := a.lab.compareWith(ctx, baseline{path: a.base(), chunks: agreeChunks}, Rival{Model: m}, s, report)
			if err != nil {
				return err
			}
			last = &Agreement{Model: m.Ref, Before: kept.Stamp, Now: now, KLDivergence: q.KLDivergence, SameTopToken: q.SameTopToken}
		}
	}
	if err := a.keepBase(ctx, m, s, report); err != nil {
		return err
	}
	return a.lab.o.Store.Put(ctx, agreeKey, agreed{Digest: m.Digest, Stamp: now, Last: last})
}

func (a *Agreements) base() string { return filepath.Join(a.lab.o.Dir, "agreement.base") }

func (a *Agreements) hasBase() bool {
	info, err := os.Stat(a.base())
	return err == nil && info.Size() > 0
}

// keepBase writes the probabilities beside the kept ones and puts them in their place when they are whole.
func (a *Agreements) keepBase(ctx context.Context, m backend.Model, s Settings, report func(float64)) error {
	header, err := sourceHeader(m)
	if err != nil {
		return err
	}
	dir, remove, err := a.lab.temporary()
	if err != nil {
		return err
	}
	defer remove()
	text, base := filepath.Join(dir, "text"), filepath.Join(dir, "base")
	if err := os.WriteFile(text, agreeText, 0o600); err != nil {
		return onDisk(err)
	}
	if _, err := a.lab.base(ctx, m, header, text, base, s, report); err != nil {
		return err
	}
	return onDisk(os.Rename(base, a.base()))
}
