package transfer

import (
	"crypto/sha256"
	"encoding"
	"hash"
)

// hashSaved is how many bytes are hashed between two saves of the hash's state.
const hashSaved = 64 << 20

// inOrder is the hash of the whole file as far as its first pieces are good. Its caller locks, but for write.
type inOrder struct {
	h      hash.Hash
	pieces int // hashed so far
	bytes  int64
	epoch  int // grows with each reset
}

func (o *inOrder) reset() {
	o.h, o.pieces, o.bytes = sha256.New(), 0, 0
	o.epoch++
}

// restore takes up a saved hash when the pieces it has seen are all still there. They are doubtful: whoever finds one
// bad must reset.
func (o *inOrder) restore(s saved, p *plan) {
	o.reset()
	n := int(s.hashed / p.piece)
	if s.hash == nil || s.hashed < 1 || s.hashed > p.size || n*int(p.piece) != int(s.hashed) && s.hashed != p.size {
		return
	}
	if s.hashed == p.size {
		n = len(p.state)
	}
	for i := range n {
		if p.state[i] != doubtful {
			return
		}
	}
	if u, ok := o.h.(encoding.BinaryUnmarshaler); ok && u.UnmarshalBinary(s.hash) == nil {
		o.pieces, o.bytes = n, s.hashed
	} else {
		o.h = sha256.New()
	}
}

// saved returns what restore takes.
func (o *inOrder) saved() (int64, []byte) {
	m, ok := o.h.(encoding.BinaryMarshaler)
	if !ok || o.bytes == 0 {
		return 0, nil
	}
	state, err := m.MarshalBinary()
	if err != nil {
		return 0, nil
	}
	return o.bytes, state
}

func (o *inOrder) digest() string { return digestOf(o.h.Sum(nil)) }
