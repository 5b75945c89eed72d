// Package models is what a person does with models: finding out what a source has of one, downloading it, taking it
// over from another app, checking it, repairing it, moving them all.
//
// Catalog is what is known of models that are not here, Models are those of the library, and Downloads is the only way
// online: it connects to nothing by itself. To read it: resolve.go (what a reference stands for), offers.go (what stands
// in its way), network.go.
package models
