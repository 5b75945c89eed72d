package download

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

// ask is what one request for a file asks for.
type ask struct {
	from, to int64  // the bytes [from, to); to is -1 for everything that follows
	whole    bool   // the whole file, without a Range header
	size     int64  // of the whole file; -1: not known
	etag     string // strong, sent as If-Range; empty: none
	strict   bool   // nothing but the ETag holds the parts together, so that the answer must carry it
}

// got is what an answer brings: the bytes [from, to) of a file of size bytes; -1 where it does not say.
type got struct {
	from, to, size int64
	etag           string // strong; else empty
}

// request asks link for what a says.
func (a ask) request(ctx context.Context, link Link) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, link.URL, nil)
	if err != nil {
		return nil, backend.Fail(backend.CodeInvalid, withoutAddress(err), "The source gave an address that is none.", hintElsewhere)
	}
	for key, values := range link.Header {
		req.Header[key] = values
	}
	req.Header.Set("Accept-Encoding", "identity")
	if a.whole {
		return req, nil
	}
	asked := fmt.Sprintf("bytes=%d-", a.from)
	if a.to >= 0 {
		asked += fmt.Sprint(a.to - 1)
	}
	req.Header.Set("Range", asked)
	if a.etag != "" {
		req.Header.Set("If-Range", a.etag)
	}
	return req, nil
}

// shortestPart is the least that a server may send of a longer range that was asked for, unless it is a good part of it.
const shortestPart = 64 << 10

// check holds an answer against its request (RFC 9110, 14 and 15.3.7). Nothing of its body was read yet. A busy host's
// patience is read from gate, which may be nil.
func (a ask) check(resp *http.Response, gate *Gate) (got, *fault) {
	host := hostOf(resp)
	g := got{from: a.from, to: a.to, size: a.size, etag: strongETag(resp.Header.Get("ETag"))}
	if resp.StatusCode == http.StatusRequestedRangeNotSatisfiable && a.from == 0 && a.size <= 0 && resp.Header.Get("Content-Range") == "bytes */0" {
		return got{etag: g.etag}, nil // an empty file has no first byte
	}
	if resp.StatusCode != http.StatusOK && resp.StatusCode != http.StatusPartialContent {
		return g, faultOfStatus(resp, gate)
	}
	mediaType, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if err != nil {
		mediaType, _, _ = strings.Cut(strings.ToLower(strings.TrimSpace(resp.Header.Get("Content-Type"))), ";")
	}
	switch {
	case mediaType == "text/html" || mediaType == "application/xhtml+xml":
		return g, page(host)
	case strings.HasPrefix(mediaType, "multipart/"):
		return g, liar(host, "packs the part into an envelope of several")
	}
	if e := strings.ToLower(strings.TrimSpace(strings.Join(resp.Header.Values("Content-Encoding"), ","))); resp.Uncompressed || e != "" && e != "identity" {
		return g, liar(host, "compresses the file on the way")
	}
	if resp.StatusCode == http.StatusOK {
		return whole(a, g, resp)
	}
	return part(a, g, resp)
}

func whole(a ask, g got, resp *http.Response) (got, *fault) {
	host := hostOf(resp)
	if len(resp.Header.Values("Content-Range")) > 0 {
		return g, liar(host, "calls a part the whole file")
	}
	if a.etag != "" && g.etag != "" && g.etag != a.etag {
		return g, changedFault(host)
	}
	if a.size >= 0 && resp.ContentLength >= 0 && resp.ContentLength != a.size {
		return g, liar(host, fmt.Sprintf("offers a file of %d bytes, not %d", resp.ContentLength, a.size))
	}
	if !a.whole && (a.from > 0 || a.size >= 0 && a.to < a.size) {
		return g, rangelessFault(host, "sends the whole file, not the part")
	}
	if a.size < 0 && resp.ContentLength < 0 && !endsByItself(resp) {
		return g, liar(host, "does not say where the file ends")
	}
	if g.size < 0 {
		g.size = resp.ContentLength
	}
	g.from, g.to = 0, g.size
	return g, nil
}

// endsByItself says whether a cut body can be told from a whole one though no length was given.
func endsByItself(resp *http.Response) bool {
	return resp.ProtoMajor >= 2 || len(resp.TransferEncoding) > 0 && resp.TransferEncoding[0] == "chunked"
}

func part(a ask, g got, resp *http.Response) (got, *fault) {
	host := hostOf(resp)
	if a.whole {
		return g, liar(host, "sends a part, not the whole file")
	}
	ranges := resp.Header.Values("Content-Range")
	if len(ranges) != 1 {
		return g, liar(host, "does not say which part it sends")
	}
	from, to, size, ok := contentRange(ranges[0])
	switch {
	case !ok:
		return g, liar(host, "does not say clearly which part it sends")
	case a.size >= 0 && size >= 0 && size != a.size:
		return g, liar(host, fmt.Sprintf("has a file of %d bytes, not %d", size, a.size))
	case from != a.from:
		return g, liar(host, "sends a part that starts elsewhere")
	case a.to >= 0 && to > a.to:
		return g, liar(host, "sends a part that ends elsewhere")
	case a.to >= 0 && to < a.to && to-from < min(shortestPart, (a.to-from)/4):
		return g, liar(host, "sends crumbs")
	case a.to < 0 && size < 0:
		return g, liar(host, "does not say how long the file is")
	case resp.ContentLength >= 0 && resp.ContentLength != to-from:
		return g, liar(host, "announces another length than its part has")
	case a.etag != "" && g.etag != "" && g.etag != a.etag, a.strict && g.etag == "":
		return g, changedFault(host)
	}
	g.to = to
	if g.size < 0 {
		g.size = size
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

// strongETag is s where it is a strong entity tag (RFC 9110, 8.8.3), else empty.
func strongETag(s string) string {
	if len(s) < 3 || s[0] != '"' || s[len(s)-1] != '"' || strings.Contains(s[1:len(s)-1], `"`) {
		return ""
	}
	return s
}

// looksLikePage finds a web page by its first bytes, whatever its type claims to be.
func looksLikePage(b []byte) bool {
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

// mayBePage says whether so little is there that it could become a web page's first bytes.
func mayBePage(b []byte) bool {
	b = bytes.TrimLeft(bytes.TrimPrefix(b, []byte("\xef\xbb\xbf")), " \t\r\n\f")
	return len(b) < 16 && (len(b) == 0 || b[0] == '<')
}
