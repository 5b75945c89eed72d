package source

import (
	"context"
	"net/http"
	"net/url"

	"weightroom/backend"
	"weightroom/backend/download/web"
)

// locate asks an address, by HEAD or for its first byte, to learn where the file really is. Many servers send on to a signed
// address on another host, which is then fetched from directly, without the header: one request more for a file and
// not for each of its parts, and no authorisation where it does not belong. The link is empty, and the answer is given,
// when the file is not given out. The answer's body is closed.
func (s *Sources) locate(ctx context.Context, method, address string, header http.Header) (web.Link, *http.Response, error) {
	var seen *http.Response // of the first host, whose headers describe the file
	for range web.MaxRedirects + 1 {
		req, err := http.NewRequestWithContext(ctx, method, address, nil)
		if err != nil {
			return web.Link{}, nil, notAReference(address)
		}
		for k, v := range header {
			req.Header[k] = v
		}
		if method != http.MethodHead {
			req.Header.Set("Range", "bytes=0-0")
		}
		resp, err := s.client.RoundTrip(req)
		if err != nil {
			return web.Link{}, nil, explainRequest(ctx, err, req.URL.Host)
		}
		_ = resp.Body.Close()
		if seen == nil || seen.StatusCode/100 == 3 {
			seen = resp
		}
		switch {
		case resp.StatusCode == http.StatusPartialContent, resp.StatusCode == http.StatusOK, resp.StatusCode == http.StatusRequestedRangeNotSatisfiable:
			return web.Link{URL: address, Header: header.Clone(), ETag: web.StrongETag(resp.Header.Get("ETag")), Ranges: resp.StatusCode == http.StatusPartialContent || resp.Header.Get("Accept-Ranges") == "bytes"}, seen, nil
		case resp.StatusCode/100 != 3 || resp.StatusCode == http.StatusNotModified:
			return web.Link{}, resp, nil
		}
		to, err := resp.Location()
		if err != nil {
			return web.Link{}, nil, web.StatusFault(resp, nil).Reason
		}
		if err := s.client.CheckReferral(req.URL, to); err != nil {
			return web.Link{}, nil, err
		}
		to.Fragment = ""
		if web.HostPort(to) != web.HostPort(req.URL) {
			return web.Link{URL: to.String()}, seen, nil
		}
		address = to.String()
	}
	u, _ := url.Parse(address)
	return web.Link{}, nil, backend.Fail(backend.CodeServer, nil, u.Host+" redirects too often.", "Check the address.")
}
