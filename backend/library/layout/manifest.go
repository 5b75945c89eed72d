package layout

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Layer names a blob and says what it is.
type Layer struct {
	MediaType string `json:"mediaType"`
	Digest    string `json:"digest"`
	Size      int64  `json:"size"`
}

// Manifest says which blobs make a model.
type Manifest struct {
	SchemaVersion int     `json:"schemaVersion"`
	MediaType     string  `json:"mediaType"`
	Config        Layer   `json:"config"`
	Layers        []Layer `json:"layers"`
}

// All returns the config and the layers.
func (m Manifest) All() []Layer { return append([]Layer{m.Config}, m.Layers...) }

// Weights returns the layers that hold the model itself; more than one only for files split by the engine.
func (m Manifest) Weights() []Layer {
	var out []Layer
	for _, l := range m.Layers {
		if l.MediaType == TypeModel {
			out = append(out, l)
		}
	}
	return out
}

// Bytes returns the size of all its files.
func (m Manifest) Bytes() int64 {
	var n int64
	for _, l := range m.All() {
		n += l.Size
	}
	return n
}

// Has reports whether there is a layer of a type.
func (m Manifest) Has(mediaType string) bool {
	_, ok := m.First(mediaType)
	return ok
}

// First returns the first layer of a type.
func (m Manifest) First(mediaType string) (Layer, bool) {
	for _, l := range m.Layers {
		if l.MediaType == mediaType {
			return l, true
		}
	}
	return Layer{}, false
}

// Digests returns each file of a manifest once, with its size.
func (m Manifest) Digests() map[string]int64 {
	out := map[string]int64{}
	for _, x := range m.All() {
		if x.Digest != "" {
			out[strings.ToLower(x.Digest)] = x.Size
		}
	}
	return out
}

// Key is the digest that what is remembered of a manifest's model is filed under.
func (m Manifest) Key() string {
	if w := m.Weights(); len(w) > 0 {
		return w[0].Digest
	}
	if i := slices.IndexFunc(m.Layers, func(x Layer) bool { return HoldsTensors(x.MediaType) }); i >= 0 {
		return m.Layers[i].Digest
	}
	return ""
}

// Sound reports whether a manifest names blobs as it should.
func (m Manifest) Sound() bool {
	if len(m.Layers) == 0 {
		return false
	}
	for _, x := range m.All() {
		if sum, ok := strings.CutPrefix(x.Digest, "sha256:"); !ok || !IsSHA256(sum) || x.Size < 0 {
			return false
		}
	}
	return true
}

// ReadManifest reads a manifest and refuses one that names no blobs.
func ReadManifest(path string) (m Manifest, written time.Time, err error) {
	data, written, err := ReadSmall(path)
	if err != nil {
		return m, written, err
	}
	if err := json.Unmarshal(data, &m); err != nil {
		return m, written, err
	}
	if len(m.Layers) == 0 {
		return m, written, fmt.Errorf("manifest has no layers")
	}
	for _, l := range m.Layers {
		if sum, ok := strings.CutPrefix(l.Digest, "sha256:"); !ok || !IsSHA256(sum) || l.Size < 0 {
			return m, written, fmt.Errorf("manifest has a layer without a digest or size")
		}
	}
	return m, written, nil
}
