package gguf

import (
	"fmt"
	"strconv"

	"weightroom/backend"
)

const (
	hintAgain  = "Download it again from where you got it."
	hintOrigin = "Don't use this file. Get the model again from a place you trust."
	hintOther  = "Get this model from a newer conversion, or pick another model."
	hintUnfit  = "The file may be fine for another program. Get another conversion of this model, or pick another model."
	hintNewer  = "Update Weightroom when a newer version is out, or pick another model."
)

func notGGUF(message, hint string) error {
	return backend.Fail(backend.CodeNotGGUF, nil, message, hint)
}

func truncated(format string, args ...any) error {
	return backend.Fail(backend.CodeTruncated, nil, fmt.Sprintf(format, args...), hintAgain)
}

func hostile(format string, args ...any) error {
	return backend.Fail(backend.CodeHostileFile, nil, fmt.Sprintf(format, args...), hintOrigin)
}

func unsupported(format string, args ...any) error {
	return backend.Fail(backend.CodeUnsupported, nil, fmt.Sprintf(format, args...), hintOther)
}

// unfit refuses a file that doesn't lie about its sizes: it is merely nothing for this engine.
func unfit(format string, args ...any) error {
	return backend.Fail(backend.CodeUnsupported, nil, fmt.Sprintf(format, args...), hintUnfit)
}

// newer refuses what a later engine may know.
func newer(format string, args ...any) *backend.Error {
	return backend.Fail(backend.CodeUnsupported, nil, "This model needs a newer version of Weightroom's engine: "+fmt.Sprintf(format, args...), hintNewer)
}

func unreadable(err error) error {
	return backend.Fail(backend.CodeDamaged, err, "The disk could not read this file.", "Check the disk, or copy the file to another one and try again.")
}

// quoted shows a name from the file inside a sentence: escaped, so that it can't pose as the sentence, and short.
func quoted(name string) string {
	const most = 48
	if len(name) > most {
		return strconv.QuoteToASCII(name[:most]) + "…"
	}
	return strconv.QuoteToASCII(name)
}
