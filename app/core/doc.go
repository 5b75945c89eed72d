// Package core opens everything and holds what a person can do with it: the floor between the window or the commands and
// the packages that must not know each other.
//
// Core composes four packages of use cases, lowest first: machine (what runs here), models (the library and the only way
// online), advice (which models suit), compare (the lab and side by side). Each is given what it needs of another; the
// two needs that go up, what blind tests found and whether somebody waits for an answer, are handed to advice as
// functions. What joins several of them is here.
//
// Nothing here knows the window: no Wails, and no type that crosses to the page. Open it with Open, close it with Close.
package core
