// Package advisor says which open-weight model suits a machine.
//
// This is a first rule: it knows a dozen models and looks at free memory alone. It measures no speed and says so.
package advisor
