// Package backend holds Weightroom's nouns: chats, messages, models, problems, and the errors people read.
//
// It imports only the standard library. The packages below it do the work and do not know each other; what one
// needs of another it receives as a small interface, and the app package wires them.
package backend
