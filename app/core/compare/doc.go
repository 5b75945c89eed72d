// Package compare holds models against each other: quants that are made and measured, blind tests, and one prompt for
// several models side by side.
//
// Lab wires backend/lab to the engine, the library and this machine, and keeps which comparison is under way;
// comparisons.go has the one way to run one. SideBySide keeps the last prompts that went to several models.
package compare
