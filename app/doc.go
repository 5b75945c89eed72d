// Package app is the boundary to the page: the window, the services that Wails binds, the types that cross, and nothing
// else. What the services do is in app/core.
//
// Each service has three files: X.go with its bound methods, X_convert.go, which turns nouns into the page's types, and
// dto_X.go with those types; the Lab's methods are in lab.go, blind.go, sidebyside.go and adapters.go. The services (Chats,
// Library, Machine, Discover, Downloads, Lab, Settings, Tasks) stand on host.go, what they share, and wait there until the
// window has opened the Core. call.go turns their errors into a sentence and a hint, tasks.go runs what takes long, dialogs.go
// asks for files, and events.go has all that the page is told without asking. window.go joins the services and opens the
// Core; run.go shows the window.
package app
