package library

// Where a model came from: Model.Source.
const (
	SourceStarter = "starter"
	SourceImport  = "import"
	SourcePull    = "pull"
	SourceAdopted = "adopted"
	SourceDerived = "derived"
)

// Library is one store. It may be used from many goroutines, and beside other processes. Each of its parts has one use
// and knows only the parts that it stands on, never the whole.
type Library struct {
	*folder
	*catalogue
	*inspector
	*importer
	*acceptor
	*adopter
	*attacher
	*verifier
	*repairer
	*exporter
	*keeper
	*mover
}
