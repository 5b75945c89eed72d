package source

import (
	"testing"
	"time"

	"weightroom/backend/download/transfer"
	"weightroom/backend/leaktest"
)

func TestMain(m *testing.M) {
	leaktest.Main(m, map[string]func(args []string) error{"keyring": keyringChild})
}

// quick is a patience for tests.
func quick() *transfer.Patience {
	return &transfer.Patience{Answer: 400 * time.Millisecond, Body: 200 * time.Millisecond, Floor: 512, Retry: 20 * time.Microsecond}
}
