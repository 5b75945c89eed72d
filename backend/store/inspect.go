package store

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"os"

	"weightroom/backend/fsys"
)

// The layout of bbolt's file, version 2, as much of it as an inspection needs. Numbers are in the machine's own order.
const (
	boltMagic   = 0xED0CDAED
	boltVersion = 2

	pageHeader  = 16 // id u64, flags u16, count u16, overflow u32
	flagBranch  = 0x01
	flagLeaf    = 0x02
	flagMeta    = 0x04
	flagFree    = 0x10
	leafElement = 16 // flags u32, pos u32, ksize u32, vsize u32
	branchElem  = 16 // pos u32, ksize u32, child u64
	leafBucket  = 0x01
	bucketHead  = 16 // root u64, sequence u64
	metaLength  = 64 // up to and with the checksum
	maxDepth    = 64 // of trees and of buckets; real files have 3
)

var native = binary.NativeEndian

// damage says why a file is not what bbolt wrote. It is never a failure to read.
type damage struct{ why string }

func (d *damage) Error() string { return "damaged: " + d.why }

func damaged(format string, args ...any) error { return &damage{fmt.Sprintf(format, args...)} }

// inspection is what a sound file holds.
type inspection struct {
	bytes     int64
	counts    map[kind]int
	schema    int      // 0: none found, so not a history
	maxRev    uint64   // highest revision
	streaming []string // keys of messages that never got their end
}

// streamingMark is how a streaming message reads in its JSON. Inside a text the quotes would be escaped.
var streamingMark = []byte(`"state":"streaming"`)

// inspect reads the file at path from end to end with plain reads: every page must be where the tree or the free list
// says, once; keys in order; every record whole. What passes can be given to bbolt, which trusts every byte.
//
// The error is a *damage, errNewer, or a failure to read. The inspection is valid with a nil error only.
func inspect(ctx context.Context, path string, known int) (*inspection, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // opened for reading only
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	return inspectAll(ctx, f, info.Size(), known)
}

func inspectAll(ctx context.Context, r io.ReaderAt, size int64, known int) (*inspection, error) {
	found := &inspection{bytes: size, counts: map[kind]int{}}
	var recordErr error
	w := walker{ctx: ctx, r: r, size: size, visit: func(bucket, key, value []byte) {
		k, ok := kindOf(bucket)
		if !ok {
			return
		}
		r, err := decodeFor(k, key, value)
		if err != nil {
			if recordErr == nil {
				recordErr = damaged("a record in bucket %s", bucket)
			}
			return
		}
		found.add(r)
	}}
	err := w.walk()
	if found.schema > known { // even when damaged: it is not ours to mend
		return nil, errNewer
	}
	if err == nil {
		err = recordErr
	}
	if err == nil && found.schema == 0 {
		err = damaged("no schema, so not a chat history")
	}
	if fsys.IsBadDisk(err) {
		err = damaged("unreadable: %v", err)
	}
	if err != nil {
		return nil, err
	}
	return found, nil
}

func (f *inspection) add(r record) {
	f.counts[r.kind]++
	f.maxRev = max(f.maxRev, r.rev)
	switch {
	case r.kind == kindMessage && bytes.Contains(r.data, streamingMark):
		f.streaming = append(f.streaming, string(r.key))
	case r.kind == kindMeta && string(r.key) == keySchema:
		_ = json.Unmarshal(r.data, &f.schema)
	}
}

// walker checks the structure of a bbolt file. It keeps one page of each level in memory.
type walker struct {
	ctx      context.Context
	r        io.ReaderAt
	size     int64
	pageSize int64
	pages    uint64 // high water mark: pages that exist
	seen     []bool
	visit    func(bucket, key, value []byte) // slices are valid during the call
}

func (w *walker) walk() error {
	root, free, err := w.metas()
	if err != nil {
		return err
	}
	w.seen = make([]bool, w.pages)
	w.seen[0], w.seen[1] = true, true
	if err := w.freelist(free); err != nil {
		return err
	}
	if err := w.tree(root, nil, nil, nil, 0, 0); err != nil {
		return err
	}
	for id, ok := range w.seen {
		if !ok {
			return damaged("page %d is neither used nor free", id)
		}
	}
	return nil
}

// metas checks both meta pages and gives the newer one's root and free list.
func (w *walker) metas() (root, free uint64, err error) {
	var head [pageHeader + metaLength]byte
	if err := w.read(head[:], 0); err != nil {
		return 0, 0, err
	}
	w.pageSize = int64(native.Uint32(head[pageHeader+8:]))
	if w.pageSize < 512 || w.pageSize > 1<<20 || w.pageSize&(w.pageSize-1) != 0 {
		return 0, 0, damaged("page size %d", w.pageSize)
	}
	var newest uint64
	for id := range uint64(2) {
		if err := w.read(head[:], int64(id)*w.pageSize); err != nil {
			return 0, 0, err
		}
		m := head[pageHeader:]
		sum := fnv.New64a()
		sum.Write(m[:56]) // a hash never fails
		switch {
		case native.Uint64(head[:]) != id, native.Uint16(head[8:]) != flagMeta,
			native.Uint32(m) != boltMagic, native.Uint32(m[4:]) != boltVersion,
			int64(native.Uint32(m[8:])) != w.pageSize, native.Uint64(m[56:]) != sum.Sum64():
			return 0, 0, damaged("meta page %d", id)
		}
		if tx := native.Uint64(m[48:]); id == 0 || tx > newest {
			newest = tx
			root, free, w.pages = native.Uint64(m[16:]), native.Uint64(m[32:]), native.Uint64(m[40:])
		}
	}
	if w.pages < 4 || w.pages > uint64(w.size/w.pageSize) {
		return 0, 0, damaged("%d pages in %d bytes", w.pages, w.size)
	}
	return root, free, nil
}

// freelist marks the free pages, and those of the list itself.
func (w *walker) freelist(id uint64) error {
	p, err := w.page(id, flagFree)
	if err != nil {
		return err
	}
	count, at := uint64(native.Uint16(p[10:])), pageHeader
	if count == 0xFFFF { // then the first entry is the count
		count, at = native.Uint64(p[pageHeader:]), pageHeader+8
	}
	if count > uint64(len(p)-at)/8 {
		return damaged("free list of %d", count)
	}
	for i := range count {
		if err := w.mark(native.Uint64(p[at+int(i)*8:]), 1); err != nil {
			return err
		}
	}
	return nil
}

// tree checks the pages under id, whose keys must lie in [from, below); nil means no bound. bucket is nil in the root.
func (w *walker) tree(id uint64, bucket, from, below []byte, depth, nesting int) error {
	if depth > maxDepth {
		return damaged("tree deeper than %d", maxDepth)
	}
	if err := w.ctx.Err(); err != nil {
		return err
	}
	p, err := w.page(id, flagBranch|flagLeaf)
	if err != nil {
		return err
	}
	if native.Uint16(p[8:]) == flagLeaf {
		return w.leaf(p, bucket, from, below, nesting)
	}
	count := int(native.Uint16(p[10:]))
	if count == 0 || pageHeader+count*branchElem > len(p) {
		return damaged("branch page %d has %d entries", id, count)
	}
	packed := pageHeader + count*branchElem
	key := func(i int) ([]byte, error) {
		at := pageHeader + i*branchElem
		pos, n := native.Uint32(p[at:]), native.Uint32(p[at+4:])
		if uint64(at)+uint64(pos) != uint64(packed) {
			return nil, damaged("branch page %d has a gap", id)
		}
		packed += int(n)
		return slice(p, at, pos, n)
	}
	first, err := key(0)
	if err != nil {
		return err
	}
	if bytes.Compare(first, from) < 0 {
		return damaged("keys of page %d start too low", id)
	}
	for i := range count {
		next := below
		if i+1 < count {
			if next, err = key(i + 1); err != nil {
				return err
			}
		}
		if next != nil && bytes.Compare(first, next) >= 0 {
			return damaged("keys of page %d are not in order", id)
		}
		child := native.Uint64(p[pageHeader+i*branchElem+8:])
		if err := w.tree(child, bucket, first, next, depth+1, nesting); err != nil {
			return err
		}
		first = next
	}
	return nil
}

// leaf checks the entries of a leaf page, which may be the inline page of a small bucket.
func (w *walker) leaf(p, bucket, from, below []byte, nesting int) error {
	count := int(native.Uint16(p[10:]))
	if pageHeader+count*leafElement > len(p) {
		return damaged("leaf has %d entries in %d bytes", count, len(p))
	}
	last, packed := from, pageHeader+count*leafElement
	for i := range count {
		at := pageHeader + i*leafElement
		flags, pos := native.Uint32(p[at:]), native.Uint32(p[at+4:])
		if uint64(at)+uint64(pos) != uint64(packed) { // bbolt packs entries: a gap is an entry that was lost
			return damaged("a leaf has a gap")
		}
		key, err := slice(p, at, pos, native.Uint32(p[at+8:]))
		if err != nil {
			return err
		}
		value, err := slice(p, at+len(key), pos, native.Uint32(p[at+12:]))
		if err != nil {
			return err
		}
		packed += len(key) + len(value)
		order := bytes.Compare(last, key)
		if len(key) == 0 || order > 0 || order == 0 && i > 0 || below != nil && bytes.Compare(key, below) >= 0 {
			return damaged("keys of a leaf are not in order")
		}
		last = key
		switch {
		case flags == leafBucket:
			if err := w.bucket(bucket, key, value, nesting+1); err != nil {
				return err
			}
		case flags != 0:
			return damaged("leaf entry with flags %x", flags)
		case bucket == nil:
			return damaged("a value outside every bucket")
		case nesting == 1:
			w.visit(bucket, key, value)
		}
	}
	return nil
}

// bucket goes into the bucket that value describes. parent is nil when the bucket is in the root.
func (w *walker) bucket(parent, name, value []byte, nesting int) error {
	if len(value) < bucketHead || nesting > maxDepth {
		return damaged("bucket header")
	}
	if _, ours := kindOf(parent); ours && parent != nil {
		return damaged("a bucket among records")
	}
	if root := native.Uint64(value); root != 0 {
		return w.tree(root, name, nil, nil, 0, nesting)
	}
	inline := value[bucketHead:]
	if len(inline) < pageHeader || native.Uint16(inline[8:]) != flagLeaf {
		return damaged("inline bucket")
	}
	return w.leaf(inline, name, nil, nil, nesting)
}

// page reads page id with its overflow and marks all of it.
func (w *walker) page(id uint64, flags uint16) ([]byte, error) {
	var head [pageHeader]byte
	if id < 2 || id >= w.pages {
		return nil, damaged("page %d of %d", id, w.pages)
	}
	if err := w.read(head[:], int64(id)*w.pageSize); err != nil {
		return nil, err
	}
	has, overflow := native.Uint16(head[8:]), uint64(native.Uint32(head[12:]))
	if native.Uint64(head[:]) != id || has&flags == 0 || has&(has-1) != 0 {
		return nil, damaged("page %d says it is %d of type %x", id, native.Uint64(head[:]), has)
	}
	if err := w.mark(id, overflow+1); err != nil {
		return nil, err
	}
	p := make([]byte, int64(overflow+1)*w.pageSize)
	return p, w.read(p, int64(id)*w.pageSize)
}

func (w *walker) mark(id, n uint64) error {
	if id < 2 || id >= w.pages || n > w.pages-id {
		return damaged("pages %d to %d of %d", id, id+n, w.pages)
	}
	for i := id; i < id+n; i++ {
		if w.seen[i] {
			return damaged("page %d is used twice", i)
		}
		w.seen[i] = true
	}
	return nil
}

// read fills b. A file that ends too soon is damaged; other failures are the disk's.
func (w *walker) read(b []byte, at int64) error {
	_, err := w.r.ReadAt(b, at)
	if errors.Is(err, io.EOF) {
		return damaged("file ends after %d bytes", w.size)
	}
	return err
}

// slice cuts n bytes that start pos bytes after at.
func slice(p []byte, at int, pos, n uint32) ([]byte, error) {
	from := uint64(at) + uint64(pos)
	if to := from + uint64(n); to <= uint64(len(p)) {
		return p[from:to:to], nil
	}
	return nil, damaged("an entry reaches out of its page")
}
