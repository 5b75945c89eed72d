package backend

// FileKind says what a file is to the model that it belongs to. Where a file comes in Ollama's layout, its media type
// may stand in the place of a kind.
type FileKind string

// The kinds of files that make a model.
const (
	KindModel     FileKind = "model" // the weights, or one part of them
	KindProjector FileKind = "projector"
	KindAdapter   FileKind = "adapter"
	KindTemplate  FileKind = "template"
	KindParams    FileKind = "params"
	KindSystem    FileKind = "system"
	KindLicence   FileKind = "licence"
	KindConfig    FileKind = "config"
	KindMessages  FileKind = "messages"
)
