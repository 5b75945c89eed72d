package downloadtest

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Hub acts as Hugging Face does: descriptions of repositories, a search in pages, and files that are sent on to signed
// addresses on another port, which expire. It answers with the headers and error codes that the hub's own client
// reads (huggingface_hub: utils/_http.py, file_download.py, hf_api.py).
type Hub struct {
	Site *httptest.Server // the hub
	CDN  *httptest.Server // where its files are
	Life time.Duration    // of a signed address; 0: an hour
	Page int              // hits in one page of a search; 0: 20
	// Before may answer a request to either server itself; it reports whether it did. nil: nothing.
	Before func(w http.ResponseWriter, r *http.Request) bool

	mu    sync.Mutex
	repos map[string]*HubRepo
	key   []byte
	seen  []HubRequest
	sent  int64
}

// HubRepo is one repository. Its commit is made from its name.
type HubRepo struct {
	ID        string
	Files     []HubFile
	Card      map[string]any // cardData
	Tags      []string
	Gated     string // "", "auto" or "manual"
	Private   bool
	Allowed   []string // tokens that may read a gated or private repository
	Downloads int
	Likes     int
	GGUF      map[string]any
	Updated   time.Time
}

// HubFile is one file. Large ones are in LFS, as the hub stores everything that git would not.
type HubFile struct {
	Path   string
	Data   io.ReaderAt
	Size   int64
	SHA256 string // hexadecimal; empty: not in LFS
}

// HubRequest is what a server saw of one request.
type HubRequest struct {
	Server        string // "site" or "cdn"
	Method, Path  string
	Authorisation string
	Range         string
	UserAgent     string
	Cookie        string
	Referer       string
}

// NewHub starts a hub with these repositories.
func NewHub(repos ...*HubRepo) *Hub {
	h := &Hub{repos: map[string]*HubRepo{}, key: make([]byte, 16)}
	_, _ = rand.Read(h.key)
	for _, r := range repos {
		h.repos[r.ID] = r
	}
	h.Site = httptest.NewServer(h.noted("site", h.site))
	h.CDN = httptest.NewServer(h.noted("cdn", h.cdn))
	return h
}

// Close ends both servers.
func (h *Hub) Close() {
	for _, s := range []*httptest.Server{h.Site, h.CDN} {
		s.CloseClientConnections()
		s.Close()
	}
}

// Seen lists the requests so far.
func (h *Hub) Seen() []HubRequest {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.seen)
}

// Sent is how many bytes of files were given to the network.
func (h *Hub) Sent() int64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.sent
}

// Expire ends every signed address given so far.
func (h *Hub) Expire() {
	h.mu.Lock()
	defer h.mu.Unlock()
	_, _ = rand.Read(h.key)
}

// Commit is the commit of a repository's main branch.
func (r *HubRepo) Commit() string {
	sum := sha256.Sum256([]byte(r.ID))
	return hex.EncodeToString(sum[:20])
}

func (h *Hub) noted(server string, next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		h.mu.Lock()
		h.seen = append(h.seen, HubRequest{server, r.Method, r.URL.Path, r.Header.Get("Authorization"), r.Header.Get("Range"), r.UserAgent(), r.Header.Get("Cookie"), r.Referer()})
		h.mu.Unlock()
		http.SetCookie(w, &http.Cookie{Name: "token", Value: "follow-me", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode})
		if h.Before != nil && h.Before(w, r) {
			return
		}
		next(w, r)
	}
}

func (h *Hub) site(w http.ResponseWriter, r *http.Request) {
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	switch {
	case r.URL.Path == "/api/models":
		h.search(w, r)
	case len(parts) == 6 && parts[0] == "api" && parts[1] == "models" && parts[4] == "revision":
		h.info(w, r, parts[2]+"/"+parts[3], parts[5])
	case len(parts) >= 5 && parts[2] == "resolve":
		h.resolve(w, r, parts[0]+"/"+parts[1], parts[3], strings.Join(parts[4:], "/"))
	case len(parts) >= 6 && parts[0] == "api" && parts[1] == "resolve-cache":
		if f := h.file(parts[2]+"/"+parts[3], strings.Join(parts[5:], "/")); f != nil {
			h.send(w, r, *f)
			return
		}
		hubError(w, http.StatusNotFound, "EntryNotFound", "Entry not found")
	default:
		hubError(w, http.StatusNotFound, "", "Sorry, we can't find the page you are looking for.")
	}
}

// entry returns a repository that the asker may know of. The hub hides private ones as if they did not exist.
func (h *Hub) entry(w http.ResponseWriter, r *http.Request, id string) *HubRepo {
	h.mu.Lock()
	repo := h.repos[id]
	h.mu.Unlock()
	if repo == nil || repo.Private && !repo.allows(r) {
		status, message := http.StatusUnauthorized, "Invalid username or password."
		if r.Header.Get("Authorization") != "" {
			status, message = http.StatusNotFound, "Repository not found"
		}
		hubError(w, status, "RepoNotFound", message)
		return nil
	}
	return repo
}

func (r *HubRepo) allows(req *http.Request) bool {
	token, ok := strings.CutPrefix(req.Header.Get("Authorization"), "Bearer ")
	return ok && slices.Contains(r.Allowed, token)
}

func (r *HubRepo) has(revision string) bool { return revision == "main" || revision == r.Commit() }

func (h *Hub) info(w http.ResponseWriter, r *http.Request, id, revision string) {
	repo := h.entry(w, r, id)
	if repo == nil {
		return
	}
	if !repo.has(revision) {
		hubError(w, http.StatusNotFound, "RevisionNotFound", "Invalid rev id: "+revision)
		return
	}
	siblings := []map[string]any{}
	for _, f := range repo.Files {
		s := map[string]any{"rfilename": f.Path}
		if r.URL.Query().Get("blobs") == "true" {
			s["size"], s["blobId"] = f.Size, strings.Repeat("b", 40)
			if f.SHA256 != "" {
				s["lfs"] = map[string]any{"sha256": f.SHA256, "size": f.Size, "pointerSize": 135}
			}
		}
		siblings = append(siblings, s)
	}
	answer := repo.summary()
	answer["sha"], answer["siblings"], answer["cardData"] = repo.Commit(), siblings, repo.Card
	writeJSON(w, answer)
}

func (r *HubRepo) summary() map[string]any {
	owner, _, _ := strings.Cut(r.ID, "/")
	s := map[string]any{
		"_id": r.Commit()[:24], "id": r.ID, "modelId": r.ID, "author": owner, "private": r.Private, "gated": false, "disabled": false,
		"downloads": r.Downloads, "likes": r.Likes, "tags": r.Tags, "pipeline_tag": "text-generation", "lastModified": r.Updated.UTC().Format("2006-01-02T15:04:05.000Z"),
	}
	if r.Gated != "" {
		s["gated"] = r.Gated
	}
	if r.GGUF != nil {
		s["gguf"] = r.GGUF
	}
	return s
}

func (h *Hub) search(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	var found []*HubRepo
	h.mu.Lock()
	for _, repo := range h.repos {
		if !repo.Private && strings.Contains(strings.ToLower(repo.ID), strings.ToLower(q.Get("search"))) && (q.Get("filter") == "" || slices.Contains(repo.Tags, q.Get("filter"))) {
			found = append(found, repo)
		}
	}
	h.mu.Unlock()
	slices.SortFunc(found, func(a, b *HubRepo) int {
		if a.Downloads != b.Downloads {
			return b.Downloads - a.Downloads
		}
		return strings.Compare(a.ID, b.ID)
	})
	limit, _ := strconv.Atoi(q.Get("limit"))
	page := h.Page
	if page == 0 {
		page = 20
	}
	if limit > 0 {
		page = min(page, limit)
	}
	from, _ := strconv.Atoi(q.Get("cursor"))
	from = min(from, len(found))
	to := min(from+page, len(found))
	if to < len(found) {
		q.Set("cursor", strconv.Itoa(to))
		w.Header().Set("Link", fmt.Sprintf(`<%s/api/models?%s>; rel="next"`, h.Site.URL, q.Encode()))
	}
	answer := []map[string]any{}
	for _, repo := range found[from:to] {
		all, some := repo.summary(), map[string]any{"_id": repo.Commit()[:24], "id": repo.ID}
		for _, key := range q["expand"] {
			some[key] = all[key]
		}
		answer = append(answer, some)
	}
	writeJSON(w, answer)
}

func (h *Hub) file(id, path string) *HubFile {
	h.mu.Lock()
	defer h.mu.Unlock()
	repo := h.repos[id]
	if repo == nil {
		return nil
	}
	for i := range repo.Files {
		if repo.Files[i].Path == path {
			return &repo.Files[i]
		}
	}
	return nil
}

func (h *Hub) resolve(w http.ResponseWriter, r *http.Request, id, revision, path string) {
	repo := h.entry(w, r, id)
	if repo == nil {
		return
	}
	if repo.Gated != "" && !repo.allows(r) {
		status := http.StatusUnauthorized
		if r.Header.Get("Authorization") != "" {
			status = http.StatusForbidden
		}
		hubError(w, status, "GatedRepo", "Access to model "+id+" is restricted and you are not in the authorized list.")
		return
	}
	if !repo.has(revision) {
		hubError(w, http.StatusNotFound, "RevisionNotFound", "Invalid rev id: "+revision)
		return
	}
	f := h.file(id, path)
	if f == nil {
		hubError(w, http.StatusNotFound, "EntryNotFound", "Entry not found")
		return
	}
	w.Header().Set("X-Repo-Commit", repo.Commit())
	w.Header().Set("Accept-Ranges", "bytes")
	if f.SHA256 == "" { // small files come from the hub itself, by a relative address
		w.Header().Set("ETag", `"`+strings.Repeat("b", 40)+`"`)
		w.Header().Set("Location", "/api/resolve-cache/"+id+"/"+repo.Commit()+"/"+path)
		w.WriteHeader(http.StatusTemporaryRedirect)
		return
	}
	w.Header().Set("X-Linked-Size", strconv.FormatInt(f.Size, 10))
	w.Header().Set("X-Linked-ETag", `"`+f.SHA256+`"`)
	w.Header().Set("Location", h.Sign(id, path))
	w.WriteHeader(http.StatusFound)
}

// Sign returns the signed address of a file.
func (h *Hub) Sign(id, path string) string {
	life := h.Life
	if life == 0 {
		life = time.Hour
	}
	q := url.Values{"id": {id}, "path": {path}, "Expires": {strconv.FormatInt(time.Now().Add(life).UnixMilli(), 10)}}
	q.Set("Signature", h.signature(q))
	return h.CDN.URL + "/repos/blob?" + q.Encode()
}

func (h *Hub) signature(q url.Values) string {
	h.mu.Lock()
	defer h.mu.Unlock()
	m := hmac.New(sha256.New, h.key)
	_, _ = m.Write([]byte(q.Get("id") + "\n" + q.Get("path") + "\n" + q.Get("Expires")))
	return hex.EncodeToString(m.Sum(nil))
}

func (h *Hub) cdn(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	expires, _ := strconv.ParseInt(q.Get("Expires"), 10, 64)
	if !hmac.Equal([]byte(q.Get("Signature")), []byte(h.signature(q))) || time.Now().UnixMilli() > expires || r.Header.Get("Authorization") != "" {
		w.Header().Set("Content-Type", "application/xml")
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, `<?xml version="1.0" encoding="UTF-8"?><Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>`)
		return
	}
	f := h.file(q.Get("id"), q.Get("path"))
	if f == nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("ETag", `"`+f.SHA256[:32]+`"`)
	h.send(w, r, *f)
}

func (h *Hub) send(w http.ResponseWriter, r *http.Request, f HubFile) {
	w.Header().Set("Content-Type", "binary/octet-stream")
	c := &countedWriter{ResponseWriter: w}
	http.ServeContent(c, r, "", time.Time{}, io.NewSectionReader(f.Data, 0, f.Size))
	h.mu.Lock()
	h.sent += c.n
	h.mu.Unlock()
}

type countedWriter struct {
	http.ResponseWriter
	n int64
}

func (c *countedWriter) Write(p []byte) (int, error) {
	n, err := c.ResponseWriter.Write(p)
	c.n += int64(n)
	return n, err
}

func hubError(w http.ResponseWriter, status int, code, message string) {
	if code != "" {
		w.Header().Set("X-Error-Code", code)
	}
	w.Header().Set("X-Error-Message", message)
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"error": message})
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_ = json.NewEncoder(w).Encode(v)
}
