// Package app is the boundary to the page: the window, the services that Wails binds, the types that cross, and nothing
// else. What the services do is in app/core.
//
// Each service has three files: X.go with its bound methods, X_convert.go, which turns nouns into the page's types, and
// dto_X.go with those types. The services (Chats, Library, Machine, Discover, Downloads, Lab, Settings, Tasks) wait until the
// window has opened the Core; call.go turns their errors into a sentence and a hint, tasks.go runs what takes long, and
// events.go has all that the page is told without asking.
package app
