package store

import (
	"crypto/rand"
	"encoding/binary"
	"sync"
	"time"
)

// idLength is the length of every id: 48 bits of milliseconds and 80 random ones in base 32.
const idLength = 26

// idAlphabet is Crockford's base 32: in ASCII order, so ids sort by time, and without I, L, O and U.
const idAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// idSource makes ids that sort by time and, within one process, in the order they were made.
type idSource struct {
	mu   sync.Mutex
	last [16]byte
}

func (s *idSource) next(now time.Time) string {
	var id [16]byte
	var ms [8]byte
	binary.BigEndian.PutUint64(ms[:], uint64(max(now.UnixMilli(), 0)))
	copy(id[:6], ms[2:])
	rand.Read(id[6:]) // crypto/rand.Read never fails

	s.mu.Lock()
	defer s.mu.Unlock()
	if string(id[:6]) <= string(s.last[:6]) { // same millisecond, or the clock went back
		id = s.last
		for i := len(id) - 1; i >= 0; i-- {
			id[i]++
			if id[i] != 0 {
				break
			}
		}
	}
	s.last = id
	return encodeID(id)
}

// encodeID writes 128 bits as 26 digits of 5 bits, the first of which holds only 3.
func encodeID(id [16]byte) string {
	hi, lo := binary.BigEndian.Uint64(id[:8]), binary.BigEndian.Uint64(id[8:])
	var out [idLength]byte
	for i := idLength - 1; i >= 0; i-- {
		out[i] = idAlphabet[lo&31]
		lo = lo>>5 | hi<<59
		hi >>= 5
	}
	return string(out[:])
}

// validID reports whether id could have been made here. Keys are built from ids, so nothing else may become one.
func validID(id string) bool {
	if len(id) != idLength || id[0] > '7' {
		return false
	}
	for i := range len(id) {
		c := id[i]
		switch {
		case c >= '0' && c <= '9':
		case c >= 'A' && c <= 'Z' && c != 'I' && c != 'L' && c != 'O' && c != 'U':
		default:
			return false
		}
	}
	return true
}
