package transfer

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// The state of a transfer is a journal beside its partial file: records that are only ever appended, each with a
// checksum, so that a kill between any two bytes costs at most the last one. A damaged journal is believed up to the
// damage. It is synced never: after a power cut it may tell of pieces that did not reach the disk, which is why the
// pieces themselves are read and checked before they are trusted.
//
// A record is: kind (1 byte), length of its body (2 bytes, little endian), body, CRC-32C of all that (4 bytes).
const (
	recordAbout byte = 'A' // about, as JSON: always the first record
	recordPiece byte = 'P' // index and CRC-32C of a piece that was written, 4 bytes each
	recordHash  byte = 'H' // how many bytes are hashed (8 bytes), then the state of the hash
	recordDone  byte = 'D' // the digest of the whole file

	recordMost = 1 << 12 // a body is never longer
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// about says what a journal tells of. A journal about something else is of no use.
type about struct {
	Version int    `json:"version"`
	Digest  string `json:"digest,omitempty"`
	Bytes   int64  `json:"bytes"` // of the whole file; -1: not known
	Asked   int64  `json:"asked"` // Item.Bytes
	ETag    string `json:"etag,omitempty"`
	Piece   int64  `json:"piece"`
}

const stateVersion = 1

// saved is what a journal tells.
type saved struct {
	about  about
	pieces map[int]uint32 // checksum by index
	hashed int64
	hash   []byte
	digest string // of the whole file, when it was complete
}

// readState believes a journal as far as its records are sound.
func readState(path string) (saved, bool) {
	s := saved{pieces: map[int]uint32{}}
	f, err := os.Open(path)
	if err != nil {
		return s, false
	}
	defer func() { _ = f.Close() }()
	data, err := io.ReadAll(io.LimitReader(f, 64<<20)) // 65,536 pieces take 1 MiB
	if err != nil && len(data) == 0 {
		return s, false
	}
	for first := true; ; first = false {
		kind, body, n := nextRecord(data)
		if n == 0 || first != (kind == recordAbout) {
			return s, !first
		}
		data = data[n:]
		switch kind {
		case recordAbout:
			if json.Unmarshal(body, &s.about) != nil || s.about.Version != stateVersion || s.about.Piece < 1 {
				return s, false
			}
		case recordPiece:
			if len(body) == 8 {
				s.pieces[int(binary.LittleEndian.Uint32(body))] = binary.LittleEndian.Uint32(body[4:])
			}
		case recordHash:
			if len(body) > 8 {
				s.hashed, s.hash = int64(binary.LittleEndian.Uint64(body)), append([]byte(nil), body[8:]...)
			}
		case recordDone:
			s.digest = string(body)
		}
	}
}

// nextRecord splits off the first record; n is 0 when there is no sound one.
func nextRecord(data []byte) (kind byte, body []byte, n int) {
	if len(data) < 7 {
		return 0, nil, 0
	}
	length := int(binary.LittleEndian.Uint16(data[1:]))
	n = 3 + length + 4
	if length > recordMost || len(data) < n || crc32.Checksum(data[:n-4], castagnoli) != binary.LittleEndian.Uint32(data[n-4:]) {
		return 0, nil, 0
	}
	return data[0], data[3 : n-4], n
}

func appendRecord(to []byte, kind byte, body []byte) []byte {
	start := len(to)
	to = append(to, kind)
	to = binary.LittleEndian.AppendUint16(to, uint16(len(body)))
	to = append(to, body...)
	return binary.LittleEndian.AppendUint32(to, crc32.Checksum(to[start:], castagnoli))
}

// journal writes the state. It is not for use by several goroutines at once.
type journal struct {
	f   *os.File
	end int64 // of the last whole record
	buf []byte
}

// newJournal writes a journal that tells what s does, and puts it in place of an older one at once.
func newJournal(path string, s saved) (*journal, error) {
	head, err := json.Marshal(s.about)
	if err != nil {
		return nil, err
	}
	data := appendRecord(nil, recordAbout, head)
	for i, sum := range s.pieces {
		data = appendRecord(data, recordPiece, pieceBody(i, sum))
	}
	if s.hash != nil {
		data = appendRecord(data, recordHash, hashBody(s.hashed, s.hash))
	}
	tmp := path + ".new"
	if err := errors.Join(clearPlace(tmp), clearPlace(path)); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(tmp, path)
	}
	if err == nil {
		f, err = os.OpenFile(path, os.O_RDWR, 0o600)
	}
	if err != nil {
		_ = os.Remove(tmp)
		return nil, err
	}
	return &journal{f: f, end: int64(len(data)), buf: data[:0]}, nil
}

// add appends a record. One that could not be written whole, on a full disk, is written over by the next.
func (j *journal) add(kind byte, body []byte) error {
	j.buf = appendRecord(j.buf[:0], kind, body)
	if _, err := j.f.WriteAt(j.buf, j.end); err != nil {
		return err
	}
	j.end += int64(len(j.buf))
	return nil
}

func (j *journal) close() error { return j.f.Close() }

func pieceBody(i int, sum uint32) []byte {
	return binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(nil, uint32(i)), sum)
}

func hashBody(n int64, state []byte) []byte {
	return append(binary.LittleEndian.AppendUint64(nil, uint64(n)), state...)
}

// clearPlace makes sure that a file of ours can be at path: a folder there, which nothing of ours makes, is moved
// aside, or removed when it is empty.
func clearPlace(path string) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case info.Mode().IsRegular():
		return nil
	case !info.IsDir() || os.Remove(path) == nil:
		return removeFile(path) // a link or a pipe: never followed
	}
	return os.Rename(path, filepath.Join(filepath.Dir(path), filepath.Base(path)+".set-aside-"+time.Now().UTC().Format("20060102-150405.000000")))
}

// removeFile removes what may be gone already.
func removeFile(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
