// Package app is the boundary: it wires the packages below backend and hardware together and offers them as
// services, to the page through Wails and to the commands in app/cli.
//
// Core owns everything that is opened: history, library, engine. Open it in the order of New, close it with Close.
// The bound services (Chats, Library, Machine, Settings) wait until the window has opened the Core, turn nouns into
// the types of dto.go, and errors into a sentence and a hint.
package app
