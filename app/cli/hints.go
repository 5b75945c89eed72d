package cli

import (
	"strings"

	"weightroom/backend"
)

// forTerminal is an error with the hint for who reads a terminal. Elsewhere hints are for who sits before the window.
func forTerminal(e *backend.Error) *backend.Error {
	return &backend.Error{Code: e.Code, Message: e.Message, Hint: terminalHint(e.Code, e.Hint), Cause: e.Cause}
}

func terminalHint(code backend.Code, hint string) string {
	switch code {
	case backend.CodeEngineMissing:
		return "Run make engine, or install Weightroom again."
	case backend.CodeStarterMissing:
		return "Run make starter, or import a GGUF file that you have."
	case backend.CodeNoRoom:
		return "Close other programs, choose a shorter --context, or pick a smaller quant. --anyway loads it all the same: the machine may swap and be slow, or end the program."
	case backend.CodeLicence:
		return "Read it, then add --accept-licence, or accept it on the Discover page."
	}
	return strings.NewReplacer(
		"Search the catalog on the Discover page.", "List what suits this machine with: weightroom recommend",
		"Look for it on the Discover page.", "List what suits this machine with: weightroom recommend",
		"Verify its file on the Library page.", "Check its file with: weightroom models verify.",
		"Verify its file on the Library page,", "Check its file with weightroom models verify,",
		"Verify it on the Library page.", "Check it with: weightroom models verify",
		"Choose a chat template for it in its details on the Library page", "Choose a chat template for it with weightroom models template REF NAME",
		"choose another chat template in its details on the Library page", "choose another chat template with weightroom models template REF NAME",
		"import a GGUF file on the Library page.", "import a GGUF file: weightroom import FILE.gguf",
		"start Weightroom with another data folder", "choose another folder with --data",
		"Start Weightroom with another data folder", "Choose another folder with --data",
	).Replace(hint)
}

// machineHint says how a machine's file is made.
const machineHint = "Make the file on that machine with: weightroom detect --json > machine.json"
