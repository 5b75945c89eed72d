package library

import "weightroom/backend"

// Options says how a file is imported. The zero value takes everything from the file.
type Options struct {
	Ref     string          // reference it should get; empty: from Name
	Name    string          // name for people; empty: the file's own
	Source  string          // empty: SourceImport
	Licence backend.Licence // empty name: the file's own
	Parent  *backend.Parent // of a derived model, which gets its parent's templates, system prompt and sampling too
	SHA256  string          // the file must have this digest (hexadecimal); empty: any
	Link    bool            // a hard link will do where the disk can't share blocks: it costs no space, but a change to the original changes the model
	// Projector is the file that lets the model see (its mmproj), imported with it.
	Projector string
	Progress  func(done, total int64)
}

// Incoming is a model whose files somebody else has fetched.
type Incoming struct {
	// Ref is the name it should get, with its host where that is not Ollama's: "llama3.1:8b",
	// "hf.co/OWNER/REPO:Q4_K_M", "HOST:PORT/NAMESPACE/NAME:TAG". A model of that name that was fetched too is replaced;
	// one that came otherwise stays, and the new one gets "-2". What the layout can't hold becomes a name of our own.
	Ref      string
	Name     string // for people; empty: the file's own
	Files    []IncomingFile
	Licence  backend.Licence         // empty name: the file's own
	Source   string                  // empty: SourcePull
	Address  string                  // the page or registry it is from, with nothing secret in it
	Revision string                  // a commit, or the digest of a manifest
	Progress func(done, total int64) `json:"-"`
}

// IncomingFile is one file of an Incoming.
type IncomingFile struct {
	Kind    backend.FileKind // or a media type of Ollama's layout
	Name    string           // what it is called where it is from
	Path    string           // where it is now, best in DownloadsDir; empty: the library has it, see Has
	Digest  string           // "sha256:" and 64 hexadecimal digits
	Bytes   int64
	Address string // where to fetch it again, with nothing secret in it

	// Verified says that the caller has hashed what is on disk now, so that it need not be read again.
	Verified bool
	// Parts are the sha256 (hexadecimal) of each PartBytes of the file, the last one shorter, if the caller has
	// computed them. With them a bad part can be found and fetched alone.
	Parts []string
}
