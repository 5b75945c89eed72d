// Package advice answers which models suit this machine, and what they cost.
//
// It gives the advisor what it judges by: the catalog's models as candidates, this machine as it is now, and what was
// measured here. What is not measured it can find out: a test drive runs a model without its weights, and a header that
// was read elsewhere makes a candidate of a model that the catalog does not know.
package advice
