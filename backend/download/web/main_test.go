package web

import (
	"testing"

	"weightroom/backend/leaktest"
)

func TestMain(m *testing.M) { leaktest.Main(m, nil) }
