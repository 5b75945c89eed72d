package store

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"hash/crc32"
)

// kind is the bucket a record belongs to, as it is written in the record itself.
type kind byte

const (
	kindMeta    kind = 'i'
	kindChat    kind = 'c'
	kindMessage kind = 'm'
	kindKV      kind = 'k'
)

// kinds lists every kind with its bucket, in the order in which files are built.
var kinds = [...]struct {
	kind   kind
	bucket string
}{
	{kindMeta, "meta"},
	{kindChat, "chats"},
	{kindMessage, "messages"},
	{kindKV, "kv"},
}

func (k kind) bucket() []byte {
	for _, known := range kinds {
		if known.kind == k {
			return []byte(known.bucket)
		}
	}
	return nil
}

func kindOf(bucket []byte) (kind, bool) {
	for _, known := range kinds {
		if known.bucket == string(bucket) {
			return known.kind, true
		}
	}
	return 0, false
}

// A record is
//
//	0  3 bytes  0xFF 'W' 'R'; 0xFF never occurs in UTF-8, so never inside a record's key or JSON
//	3  1 byte   kind
//	4  8 bytes  revision, little endian as all that follow
//	12 2 bytes  length of the key
//	14 2 bytes  zero
//	16 4 bytes  length of the JSON
//	20 4 bytes  CRC-32C of bytes 0 to 20, the key and the JSON
//	24          key, JSON
const (
	recordMagic  = "\xffWR"
	recordHeader = 24
	maxKey       = 256
	maxJSON      = 64 << 20 // bytes; far above any answer, far below bbolt's limit
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// record is one decoded header with its parts; key and data alias the bytes it was read from.
type record struct {
	kind kind
	rev  uint64
	key  []byte
	data []byte
	raw  []byte // the whole record
}

var errRecord = errors.New("record is damaged")

// encodeRecord frames JSON for a bucket.
func encodeRecord(k kind, rev uint64, key string, data []byte) []byte {
	raw := make([]byte, recordHeader+len(key)+len(data))
	copy(raw, recordMagic)
	raw[3] = byte(k)
	binary.LittleEndian.PutUint64(raw[4:], rev)
	binary.LittleEndian.PutUint16(raw[12:], uint16(len(key)))
	binary.LittleEndian.PutUint32(raw[16:], uint32(len(data)))
	copy(raw[recordHeader:], key)
	copy(raw[recordHeader+len(key):], data)
	binary.LittleEndian.PutUint32(raw[20:], checksum(raw))
	return raw
}

func checksum(raw []byte) uint32 {
	return crc32.Update(crc32.Update(0, castagnoli, raw[:20]), castagnoli, raw[recordHeader:])
}

// recordSize reads a header and gives the length of the record that it announces, or 0 if it is no header.
func recordSize(header []byte) int {
	if len(header) < recordHeader || string(header[:3]) != recordMagic || kind(header[3]).bucket() == nil {
		return 0
	}
	key := int(binary.LittleEndian.Uint16(header[12:]))
	data := int64(binary.LittleEndian.Uint32(header[16:]))
	if key == 0 || key > maxKey || data > maxJSON || header[14] != 0 || header[15] != 0 {
		return 0
	}
	return recordHeader + key + int(data)
}

// decodeRecord checks raw, which must be exactly one record.
func decodeRecord(raw []byte) (record, error) {
	if n := recordSize(raw); n == 0 || n != len(raw) || binary.LittleEndian.Uint32(raw[20:]) != checksum(raw) {
		return record{}, errRecord
	}
	key := recordHeader + int(binary.LittleEndian.Uint16(raw[12:]))
	return record{
		kind: kind(raw[3]),
		rev:  binary.LittleEndian.Uint64(raw[4:]),
		key:  raw[recordHeader:key],
		data: raw[key:],
		raw:  raw,
	}, nil
}

// decodeFor checks the value found under key in k's bucket.
func decodeFor(k kind, key, value []byte) (record, error) {
	r, err := decodeRecord(value)
	if err != nil || r.kind != k || !bytes.Equal(r.key, key) {
		return record{}, errRecord
	}
	return r, nil
}

// marshal is JSON without HTML escapes, which would only make texts longer.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}
