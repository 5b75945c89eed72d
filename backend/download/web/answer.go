package web

import (
	"bytes"
	"context"
	"fmt"
	"mime"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"weightroom/backend"
)

// Ask is what one request for a file asks for.
type Ask struct {
	From, To int64  // the bytes [from, to); to is -1 for everything that follows
	Whole    bool   // the whole file, without a Range header
	Size     int64  // of the whole file; -1: not known
	ETag     string // strong, sent as If-Range; empty: none
	Strict   bool   // nothing but the ETag holds the parts together, so that the answer must carry it
}

// Answer is what the head of an answer says that it brings: the bytes [from, to) of a file of size bytes; -1 where it does not say.
type Answer struct {
	From, To, Size int64
	ETag           string // strong; else empty
}

// Request asks link for what a says.
func (a Ask) Request(ctx context.Context, link Link) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, link.URL, nil)
	if err != nil {
		return nil, backend.Fail(backend.CodeInvalid, withoutAddress(err), "The source gave something that is not an address.", HintElsewhere)
	}
	for key, values := range link.Header {
		req.Header[key] = values
	}
	req.Header.Set("Accept-Encoding", "identity")
	if a.Whole {
		return req, nil
	}
	asked := fmt.Sprintf("bytes=%d-", a.From)
	if a.To >= 0 {
		asked += fmt.Sprint(a.To - 1)
	}
	req.Header.Set("Range", asked)
	if a.ETag != "" {
		req.Header.Set("If-Range", a.ETag)
	}
	return req, nil
}

// shortestPart is the least that a server may send of a longer range that was asked for, unless it is a good part of it.
const shortestPart = 64 << 10

// Check holds an answer against its request (RFC 9110, 14 and 15.3.7). Nothing of its body was read yet. A busy host's
// patience is read from gate, which may be nil.
func (a Ask) Check(resp *http.Response, gate *Gate) (Answer, *FaultError) {
	host := HostOf(resp)
	g := Answer{From: a.From, To: a.To, Size: a.Size, ETag: StrongETag(resp.Header.Get("ETag"))}
	if resp.StatusCode == http.StatusRequestedRangeNotSatisfiable && a.From == 0 && a.Size <= 0 && resp.Header.Get("Content-Range") == "bytes */0" {
		return Answer{ETag: g.ETag}, nil // an empty file has no first byte
	}
	if resp.StatusCode != http.StatusOK && resp.StatusCode != http.StatusPartialContent {
		return g, StatusFault(resp, gate)
	}
	mediaType, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if err != nil {
		mediaType, _, _ = strings.Cut(strings.ToLower(strings.TrimSpace(resp.Header.Get("Content-Type"))), ";")
	}
	switch {
	case mediaType == "text/html" || mediaType == "application/xhtml+xml":
		return g, UnexpectedPage(host)
	case strings.HasPrefix(mediaType, "multipart/"):
		return g, Lie(host, "packs the part into a multipart answer")
	}
	if e := strings.ToLower(strings.TrimSpace(strings.Join(resp.Header.Values("Content-Encoding"), ","))); resp.Uncompressed || e != "" && e != "identity" {
		return g, Lie(host, "compresses the file on the way")
	}
	if resp.StatusCode == http.StatusOK {
		return whole(a, g, resp)
	}
	return part(a, g, resp)
}

func whole(a Ask, g Answer, resp *http.Response) (Answer, *FaultError) {
	host := HostOf(resp)
	if len(resp.Header.Values("Content-Range")) > 0 {
		return g, Lie(host, "calls a part the whole file")
	}
	if a.ETag != "" && g.ETag != "" && g.ETag != a.ETag {
		return g, changedFault(host)
	}
	if a.Size >= 0 && resp.ContentLength >= 0 && resp.ContentLength != a.Size {
		return g, Lie(host, fmt.Sprintf("offers a file of %d bytes, not %d", resp.ContentLength, a.Size))
	}
	if !a.Whole && (a.From > 0 || a.Size >= 0 && a.To < a.Size) {
		return g, NoRanges(host, "sends the whole file, not the part")
	}
	if a.Size < 0 && resp.ContentLength < 0 && !endsByItself(resp) {
		return g, Lie(host, "does not say where the file ends")
	}
	if g.Size < 0 {
		g.Size = resp.ContentLength
	}
	g.From, g.To = 0, g.Size
	return g, nil
}

// endsByItself reports whether a cut body can be told from a whole one though no length was given.
func endsByItself(resp *http.Response) bool {
	return resp.ProtoMajor >= 2 || len(resp.TransferEncoding) > 0 && resp.TransferEncoding[0] == "chunked"
}

func part(a Ask, g Answer, resp *http.Response) (Answer, *FaultError) {
	host := HostOf(resp)
	if a.Whole {
		return g, Lie(host, "sends a part, not the whole file")
	}
	ranges := resp.Header.Values("Content-Range")
	if len(ranges) != 1 {
		return g, Lie(host, "does not say which part it sends")
	}
	from, to, size, ok := contentRange(ranges[0])
	switch {
	case !ok:
		return g, Lie(host, "does not say clearly which part it sends")
	case a.Size >= 0 && size >= 0 && size != a.Size:
		return g, Lie(host, fmt.Sprintf("has a file of %d bytes, not %d", size, a.Size))
	case from != a.From:
		return g, Lie(host, "sends a part that starts elsewhere")
	case a.To >= 0 && to > a.To:
		return g, Lie(host, "sends a part that ends elsewhere")
	case a.To >= 0 && to < a.To && to-from < min(shortestPart, (a.To-from)/4):
		return g, Lie(host, "sends only a small piece of the part")
	case a.To < 0 && size < 0:
		return g, Lie(host, "does not say how long the file is")
	case resp.ContentLength >= 0 && resp.ContentLength != to-from:
		return g, Lie(host, "announces a length that is not that of its part")
	case a.ETag != "" && g.ETag != "" && g.ETag != a.ETag, a.Strict && g.ETag == "":
		return g, changedFault(host)
	}
	g.To = to
	if g.Size < 0 {
		g.Size = size
	}
	return g, nil
}

var contentRangeForm = regexp.MustCompile(`^bytes (\d{1,18})-(\d{1,18})/(\d{1,18}|\*)$`)

// contentRange reads "bytes 0-99/1000" as [0, 100) of 1000; the size is -1 for "*".
func contentRange(s string) (from, to, size int64, ok bool) {
	m := contentRangeForm.FindStringSubmatch(s)
	if m == nil {
		return 0, 0, 0, false
	}
	from, _ = strconv.ParseInt(m[1], 10, 64) // 18 digits fit
	last, _ := strconv.ParseInt(m[2], 10, 64)
	size = -1
	if m[3] != "*" {
		size, _ = strconv.ParseInt(m[3], 10, 64)
	}
	return from, last + 1, size, last >= from && (size < 0 || last < size)
}

// StrongETag is s where it is a strong entity tag (RFC 9110, 8.8.3), else empty.
func StrongETag(s string) string {
	if len(s) < 3 || s[0] != '"' || s[len(s)-1] != '"' || strings.Contains(s[1:len(s)-1], `"`) {
		return ""
	}
	return s
}

// LooksLikePage finds a web page by its first bytes, whatever its type claims to be.
func LooksLikePage(b []byte) bool {
	b = bytes.TrimPrefix(b, []byte("\xef\xbb\xbf"))
	b = bytes.ToLower(bytes.TrimLeft(b[:min(len(b), 512)], " \t\r\n\f"))
	for bytes.HasPrefix(b, []byte("<!--")) || bytes.HasPrefix(b, []byte("<?xml")) {
		_, after, ok := bytes.Cut(b, []byte(">"))
		if !ok {
			return false
		}
		b = bytes.TrimLeft(after, " \t\r\n\f")
	}
	for _, tag := range []string{"<!doctype html", "<html", "<head", "<body", "<script", "<title", "<meta "} {
		if bytes.HasPrefix(b, []byte(tag)) {
			return true
		}
	}
	return false
}

// MayBePage reports whether so little is there that it could become a web page's first bytes.
func MayBePage(b []byte) bool {
	b = bytes.TrimLeft(bytes.TrimPrefix(b, []byte("\xef\xbb\xbf")), " \t\r\n\f")
	return len(b) < 16 && (len(b) == 0 || b[0] == '<')
}
