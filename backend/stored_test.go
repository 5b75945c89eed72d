package backend

import (
	"encoding/json"
	"os"
	"testing"
	"time"
)

// TestStoredFormsAreRead reads what version 0.1.0 stored: a renamed key would lose a person's settings.
func TestStoredFormsAreRead(t *testing.T) {
	settings := Settings{
		Theme: "s", DefaultModel: "s", SystemPrompt: "s", Temperature: 5.5, ContextLength: 6, KeepAliveMinutes: 7, SendWith: "s", Threads: 9,
		ShowFigures: true, Welcomed: true, SpeedLimit: 12, DownloadsAtOnce: 13, NeverOnline: true,
	}
	var gotSettings Settings
	stored(t, "settings.json", &gotSettings, settings)
	if gotSettings != settings {
		t.Errorf("%+v", gotSettings)
	}
	report := VerifyReport{Models: 2, At: 3, Bad: []Damage{{Ref: "s", Reason: "s", Repairable: true}}}
	var gotReport VerifyReport
	stored(t, "verify-report.json", &gotReport, report)
	if gotReport.Models != 2 || gotReport.At != 3 || len(gotReport.Bad) != 1 || gotReport.Bad[0] != report.Bad[0] {
		t.Errorf("%+v", gotReport)
	}
	// Of runs that were kept before weights, KV cache and depth were noted, these stay unknown.
	drive := Drive{
		Model: "s", Quant: "s", Source: SourceMeasured, Architecture: "s", Bytes: 5, ActiveBytes: 6, Layers: 7, PromptTokensPerSecond: 8.5, TokensPerSecond: 9.5,
		Spread: 0.5, PeakMemoryBytes: 11, LoadSeconds: 12.5, DiskBytes: 13, Seconds: 14.5, Partial: true, Disturbed: true, Engine: "s", Device: "s", Driver: "s",
		Threads: 20, Power: "s", Machine: "s", Tokens: 23, At: time.Date(2026, 11, 29, 11, 0, 0, 0, time.UTC),
	}
	var gotDrive Drive
	stored(t, "drive.json", &gotDrive, drive)
	if gotDrive != drive {
		t.Errorf("%+v", gotDrive)
	}
}

// stored reads a stored document into got, and checks that same is stored as the same bytes.
func stored(t *testing.T, name string, got, same any) {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, got); err != nil {
		t.Fatal(err)
	}
	if again, err := json.Marshal(same); err != nil || string(again)+"\n" != string(data) {
		t.Errorf("%s is stored as %s now, and was %s", name, again, data)
	}
}
