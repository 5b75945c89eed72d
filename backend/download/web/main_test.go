package web

import (
	"testing"

	"weightroom/backend/download/downloadtest"
)

func TestMain(m *testing.M) { downloadtest.Main(m, nil) }
