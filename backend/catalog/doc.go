// Package catalog says what is known about open-weight models before any of them is on disk: shapes, file sizes,
// licences, scores, prices, and where each figure comes from.
//
// Load returns the embedded catalog; build/catalog/catalog.py writes its data. LoadUser adds a person's own entries.
// A Catalog does not change after it is made, so it can be read from many goroutines; what its methods return is
// shared and must not be written to. Nothing here looks at the machine or the network.
package catalog
