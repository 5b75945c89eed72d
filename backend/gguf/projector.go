package gguf

// PictureBytes is about what the engine's buffers for one picture take with this projector: the picture, and of each patch
// of it the widest step of a layer. 0: the file says too little of its shape.
func (f *File) PictureBytes() int64 {
	size, patch := int64(f.archInt("vision.image_size")), int64(f.archInt("vision.patch_size"))
	width, inner := int64(f.archInt("vision.embedding_length")), int64(f.archInt("vision.feed_forward_length"))
	const most = 1 << 16 // no picture, patch or layer is wider
	if size <= 0 || patch <= 0 || width <= 0 || max(size, patch, width, inner) > most || patch > size {
		return 0
	}
	const float, colours = 4, 3
	patches := (size / patch) * (size / patch)
	return float * (colours*size*size + patches*(max(inner, 4*width)+4*width))
}
