package testdrive

import (
	"encoding/json"
	"os"
	"testing"

	"weightroom/backend"
)

// blueprints reads the catalog's.
func blueprints(t testing.TB) map[string]backend.Blueprint {
	t.Helper()
	data, err := os.ReadFile("../../backend/catalog/data/blueprints.json")
	if err != nil {
		t.Fatal(err)
	}
	var rows map[string]backend.Blueprint
	if err := json.Unmarshal(data, &rows); err != nil {
		t.Fatal(err)
	}
	return rows
}
