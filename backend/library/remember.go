package library

import "weightroom/backend/library/layout"

// originOf returns where a model came from: what its config says or, where that is lost, what is remembered of it.
func (l *Library) originOf(e layout.Entry) *layout.Origin {
	if c, ok := l.store().ReadConfig(e.Manifest.Config); ok {
		return c.Ours
	}
	if k, ok := l.index.Of(e.Name.Ref()); ok {
		return k.Origin()
	}
	return nil
}

// remember notes a manifest and its config, which has to be sound.
func (l *Library) remember(e layout.Entry) {
	if data, _, err := layout.ReadSmall(l.store().Blob(e.Manifest.Config.Digest)); err == nil {
		l.index.Remember(e.Name, e.Manifest, data)
	}
}

// saveIndex writes the index when it has changed and no one else is writing.
func (l *Library) saveIndex() {
	if !l.index.Unsaved() {
		return
	}
	if free, ok := l.tryChange(); ok {
		l.index.Write(l.store())
		free()
	}
}
