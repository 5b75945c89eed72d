package source

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"weightroom/backend"
	"weightroom/backend/download/web"
)

const (
	searchLimit = 4 << 20 // of one page of hits
	searchMost  = 100     // hits; nobody reads more
)

// Hit is one repository that a search found.
type Hit struct {
	Ref           string // "hf.co/OWNER/NAME", for Resolve
	Owner         string
	Name          string
	Downloads     int64 // of the last 30 days
	Likes         int64
	Licence       string // the hub's short name of it; empty: none given
	Gated         bool
	Updated       time.Time
	Task          string // "text-generation"; empty: not known
	Parameters    int64  // weights, from a header the hub has read; 0: not known
	Architecture  string
	ContextLength int // 0: not known
}

// Search asks Hugging Face for repositories with GGUF files, the most downloaded first: at most limit, and 100 at the
// most. It connects only when it is called, and sends no token.
func (s *Sources) Search(ctx context.Context, query string, limit int) ([]Hit, error) {
	query = strings.Join(strings.Fields(query), " ")
	if query == "" || len(query) > 200 {
		return nil, backend.Fail(backend.CodeInvalid, nil, "There is nothing to search for.", "Write a part of a model's name.")
	}
	limit = min(max(limit, 1), searchMost)
	ctx = web.WithPurpose(ctx, web.PurposeSearch, clip(query, 200))
	u := s.hub.JoinPath("api", "models")
	q := url.Values{"search": {query}, "filter": {"gguf"}, "sort": {"downloads"}, "direction": {"-1"}, "limit": {strconv.Itoa(limit)}}
	// Only what is shown; without "expand" the hub sends every file's name too (huggingface_hub, list_models).
	q["expand"] = []string{"downloads", "likes", "lastModified", "gated", "private", "tags", "pipeline_tag", "gguf"}
	u.RawQuery = q.Encode()
	hits := []Hit{}
	for next := u; next != nil && len(hits) < limit; {
		b, resp, err := s.fetch(ctx, next.String(), http.Header{"Accept": {"application/json"}}, searchLimit) //nolint:bodyclose // fetch does
		if err != nil {
			return nil, err
		}
		found, err := readHits(b)
		if err != nil {
			return nil, web.Lie(s.hub.Host, "answers the search in a way that can't be read").Reason
		}
		hits = append(hits, found...)
		more := s.nextPage(resp)
		if len(found) == 0 || more != nil && more.String() == next.String() {
			break
		}
		next = more
	}
	return hits[:min(len(hits), limit)], nil
}

func readHits(b []byte) ([]Hit, error) {
	var found []struct {
		ID        string    `json:"id"`
		Downloads int64     `json:"downloads"`
		Likes     int64     `json:"likes"`
		Modified  time.Time `json:"lastModified"`
		Private   bool      `json:"private"`
		Gated     gating    `json:"gated"`
		Tags      []string  `json:"tags"`
		Task      string    `json:"pipeline_tag"`
		GGUF      struct {
			Total        int64  `json:"total"`
			Architecture string `json:"architecture"`
			Context      int64  `json:"context_length"`
		} `json:"gguf"`
	}
	if err := json.Unmarshal(b, &found); err != nil {
		return nil, err
	}
	var hits []Hit
	for _, f := range found {
		owner, name, ok := strings.Cut(f.ID, "/")
		if !ok || !hubPart.MatchString(owner) || !hubPart.MatchString(name) || f.Private {
			continue
		}
		hits = append(hits, Hit{
			Ref: "hf.co/" + f.ID, Owner: owner, Name: name, Downloads: max(f.Downloads, 0), Likes: max(f.Likes, 0), Licence: licenceTag(f.Tags),
			Gated: bool(f.Gated), Updated: f.Modified, Task: clip(f.Task, 40), Parameters: max(f.GGUF.Total, 0), Architecture: clip(f.GGUF.Architecture, 40),
			ContextLength: int(min(max(f.GGUF.Context, 0), 1<<31)),
		})
	}
	return hits, nil
}

var nextLink = regexp.MustCompile(`<([^<>]+)>\s*;[^,]*\brel="?next"?`)

// nextPage reads the Link header (RFC 8288). A next page elsewhere is not asked for.
func (s *Sources) nextPage(resp *http.Response) *url.URL {
	m := nextLink.FindStringSubmatch(strings.Join(resp.Header.Values("Link"), ", "))
	if m == nil {
		return nil
	}
	u, err := resp.Request.URL.Parse(m[1])
	if err != nil || u.Host != s.hub.Host || u.Scheme != s.hub.Scheme {
		return nil
	}
	return u
}
