package catalog

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"reflect"
	"slices"
	"strings"

	"weightroom/backend"
)

// Limits on what is read from the person's folder.
const (
	maxUserFile  = 1 << 20
	maxUserFiles = 500
)

// LoadUser returns a catalog with the entries of every *.json file at the top of dir added, in the order of the files'
// names. A file holds one model or a list of them, with the fields of Model. Either all of a file's entries are
// added or none, and each file that is left out has one sentence in problems. A folder that is not there has no
// entries. c itself stays as it is.
func (c *Catalog) LoadUser(dir fs.FS) (with *Catalog, problems []*backend.Error) {
	next := *c
	next.models, next.byID = slices.Clone(c.models), maps.Clone(c.byID)
	entries, err := fs.ReadDir(dir, ".")
	if errors.Is(err, fs.ErrNotExist) {
		return &next, nil
	}
	if err != nil {
		return &next, []*backend.Error{backend.Fail(backend.CodeDisk, err,
			"The folder with your own catalog entries could not be read.", "Check that you may open it, then start Weightroom again.")}
	}
	read := 0
	for _, entry := range entries {
		if entry.IsDir() || !strings.HasSuffix(strings.ToLower(entry.Name()), ".json") {
			continue
		}
		if read++; read > maxUserFiles {
			return &next, append(problems, backend.Fail(backend.CodeTooBig, nil,
				fmt.Sprintf("There are more than %d files with catalog entries; the rest, from %q, was not read.", maxUserFiles, entry.Name()),
				"Put several entries into one file, as a list."))
		}
		models, err := readUserFile(dir, entry.Name())
		if err == nil {
			err = next.add(entry.Name(), models)
		}
		if err != nil {
			problems = append(problems, backend.Readable(err))
		}
	}
	return &next, problems
}

// add checks a file's models and adds all of them or none.
func (c *Catalog) add(file string, models []*Model) error {
	here := map[string]bool{}
	for i, m := range models {
		at := ""
		if len(models) > 1 {
			at = fmt.Sprintf("[%d].", i)
		}
		m.fillUser()
		if f := c.check(m); len(f) > 0 {
			return badFile(file, fmt.Sprintf("the field %q %s", at+f[0].field, f[0].why), f[0].next)
		}
		if _, taken := c.byID[m.ID]; taken || here[m.ID] {
			return badFile(file, fmt.Sprintf("the field %q is %q, which another entry has already", at+"id", m.ID), "Choose another id.")
		}
		here[m.ID] = true
	}
	for _, m := range models {
		m.User = true
		c.models = append(c.models, m)
		c.complete(m)
	}
	return nil
}

// fillUser writes what a person may leave out.
func (m *Model) fillUser() {
	if m.Line == "" {
		m.Line = m.Family
	}
	if m.Verified == "" {
		m.Verified = VerifiedRecalled
	}
	if m.LicenceID == "" {
		m.LicenceID = "unknown"
	}
	for i := range m.Quants {
		if m.Quants[i].Source == "" {
			m.Quants[i].Source = SizeUser
		}
	}
}

func readUserFile(dir fs.FS, name string) ([]*Model, error) {
	file, err := dir.Open(name)
	if err != nil {
		return nil, unreadable(name, err)
	}
	defer file.Close() //nolint:errcheck // only read from
	raw, err := io.ReadAll(io.LimitReader(file, maxUserFile+1))
	if err != nil {
		return nil, unreadable(name, err)
	}
	if len(raw) > maxUserFile {
		return nil, badFile(name, "there is more than 1 MB", "Split it into several files.")
	}
	raw = bytes.TrimSpace(bytes.TrimPrefix(raw, []byte("\ufeff")))
	var models []*Model
	if bytes.HasPrefix(raw, []byte("[")) {
		err = decodeStrict(raw, &models)
	} else {
		models = []*Model{{}}
		err = decodeStrict(raw, models[0])
	}
	if err != nil {
		return nil, explainJSON(name, raw, err)
	}
	if slices.Contains(models, nil) {
		return nil, badFile(name, "an entry of the list is null", "Remove it.")
	}
	return models, nil
}

func decodeStrict(raw []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return &trailingError{d.InputOffset()}
	}
	return nil
}

type trailingError struct{ offset int64 }

func (e *trailingError) Error() string { return "more text after the entry" }

// explainJSON names the field or the line that the decoder stumbled over.
func explainJSON(name string, raw []byte, err error) error {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	var trailing *trailingError
	line := func(offset int64) int {
		return 1 + bytes.Count(raw[:min(max(offset, 0), int64(len(raw)))], []byte("\n"))
	}
	switch {
	case errors.As(err, &kind) && kind.Field != "":
		return badFile(name, fmt.Sprintf("the field %q on line %d is a %s, which does not belong there", kind.Field, line(kind.Offset), kind.Value),
			"Write "+wanted(kind.Type)+" there.")
	case errors.As(err, &kind):
		return badFile(name, fmt.Sprintf("there is a %s on line %d where an entry belongs", kind.Value, line(kind.Offset)), "Write an object in braces, or a list of them.")
	case errors.As(err, &syntax):
		return badFile(name, fmt.Sprintf("line %d is not JSON (%v)", line(syntax.Offset), syntax), "Look for a missing comma, quote or brace there.")
	case errors.As(err, &trailing):
		return badFile(name, fmt.Sprintf("line %d has more text after the end of the entry", line(trailing.offset)), "Put several entries into one list, in square brackets.")
	case len(raw) == 0:
		return badFile(name, "there is nothing", "Write an entry, or delete the file.")
	}
	if _, field, ok := strings.Cut(err.Error(), "unknown field "); ok {
		return badFile(name, "there is an unknown field "+field, "Correct its spelling or remove it.")
	}
	return badFile(name, "the JSON ends too early", "Look for a missing quote or brace.")
}

func wanted(t reflect.Type) string {
	switch t.Kind() {
	case reflect.String:
		return "text in quotes"
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Int64:
		return "a whole number"
	case reflect.Float64:
		return "a number"
	case reflect.Slice:
		return "a list in square brackets"
	default:
		return "an object in braces"
	}
}

func badFile(name, what, next string) error {
	return backend.Fail(backend.CodeInvalid, nil, fmt.Sprintf("In your catalog file %q %s, so it was left out.", name, what), next)
}

func unreadable(name string, err error) error {
	return backend.Fail(backend.CodeDisk, err, fmt.Sprintf("Your catalog file %q could not be read, so it was left out.", name),
		"Check that you may open it, then start Weightroom again.")
}
