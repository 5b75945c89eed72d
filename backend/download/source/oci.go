package source

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"path"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"weightroom/backend"
	"weightroom/backend/download/web"
)

const (
	manifestLimit = 1 << 20 // of a manifest; the largest in use hold a few KiB
	configLimit   = 1 << 20
	licenceLimit  = 256 << 10
	tagsLimit     = 256 << 10
	maxTags       = 100
	maxLayers     = 512
	maxLayerBytes = 1 << 44 // 16 TiB
)

// The media types of Ollama's layout (server/images.go, v0.34.4).
const (
	ollamaType = "application/vnd.ollama.image."
	tensorType = ollamaType + "tensor" // weights that are not GGUF
)

// ollamaKind returns the kind of a layer in Ollama's layout; empty: one we don't know.
func ollamaKind(mediaType string) backend.FileKind {
	switch strings.TrimPrefix(mediaType, ollamaType) {
	case "model":
		return backend.KindModel
	case "projector":
		return backend.KindProjector
	case "adapter":
		return backend.KindAdapter
	case "template":
		return backend.KindTemplate
	case "prompt", "system":
		return backend.KindSystem
	case "params":
		return backend.KindParams
	case "messages":
		return backend.KindMessages
	case "license":
		return backend.KindLicence
	}
	return ""
}

// manifest is one that was checked.
type manifest struct {
	v1.Manifest
	digest string
}

func (s *Sources) resolveRegistry(ctx context.Context, r reference) (Offer, error) {
	m, err := s.manifest(ctx, r.repo, 0)
	if err != nil {
		return Offer{}, err
	}
	o := Offer{Ref: r.repo.ref(r.source), Source: r.source, Name: path.Base(r.repo.path), Revision: m.digest}
	if r.source == Ollama {
		o.Page = "https://ollama.com/" + r.repo.path
		if !isDigest(r.repo.tag) && r.repo.tag != "latest" {
			o.Name += " " + r.repo.tag
		}
	}
	if err := s.layers(r.repo, m, &o); err != nil {
		return Offer{}, err
	}
	if err := s.readConfig(ctx, r.repo, m, &o); err != nil {
		return Offer{}, err
	}
	if r.source == Registry { // Ollama's has no list of tags
		o.Choices = s.tags(ctx, r.repo)
	}
	return o, s.readLicence(ctx, r.repo, &o)
}

// tags lists the tags of a repository, where the registry gives a list. Their sizes would cost a request each.
func (s *Sources) tags(ctx context.Context, r repository) []Choice {
	resp, err := s.ask(ctx, r, r.base()+"/tags/list?n=100", nil) //nolint:bodyclose // readSmall does
	if err != nil {
		return nil
	}
	raw, err := readSmall(resp, tagsLimit)
	if err != nil {
		return nil
	}
	var list struct {
		Tags []string `json:"tags"`
	}
	if json.Unmarshal(raw, &list) != nil {
		return nil
	}
	var out []Choice
	for _, tag := range list.Tags[:min(len(list.Tags), maxTags)] {
		r.tag = tag
		if ollamaPart.MatchString(tag) {
			out = append(out, Choice{Ref: r.ref(Registry), Quant: quantOf(tag), Bytes: -1})
		}
	}
	return out
}

// manifest fetches and checks the manifest of a tag or digest. An index is followed where it leaves no choice.
func (s *Sources) manifest(ctx context.Context, r repository, depth int) (*manifest, error) {
	accept := []string{string(types.OCIManifestSchema1), string(types.DockerManifestSchema2), string(types.OCIImageIndex), string(types.DockerManifestList)}
	resp, err := s.ask(ctx, r, r.base()+"/manifests/"+r.tag, accept)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode == http.StatusNotFound {
		_ = resp.Body.Close()
		return nil, backend.Fail(backend.CodeNotFound, errors.New("manifest not found"), r.host()+" has no model \""+clip(r.path+":"+r.tag, 100)+"\".", "Check the spelling of the name and of the tag.")
	}
	if resp.StatusCode == http.StatusUnauthorized || resp.StatusCode == http.StatusForbidden {
		_ = resp.Body.Close()
		return nil, s.denied(ctx, r)
	}
	raw, err := readSmall(resp, manifestLimit)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(raw)
	digest := "sha256:" + hex.EncodeToString(sum[:])
	said := resp.Header.Get("Docker-Content-Digest")
	if isDigest(r.tag) && r.tag != digest || said != "" && said != digest {
		return nil, backend.Fail(backend.CodeDamaged, fmt.Errorf("manifest is %s", digest), "What "+r.host()+" sent as this model's list of files is not what it should be: its checksum is different.", "Try again; if it stays so, the server or something on the way is broken.")
	}
	kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	var head struct {
		MediaType     string          `json:"mediaType"`
		SchemaVersion int             `json:"schemaVersion"`
		Manifests     []v1.Descriptor `json:"manifests"`
		Layers        json.RawMessage `json:"layers"`
	}
	if err := json.Unmarshal(raw, &head); err != nil {
		return nil, web.Lie(r.host(), "sends a list of files that can't be read").Reason
	}
	kind = cmp.Or(head.MediaType, kind)
	switch types.MediaType(kind) {
	case types.OCIImageIndex, types.DockerManifestList:
		return s.index(ctx, r, head.Manifests, depth)
	case types.OCIManifestSchema1, types.DockerManifestSchema2:
	default:
		return nil, notAModel(r, fmt.Errorf("manifest of type %q", clip(kind, 80)))
	}
	parsed, err := v1.ParseManifest(bytes.NewReader(raw))
	if err != nil || head.SchemaVersion != 2 || len(head.Manifests) > 0 {
		return nil, web.Lie(r.host(), "sends a list of files that can't be read").Reason
	}
	return &manifest{*parsed, digest}, nil
}

// index follows a list of manifests that names one model; signatures and the like beside it do not count.
func (s *Sources) index(ctx context.Context, r repository, entries []v1.Descriptor, depth int) (*manifest, error) {
	var models []v1.Descriptor
	for _, d := range entries {
		if d.Annotations["vnd.docker.reference.type"] == "" && d.MediaType.IsImage() {
			models = append(models, d)
		}
	}
	if len(models) != 1 || depth > 0 || !isDigest(models[0].Digest.String()) {
		return nil, notAModel(r, fmt.Errorf("index of %d manifests at depth %d", len(entries), depth))
	}
	r.tag = models[0].Digest.String()
	return s.manifest(ctx, r, depth+1)
}

func notAModel(r repository, cause error) error {
	return backend.Fail(backend.CodeUnsupported, cause, "\""+clip(r.path+":"+r.tag, 100)+"\" at "+r.host()+" is not a model in the GGUF format.", "Look for a GGUF version of the same model.")
}

// layers turns a manifest's layers into items.
func (s *Sources) layers(r repository, m *manifest, o *Offer) error {
	if len(m.Layers) == 0 || len(m.Layers) > maxLayers {
		return notAModel(r, fmt.Errorf("%d layers", len(m.Layers)))
	}
	seen := map[string]bool{}
	for _, l := range append(m.Layers, m.Config) {
		if !isDigest(l.Digest.String()) || l.Size < 0 || l.Size > maxLayerBytes {
			return web.Lie(r.host(), "names a file without a valid checksum or size").Reason
		}
	}
	for i, l := range m.Layers {
		kind := layerKind(l)
		if l.MediaType == tensorType {
			return notAModel(r, errors.New("layers of tensors"))
		}
		if kind == "" {
			o.Warnings = append(o.Warnings, fmt.Sprintf("A part of an unknown kind (%s) is left out.", clip(string(l.MediaType), 60)))
			continue
		}
		if seen[string(kind)+l.Digest.String()] {
			continue
		}
		seen[string(kind)+l.Digest.String()] = true
		s.addBlob(r, l, kind, layerName(l, kind, i, o.Name), o)
	}
	if len(o.weights()) == 0 {
		return notAModel(r, errors.New("no layer of weights"))
	}
	if strings.HasPrefix(string(m.Layers[0].MediaType), ollamaType) && m.Config.Size > 0 {
		s.addBlob(r, m.Config, backend.KindConfig, "config.json", o)
	}
	return nil
}

func (s *Sources) addBlob(r repository, l v1.Descriptor, kind backend.FileKind, name string, o *Offer) {
	i := web.Item{Name: name, Kind: kind, Digest: l.Digest.String(), Bytes: l.Size, Address: r.blob(l.Digest.String())}
	i.Link = &blobLink{sources: s, repo: r, url: i.Address}
	o.add(i)
}

// layerKind tells what a layer is: by Ollama's media types, Docker's for models, or the name that an artifact carries.
func layerKind(l v1.Descriptor) backend.FileKind {
	mediaType := strings.ToLower(string(l.MediaType))
	if kind := ollamaKind(mediaType); strings.HasPrefix(mediaType, ollamaType) {
		return kind
	}
	title := strings.ToLower(title(l))
	switch {
	case strings.Contains(mediaType, "mmproj"), strings.HasSuffix(title, ".gguf") && isProjector(path.Base(title)):
		return backend.KindProjector
	case strings.Contains(mediaType, "gguf"), strings.HasSuffix(title, ".gguf"):
		return backend.KindModel
	case strings.Contains(mediaType, "license"), title == "license", title == "license.txt", title == "license.md":
		return backend.KindLicence
	}
	return ""
}

func title(l v1.Descriptor) string {
	return cmp.Or(l.Annotations["org.opencontainers.image.title"], l.Annotations["org.cncf.model.filepath"], l.Annotations["org.cnai.model.filepath"])
}

// layerName is a file name for a layer: the artifact's own, or one made from its kind.
func layerName(l v1.Descriptor, kind backend.FileKind, number int, model string) string {
	if t := path.Base(path.Clean("/" + strings.ReplaceAll(title(l), `\`, "/"))); t != "/" && t != "." {
		return clip(t, 200)
	}
	switch kind {
	case backend.KindModel:
		return strings.ReplaceAll(model, " ", "-") + ".gguf"
	case backend.KindProjector:
		return "mmproj-" + strings.ReplaceAll(model, " ", "-") + ".gguf"
	case backend.KindLicence:
		return fmt.Sprintf("license-%d.txt", number)
	}
	return string(kind)
}

// blob reads a small blob whole and checks it.
func (s *Sources) blob(ctx context.Context, r repository, digest string, size, limit int64) ([]byte, error) {
	if size > limit {
		return nil, web.Lie(r.host(), "names a text that is too long").Reason
	}
	resp, err := s.ask(ctx, r, r.blob(digest), nil)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return nil, web.StatusFault(resp, nil).Reason
	}
	b, err := io.ReadAll(io.LimitReader(resp.Body, size+1))
	if err != nil {
		return nil, explainRequest(ctx, err, web.HostOf(resp))
	}
	if sum := sha256.Sum256(b); int64(len(b)) != size || "sha256:"+hex.EncodeToString(sum[:]) != digest {
		return nil, backend.Fail(backend.CodeDamaged, errors.New("small blob differs"), "A part that "+web.HostOf(resp)+" sent is not what it should be: its checksum is different.", "Try again; if it stays so, the server or something on the way is broken.")
	}
	return b, nil
}

// readConfig takes the quantization from the configuration of Ollama's and Docker's layouts.
func (s *Sources) readConfig(ctx context.Context, r repository, m *manifest, o *Offer) error {
	o.Quant = quantOf(o.weights()[0].Name)
	if m.Config.Size < 3 || m.Config.Size > configLimit { // "{}" and less say nothing
		return nil
	}
	b, err := s.blob(ctx, r, m.Config.Digest.String(), m.Config.Size, configLimit)
	if err != nil {
		return err
	}
	var c struct {
		Format string `json:"model_format"`
		Quant  string `json:"file_type"`
		Config struct {
			Quant string `json:"quantization"`
		} `json:"config"`
	}
	if json.Unmarshal(b, &c) != nil {
		return nil //nolint:nilerr // a configuration of another kind says nothing
	}
	if c.Format != "" && c.Format != "gguf" {
		return notAModel(r, fmt.Errorf("format %q", clip(c.Format, 20)))
	}
	o.Quant = cmp.Or(quantOf(cmp.Or(c.Quant, c.Config.Quant)), o.Quant)
	return nil
}

// readLicence takes the text of the first licence, so that it can be shown before the download.
func (s *Sources) readLicence(ctx context.Context, r repository, o *Offer) error {
	for _, i := range o.Items {
		if i.Kind != backend.KindLicence || i.Bytes > licenceLimit {
			continue
		}
		b, err := s.blob(ctx, r, i.Digest, i.Bytes, licenceLimit)
		if err != nil {
			return err
		}
		text := strings.ToValidUTF8(string(b), "")
		o.Licence = Terms{Name: firstLine(text), Text: text}
		return nil
	}
	return nil
}
