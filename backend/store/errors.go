package store

import (
	"context"
	"errors"
	"io/fs"
	"syscall"

	berrors "go.etcd.io/bbolt/errors"

	"weightroom/backend"
	"weightroom/backend/fsys"
)

// errNewer is a file of a later version of the app.
var errNewer = errors.New("schema is newer than this version knows")

// explain returns the sentence for err. An error that has one already is returned as it is.
func explain(err error) error {
	var known *backend.Error
	var broken *fault
	switch {
	case err == nil, errors.As(err, &known):
		return err
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return backend.Fail(backend.CodeCancelled, err, "This was cancelled.", "Nothing was changed.")
	case errors.Is(err, berrors.ErrTimeout), errors.Is(err, fsys.ErrLocked):
		return backend.Fail(backend.CodeLocked, err, "Another Weightroom is using this chat history.",
			"Close the other one, or start Weightroom with another data folder.")
	case errors.Is(err, errNewer):
		return backend.Fail(backend.CodeUnsupported, err, "This chat history was written by a newer Weightroom.",
			"Open it with the newer version. Nothing in it was changed.")
	case fsys.IsFull(err):
		return fsys.Full(err, "Then try again: this was not saved, but everything saved before is still there.")
	case fsys.IsReadOnly(err), errors.Is(err, berrors.ErrDatabaseReadOnly):
		return fsys.ReadOnly(err, "Until then nothing can be saved in the chat history.")
	case errors.Is(err, fs.ErrPermission):
		return backend.Fail(backend.CodeDenied, err, "Weightroom is not allowed to use the folder of its chat history.",
			"Check who owns the folder, or start Weightroom with another data folder.")
	case fsys.IsBadDisk(err):
		return fsys.BadDisk(err, "Then start Weightroom again: this was not saved.")
	case fsys.Is(err, syscall.EISDIR):
		return backend.Fail(backend.CodeInvalid, err, "There is a folder where a file of the chat history belongs.",
			"Look into the data folder and move that folder away.")
	case fsys.Is(err, syscall.ENOTDIR):
		return backend.Fail(backend.CodeInvalid, err, "There is a file where a folder of the chat history belongs.",
			"Move that file away, or start Weightroom with another data folder.")
	case fsys.Is(err, syscall.ENAMETOOLONG, syscall.ELOOP):
		return backend.Fail(backend.CodeInvalid, err, "The path of the chat history is too long, or its links lead in a circle.",
			"Start Weightroom with another data folder.")
	case errors.Is(err, fs.ErrNotExist):
		return backend.Fail(backend.CodeNotFound, err, "The folder of the chat history is not there.",
			"Connect the disk that it is on, or start Weightroom with another data folder.")
	case errors.As(err, &broken), errors.Is(err, errRecord):
		return backend.Fail(backend.CodeDamaged, err, "The chat history is damaged.",
			"Start Weightroom again: it repairs the history from its backup and keeps the damaged file.")
	}
	return backend.Readable(err)
}

func isCode(err error, code backend.Code) bool {
	var known *backend.Error
	return errors.As(err, &known) && known.Code == code
}

func errClosed() error {
	return backend.Fail(backend.CodeCancelled, nil, "The chat history is closed.", "Start Weightroom again.")
}

func errNoChat() error {
	return backend.Fail(backend.CodeNotFound, nil, "This chat does not exist any more.", "Choose another chat, or start a new one.")
}

func errNoMessage() error {
	return backend.Fail(backend.CodeNotFound, nil, "This message does not exist.", "Open the chat again to see what it holds.")
}
