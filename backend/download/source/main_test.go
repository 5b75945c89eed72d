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

// eager tries again at once.
func eager() *transfer.Patience {
	return &transfer.Patience{Answer: 20 * time.Second, Body: 15 * time.Second, Floor: 512, Retry: 20 * time.Microsecond}
}
