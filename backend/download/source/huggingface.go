package source

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"strings"
	"sync"

	"weightroom/backend"
	"weightroom/backend/download/web"
)

const hubInfoLimit = 16 << 20 // the hub's description of a repository; those with thousands of files reach a few MiB

// hubInfo is what /api/models/OWNER/REPO/revision/REVISION?blobs=true gives (huggingface_hub, ModelInfo).
type hubInfo struct {
	ID       string   `json:"id"`
	SHA      string   `json:"sha"`
	Private  bool     `json:"private"`
	Disabled bool     `json:"disabled"`
	Gated    gating   `json:"gated"`
	Tags     []string `json:"tags"`
	Card     struct {
		Licence     any    `json:"license"` // a text or a list of texts
		LicenceName string `json:"license_name"`
		LicenceLink string `json:"license_link"`
	} `json:"cardData"`
	Siblings []struct {
		Path string `json:"rfilename"`
		Size *int64 `json:"size"`
		LFS  *struct {
			SHA256 string `json:"sha256"`
			Size   int64  `json:"size"`
		} `json:"lfs"`
	} `json:"siblings"`
}

// gating is false, "auto" or "manual".
type gating bool

// UnmarshalJSON implements json.Unmarshaler.
func (g *gating) UnmarshalJSON(b []byte) error {
	*g = gating(len(b) > 0 && b[0] == '"' || string(b) == "true")
	return nil
}

func (h hubFile) repo() string { return h.owner + "/" + h.name }

// ref is the reference as a person writes it.
func (h hubFile) ref() string {
	out := "hf.co/" + h.repo()
	if h.revision != "" && h.revision != "main" {
		out += "@" + h.revision
	}
	if want := cmp.Or(h.path, h.quant); want != "" {
		out += ":" + want
	}
	return out
}

func (s *Sources) resolveHub(ctx context.Context, h hubFile) (Offer, error) {
	info, err := s.hubInfo(ctx, h)
	if err != nil {
		return Offer{}, err
	}
	o := Offer{
		Source: HuggingFace, Revision: info.SHA, Gated: bool(info.Gated), Name: displayRepo(h.name),
		Page: s.hub.JoinPath(h.repo()).String(), Licence: s.hubLicence(h, info),
	}
	forms, projectors := formsOf(info.entries())
	if len(forms) == 0 && len(projectors) == 0 {
		return Offer{}, backend.Fail(backend.CodeUnsupported, errors.New("no GGUF file"), h.repo()+" has no GGUF file, only weights in other formats.", "Search for a GGUF version of it: others often publish one under a similar name.")
	}
	whole := forms[:0:0]
	for _, f := range forms {
		if f.whole() {
			whole = append(whole, f)
		} else {
			o.Warnings = append(o.Warnings, fmt.Sprintf("%s is left out, because some of its parts are not there.", clip(path.Base(f.label), 80)))
		}
	}
	picked := pick(whole, cmp.Or(h.path, h.quant))
	switch {
	case len(picked) == 0:
		return Offer{}, noSuchForm(h, whole)
	case len(picked) > 1:
		return Offer{}, backend.Fail(backend.CodeInvalid, nil, "Several files of "+h.repo()+" fit \""+clip(cmp.Or(h.path, h.quant), 60)+"\".", "Say which one: "+fileNames(picked, 6)+".")
	}
	f := picked[0]
	o.Quant = f.quant
	o.Ref = hubFile{owner: h.owner, name: h.name, revision: h.revision, quant: nameFor(f, whole)}.ref()
	for _, e := range f.files {
		o.add(s.hubItem(h, info, e, backend.KindModel))
	}
	if e, ok := projectorFor(f, projectors); ok {
		o.add(s.hubItem(h, info, e, backend.KindProjector))
	}
	for _, c := range whole {
		o.Choices = append(o.Choices, Choice{Ref: hubFile{owner: h.owner, name: h.name, revision: h.revision, quant: nameFor(c, whole)}.ref(), Quant: c.quant, Bytes: c.bytes(), Files: len(c.files)})
	}
	return o, nil
}

// nameFor is what picks a form: its quant, or its first file where the quant is not clear.
func nameFor(f *form, all []*form) string {
	if found := pick(all, f.quant); f.quant != "" && len(found) == 1 && found[0] == f {
		return f.quant
	}
	return f.files[0].Path
}

func fileNames(forms []*form, most int) string {
	var out []string
	for _, f := range forms[:min(most, len(forms))] {
		out = append(out, path.Base(f.files[0].Path))
	}
	return strings.Join(out, ", ")
}

func noSuchForm(h hubFile, forms []*form) error {
	want := cmp.Or(h.path, h.quant)
	if len(forms) == 0 {
		return backend.Fail(backend.CodeUnsupported, nil, h.repo()+" has no complete GGUF model.", "Choose another repository.")
	}
	return backend.Fail(backend.CodeNotFound, nil, h.repo()+" does not have \""+clip(want, 60)+"\".", "It has "+names(forms, 12)+".")
}

// displayRepo is a repository's name without the words that only say what format it is in.
func displayRepo(s string) string {
	for _, end := range []string{"-GGUF", "-gguf", "_GGUF", ".GGUF", "-i1"} {
		s = strings.TrimSuffix(s, end)
	}
	return s
}

// hubInfo asks the hub for a repository. The token is sent only where the hub wants one.
func (s *Sources) hubInfo(ctx context.Context, h hubFile) (*hubInfo, error) {
	u := s.hub.JoinPath("api", "models", h.owner, h.name, "revision", url.PathEscape(cmp.Or(h.revision, "main")))
	u.RawQuery = "blobs=true"
	resp, err := s.askHub(ctx, h, func(header http.Header) (*http.Response, error) { return s.get(ctx, u.String(), header) }) //nolint:bodyclose // readSmall does
	if err != nil {
		return nil, err
	}
	b, err := readSmall(resp, hubInfoLimit)
	if err != nil {
		return nil, err
	}
	var info hubInfo
	if err := json.Unmarshal(b, &info); err != nil || !hubCommit.MatchString(info.SHA) {
		return nil, web.Lie(s.hub.Host, "describes the repository in a way that can't be read").Reason
	}
	if info.Disabled {
		return nil, backend.Fail(backend.CodeDenied, nil, "Hugging Face has disabled "+h.repo()+".", "Choose another repository.")
	}
	return &info, nil
}

// askHub sends a request, once more with the person's token where the hub wants one, and explains a refusal.
func (s *Sources) askHub(ctx context.Context, h hubFile, send func(http.Header) (*http.Response, error)) (*http.Response, error) {
	var header http.Header
	for {
		resp, err := send(header)
		if err != nil {
			return nil, err
		}
		if resp.StatusCode != http.StatusUnauthorized && resp.StatusCode != http.StatusForbidden && resp.StatusCode != http.StatusNotFound {
			return resp, nil
		}
		_ = resp.Body.Close()
		secret, err := s.secrets.Get(ctx, s.secretHost())
		if err != nil {
			return nil, err
		}
		if header != nil || secret.Password == "" || resp.Request.URL.Host != s.hub.Host {
			return nil, hubRefusal(h, resp, header != nil)
		}
		header = http.Header{"Authorization": {"Bearer " + secret.Password}}
	}
}

// secretHost is the host that the hub's token is kept under.
func (s *Sources) secretHost() string { return s.hub.Host }

// hubRefusal explains the hub's X-Error-Code (huggingface_hub, utils/_http.py). The hub answers 401 for a repository
// that does not exist, as it does for a private one.
func hubRefusal(h hubFile, resp *http.Response, signedIn bool) error {
	code, cause := resp.Header.Get("X-Error-Code"), fmt.Errorf("status %d, code %s", resp.StatusCode, clip(resp.Header.Get("X-Error-Code"), 40))
	switch {
	case code == "GatedRepo" && !signedIn:
		return backend.Fail(backend.CodeDenied, cause, h.repo()+" is only given to people who accepted its terms.", "Accept them on its page at Hugging Face, then enter a token of your account in the settings.")
	case code == "GatedRepo":
		return backend.Fail(backend.CodeDenied, cause, "Your account has no access to "+h.repo()+" yet.", "Ask for it on its page at Hugging Face. Some authors answer by hand, which can take days.")
	case code == "RevisionNotFound":
		return backend.Fail(backend.CodeNotFound, cause, h.repo()+" has no version \""+clip(h.revision, 60)+"\".", "Leave out what stands after the @.")
	case code == "EntryNotFound":
		return backend.Fail(backend.CodeNotFound, cause, h.repo()+" no longer has this file.", "Look the model up again.")
	case resp.StatusCode == http.StatusForbidden && code == "":
		return backend.Fail(backend.CodeDenied, cause, "Hugging Face does not give "+h.repo()+" to you.", "Check the token in the settings, and what it may read.")
	case signedIn && resp.StatusCode == http.StatusUnauthorized && code == "":
		return backend.Fail(backend.CodeDenied, cause, "Hugging Face does not accept your token.", "Enter a new one in the settings.")
	}
	return backend.Fail(backend.CodeNotFound, cause, "Hugging Face has no public repository "+h.repo()+".", "Check the spelling. If it is private, enter a token of an account that may read it in the settings.")
}

func (i *hubInfo) entries() []hubEntry {
	out := make([]hubEntry, 0, len(i.Siblings))
	for _, f := range i.Siblings {
		e := hubEntry{Path: f.Path, Bytes: -1}
		if f.Size != nil {
			e.Bytes = *f.Size
		}
		if f.LFS != nil && isDigest("sha256:"+f.LFS.SHA256) {
			e.Digest = "sha256:" + f.LFS.SHA256
			e.Bytes = f.LFS.Size
		}
		if path.Clean("/"+f.Path) == "/"+f.Path && e.Bytes >= -1 && e.Bytes <= maxLayerBytes {
			out = append(out, e)
		}
	}
	return out
}

// hubLicence takes the licence from the model card, or else from the tags.
func (s *Sources) hubLicence(h hubFile, info *hubInfo) Terms {
	t := Terms{Name: clip(info.Card.LicenceName, 80), Link: info.Card.LicenceLink}
	if t.Name == "" {
		t.Name = licenceTag(info.Tags)
	}
	if id, ok := info.Card.Licence.(string); ok && id != "" && (id != "other" || t.Name == "") {
		t.Name = clip(id, 80)
	}
	if u, err := url.Parse(t.Link); t.Link != "" && (err != nil || u.Scheme != "https") {
		t.Link = ""
		if err == nil && u.Scheme == "" && u.Host == "" && u.Path != "" { // a file of the repository
			t.Link = s.hub.JoinPath(h.repo(), "blob", info.SHA, u.Path).String()
		}
	}
	return t
}

func licenceTag(tags []string) string {
	for _, t := range tags {
		if id, ok := strings.CutPrefix(t, "license:"); ok {
			return clip(id, 80)
		}
	}
	return ""
}

func (s *Sources) hubItem(h hubFile, info *hubInfo, e hubEntry, kind backend.FileKind) web.Item {
	u := s.hub.JoinPath(h.owner, h.name, "resolve", info.SHA)
	for _, part := range strings.Split(e.Path, "/") {
		u = u.JoinPath(url.PathEscape(part))
	}
	i := web.Item{Name: path.Base(e.Path), Kind: kind, Digest: e.Digest, Bytes: e.Bytes, Address: u.String()}
	i.Link = s.hubLinker(u, i)
	return i
}

// hubLinker makes a file's linker from its address, /OWNER/REPO/resolve/COMMIT/PATH.
func (s *Sources) hubLinker(u *url.URL, i web.Item) web.Linker {
	parts := strings.SplitN(strings.TrimPrefix(u.Path, "/"), "/", 3)
	h := hubFile{}
	if len(parts) == 3 {
		h.owner, h.name = parts[0], parts[1]
	}
	return &hubLink{sources: s, hub: h, item: i}
}

// hubLink is the signed address that the hub gives for a file, renewed when it has expired.
type hubLink struct {
	sources *Sources
	hub     hubFile
	item    web.Item

	mu    sync.Mutex
	found web.Link
}

// Link implements Linker.
func (l *hubLink) Link(ctx context.Context, renew bool) (web.Link, error) {
	ctx = web.WithPurpose(ctx, web.PurposeDownload, l.hub.ref())
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.found.URL != "" && !renew {
		return l.found, nil
	}
	var link web.Link
	resp, err := l.sources.askHub(ctx, l.hub, func(header http.Header) (*http.Response, error) { //nolint:bodyclose // locate has
		found, resp, err := l.sources.locate(ctx, http.MethodHead, l.item.Address, header) // as the hub's own client does
		link = found
		return resp, err
	})
	if err != nil {
		return web.Link{}, err
	}
	if link.URL == "" {
		return web.Link{}, web.StatusFault(resp, nil).Reason
	}
	if err := l.check(resp); err != nil {
		return web.Link{}, err
	}
	l.found = link
	return link, nil
}

// check compares what the hub says of the file now with what it said when the model was looked up.
func (l *hubLink) check(resp *http.Response) error {
	size, sum := resp.Header.Get("X-Linked-Size"), strings.Trim(resp.Header.Get("X-Linked-Etag"), `"`)
	if size != "" && l.item.Bytes >= 0 && size != fmt.Sprint(l.item.Bytes) || isDigest("sha256:"+sum) && l.item.Digest != "" && "sha256:"+sum != l.item.Digest {
		return web.FileChanged(l.sources.hub.Host)
	}
	return nil
}
