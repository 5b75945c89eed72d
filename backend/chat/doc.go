// Package chat takes one turn of a conversation: it saves the prompt, runs the model, and saves the answer.
//
// Order matters and is kept here: prompt and empty answer are on disk before the engine sees anything, what streams
// is flushed at least every second, and the end is committed before anybody hears of it. The engine writes
// one answer at a time: those of several chats wait in the order in which they were asked for, and hear which chat is
// answered first. Close stops every turn and returns when
// all ends are stored.
package chat
