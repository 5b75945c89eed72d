package layout

import (
	"cmp"
	"strings"

	"weightroom/backend"
	"weightroom/backend/gguf"
)

// LicenceOf says what a file's own licence entry allows, for the licences that models commonly carry. OpenSource is
// the Open Source Initiative's list (opensource.org/licenses). A name that is not known allows nothing.
func LicenceOf(f *gguf.File) backend.Licence {
	id, name, _ := f.Licence()
	key := strings.ToLower(strings.TrimSpace(id))
	if key == "other" || key == "unknown" {
		key = ""
	}
	open := func(name string) backend.Licence {
		return backend.Licence{Name: name, OpenSource: true, Commercial: true}
	}
	switch key {
	case "apache-2.0", "apache 2.0", "apache license 2.0":
		return open("Apache-2.0")
	case "mit":
		return open("MIT")
	case "bsd-3-clause":
		return open("BSD-3-Clause")
	case "bsd-2-clause":
		return open("BSD-2-Clause")
	case "isc":
		return open("ISC")
	case "mpl-2.0":
		return open("MPL-2.0")
	case "gpl-3.0":
		return open("GPL-3.0")
	case "agpl-3.0":
		return open("AGPL-3.0")
	case "lgpl-3.0":
		return open("LGPL-3.0")
	case "unlicense":
		return open("Unlicense")
	case "cc0-1.0", "cc-by-4.0", "cc-by-sa-4.0": // free to use, but not on the list: made for works, not software
		return backend.Licence{Name: strings.ToUpper(key), Commercial: true}
	}
	return backend.Licence{Name: Display(cmp.Or(name, strings.TrimSpace(id)))}
}
