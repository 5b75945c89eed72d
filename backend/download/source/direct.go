package source

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"path"
	"strings"

	"weightroom/backend"
	"weightroom/backend/download/web"
)

// resolveAddress asks a plain address for the first bytes of its file.
func (s *Sources) resolveAddress(ctx context.Context, u *url.URL) (Offer, error) {
	address := u.String()
	resp, err := s.get(ctx, address, http.Header{"Range": {"bytes=0-511"}})
	if err != nil {
		return Offer{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	g, f := web.Ask{From: 0, To: 512, Size: -1}.Check(resp, nil)
	if f != nil && f.Kind == web.FaultNoRanges { // whole files only: its first bytes and its length are the same
		g, f = web.Answer{Size: resp.ContentLength, ETag: web.StrongETag(resp.Header.Get("ETag"))}, nil
	}
	if f != nil {
		return Offer{}, f.Reason
	}
	head := make([]byte, 512)
	n, err := io.ReadFull(resp.Body, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return Offer{}, explainRequest(ctx, err, u.Host)
	}
	if web.LooksLikePage(head[:n]) {
		return Offer{}, web.UnexpectedPage(web.HostOf(resp)).Reason
	}
	if n < 4 || string(head[:4]) != "GGUF" {
		return Offer{}, backend.Fail(backend.CodeNotGGUF, nil, "The file at this address is not a GGUF model.", "Copy the address of the file itself, not of its page.")
	}
	name := path.Base(u.Path)
	o := Offer{Ref: withoutSecrets(u), Source: Address, Name: strings.TrimSuffix(name, path.Ext(name)), Quant: quantOf(name), Revision: g.ETag}
	i := web.Item{Name: name, Kind: backend.KindModel, Bytes: g.Size, Address: withoutSecrets(u)}
	i.Link = &plainLink{url: address, etag: g.ETag, ranges: resp.StatusCode == http.StatusPartialContent}
	if m := splitForm.FindStringSubmatch(name); m != nil && m[3] != "00001" {
		return Offer{}, backend.Fail(backend.CodeUnsupported, nil, "This file is one part of a model that is split into several.", "Use a repository that holds all parts, or join them with llama.cpp's \"llama-gguf-split --merge\" and import the result.")
	}
	o.Warnings = append(o.Warnings, "This address says nothing of the file's checksum, so only its length and its header can be checked.")
	o.add(i)
	return o, nil
}

// withoutSecrets is an address that may be kept: a signature in it is dropped, and then the download can't go on after
// a restart without the whole address.
func withoutSecrets(u *url.URL) string {
	kept := *u
	for key := range u.Query() {
		k := strings.ToLower(key)
		for _, word := range []string{"sig", "token", "key", "secret", "password", "credential", "policy", "auth", "expires"} {
			if strings.Contains(k, word) {
				kept.RawQuery = ""
			}
		}
	}
	return kept.String()
}

// plainLink is an address that stays as it is.
type plainLink struct {
	url    string
	etag   string
	ranges bool
}

// Link implements Linker.
func (p *plainLink) Link(context.Context, bool) (web.Link, error) {
	return web.Link{URL: p.url, ETag: p.etag, Ranges: p.ranges}, nil
}
