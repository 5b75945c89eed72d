package library

import "weightroom/backend/library/layout"

// originOf returns where a model came from: what its config says or, where that is lost, what is remembered of it.
func (cat *catalogue) originOf(e layout.Entry) *layout.Origin {
	if c, ok := cat.store().ReadConfig(e.Manifest.Config); ok {
		return c.Ours
	}
	if k, ok := cat.index.Of(e.Name.Ref()); ok {
		return k.Origin()
	}
	return nil
}

// remember notes a manifest and its config, which has to be sound.
func (cat *catalogue) remember(e layout.Entry) {
	if data, _, err := layout.ReadSmall(cat.store().Blob(e.Manifest.Config.Digest)); err == nil {
		cat.index.Remember(e.Name, e.Manifest, data)
	}
}

// saveIndex writes the index when it has changed and no one else is writing.
func (cat *catalogue) saveIndex() {
	if !cat.index.Unsaved() {
		return
	}
	if free, ok := cat.tryChange(); ok {
		cat.index.Write(cat.store())
		free()
	}
}
