package cli

import (
	"fmt"
	"text/tabwriter"
	"time"

	"weightroom/app/core"
	"weightroom/app/core/advice"
	"weightroom/app/core/models"
	"weightroom/backend"
	"weightroom/backend/download"
	"weightroom/backend/library"
	"weightroom/hardware"
)

// The JSON that commands print. Scripts rely on its keys: testdata/json holds them.

// problem is a standing problem, or why something failed. An empty code means there is none.
type problem struct {
	Code     string `json:"code"`
	Severity string `json:"severity"` // info, warning, error
	Title    string `json:"title"`
	Hint     string `json:"hint"`
}

func problemRow(e *backend.Error) problem {
	if e == nil {
		return problem{}
	}
	e = forTerminal(e)
	return problem{Code: string(e.Code), Severity: string(backend.SeverityError), Title: e.Message, Hint: e.Hint}
}

func standingRow(p backend.Problem) problem {
	return problem{Code: p.Code, Severity: string(p.Severity), Title: p.Title, Hint: terminalHint(backend.Code(p.Code), p.Hint)}
}

// rows maps a slice and never returns nil, which JSON would write as null.
func rows[A, B any](in []A, f func(A) B) []B {
	out := make([]B, 0, len(in))
	for _, a := range in {
		out = append(out, f(a))
	}
	return out
}

// list prints what a command lists: as JSON under key, as one sentence where there is nothing, else as a table.
func list[T any](s *session, key string, all []T, none, head string, line func(T) string) error {
	if s.json {
		return s.print(map[string]any{key: all})
	}
	if len(all) == 0 {
		fmt.Fprintln(s.stdout, none)
		return nil
	}
	w := tabwriter.NewWriter(s.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, head)
	for _, row := range all {
		fmt.Fprintln(w, line(row))
	}
	return w.Flush()
}

func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// machineRow is what detect prints.
type machineRow struct {
	OS        string    `json:"os"`
	Arch      string    `json:"arch"`
	Host      string    `json:"host"`
	System    string    `json:"system"`
	CPU       cpuRow    `json:"cpu"`
	Memory    memoryRow `json:"memory"`
	GPUs      []gpuRow  `json:"gpus"`
	Disk      diskRow   `json:"disk"`
	Engine    engineRow `json:"engine"`
	Container string    `json:"container"`
	Problems  []problem `json:"problems"`
}

type cpuRow struct {
	Model         string     `json:"model"`
	PhysicalCores int        `json:"physicalCores"`
	LogicalCores  int        `json:"logicalCores"`
	Features      []string   `json:"features"`
	LimitCores    float64    `json:"limitCores"`
	Threads       threadsRow `json:"threads"`
}

// threadsRow is how many threads work for a model. A reason is one of hardware's kinds.
type threadsRow struct {
	Count   int               `json:"count"`
	Reasons []threadReasonRow `json:"reasons"`
}

type threadReasonRow struct {
	Kind  string  `json:"kind"`
	Cores float64 `json:"cores"`
	Of    int     `json:"of"`
}

type memoryRow struct {
	TotalBytes            int64 `json:"totalBytes"`
	AvailableBytes        int64 `json:"availableBytes"`
	SwapTotalBytes        int64 `json:"swapTotalBytes"`
	SwapFreeBytes         int64 `json:"swapFreeBytes"`
	LimitBytes            int64 `json:"limitBytes"`
	BandwidthBytesPerSec  int64 `json:"bandwidthBytesPerSec"`
	SingleCoreBytesPerSec int64 `json:"singleCoreBytesPerSec"`
	BandwidthMeasuredAt   int64 `json:"bandwidthMeasuredAt"`
	BandwidthDoubtful     bool  `json:"bandwidthDoubtful"`
	EngineBytes           int64 `json:"engineBytes"`
	ZFSCacheBytes         int64 `json:"zfsCacheBytes,omitempty"`
	HostBytes             int64 `json:"hostBytes,omitempty"`
}

type gpuRow struct {
	Name        string `json:"name"`
	Vendor      string `json:"vendor"`
	Backend     string `json:"backend"`
	Driver      string `json:"driver"`
	TotalBytes  int64  `json:"totalBytes"`
	FreeBytes   int64  `json:"freeBytes"`
	FreeKnown   bool   `json:"freeKnown"`
	Integrated  bool   `json:"integrated"`
	SharedBytes int64  `json:"sharedBytes"`
	Note        string `json:"note"`
}

type diskRow struct {
	Path       string `json:"path"`
	TotalBytes int64  `json:"totalBytes"`
	FreeBytes  int64  `json:"freeBytes"`
}

type engineRow struct {
	State        string   `json:"state"`
	Version      string   `json:"version"`
	LlamaCpp     string   `json:"llamaCpp"`
	Backends     []string `json:"backends"`
	NetworkLock  string   `json:"networkLock"`
	LockDetail   string   `json:"lockDetail"`
	Model        string   `json:"model"`
	ModelBytes   int64    `json:"modelBytes"`
	LoadProgress float64  `json:"loadProgress"`
	ExpiresAt    int64    `json:"expiresAt"`
	Restarts     int      `json:"restarts"`
	Problem      problem  `json:"problem"`
}

func same(s string) string { return s }

func rowOfMachine(r core.Report) machineRow {
	h, e := r.Hardware, r.Engine
	return machineRow{
		OS: h.OS, Arch: h.Arch, Host: h.Host, System: h.System, Container: h.Container,
		CPU: cpuRow{
			Model: h.CPU.Model, PhysicalCores: h.CPU.PhysicalCores, LogicalCores: h.CPU.LogicalCores,
			Features: rows(h.CPU.Features, same), LimitCores: h.CPU.LimitCores, Threads: threadsRow{
				Count: h.CPU.Threads.Count,
				Reasons: rows(h.CPU.Threads.Reasons, func(r hardware.ThreadReason) threadReasonRow {
					return threadReasonRow{Kind: string(r.Kind), Cores: r.Cores, Of: r.Of}
				}),
			},
		},
		Memory: memoryRow{
			TotalBytes: h.Memory.TotalBytes, AvailableBytes: h.Memory.AvailableBytes,
			SwapTotalBytes: h.Memory.SwapTotalBytes, SwapFreeBytes: h.Memory.SwapFreeBytes, LimitBytes: h.Memory.LimitBytes,
			BandwidthBytesPerSec: h.Memory.BandwidthBytesPerSec, SingleCoreBytesPerSec: h.Memory.SingleCoreBytesPerSec,
			BandwidthMeasuredAt: h.Memory.BandwidthMeasuredAt, BandwidthDoubtful: h.Memory.BandwidthDoubtful, EngineBytes: r.EngineBytes,
			ZFSCacheBytes: h.Memory.ZFSCacheBytes, HostBytes: h.Memory.HostBytes,
		},
		GPUs: rows(h.GPUs, func(g hardware.GPU) gpuRow {
			return gpuRow{
				Name: g.Name, Vendor: g.Vendor, Backend: g.Backend, Driver: g.Driver, TotalBytes: g.TotalBytes, FreeBytes: g.FreeBytes,
				FreeKnown: g.FreeKnown, Integrated: g.Integrated, SharedBytes: g.SharedBytes, Note: g.Note,
			}
		}),
		Disk: diskRow{Path: h.Disk.Path, TotalBytes: h.Disk.TotalBytes, FreeBytes: h.Disk.FreeBytes},
		Engine: engineRow{
			State: string(e.Status.State), Version: e.Build.Ollama, LlamaCpp: e.Build.LlamaCpp, Backends: rows(e.Build.Backends, same),
			NetworkLock: string(e.Status.Lock), LockDetail: e.Status.Lock.Detail(), Model: e.Model, ModelBytes: e.Bytes,
			LoadProgress: e.Status.LoadProgress, Restarts: e.Status.Restarts, ExpiresAt: millis(e.Expires), Problem: problemRow(e.Status.Problem),
		},
		Problems: rows(r.Problems, standingRow),
	}
}

// downloadRow is one download. The window's process prints it for the command that follows it.
type downloadRow struct {
	ID             string  `json:"id"`
	Seq            int64   `json:"seq"` // always 0: nothing is ordered here
	Ref            string  `json:"ref"`
	Name           string  `json:"name"`
	Quant          string  `json:"quant"`
	Host           string  `json:"host"`
	State          string  `json:"state"`
	Done           int64   `json:"done"`
	Total          int64   `json:"total"`
	BytesPerSecond int64   `json:"bytesPerSecond"`
	SecondsLeft    float64 `json:"secondsLeft"`
	Waiting        string  `json:"waiting"`
	RetryAt        int64   `json:"retryAt"`
	Problem        problem `json:"problem"`
	Model          string  `json:"model"`
	AddedAt        int64   `json:"addedAt"`
	EndedAt        int64   `json:"endedAt"`
}

func rowOfDownload(d download.Download) downloadRow {
	to := d.Landing
	row := downloadRow{
		ID: d.ID, Ref: to.Ref, Name: to.Name, Quant: to.Quant, Host: to.Host, State: string(d.State), Done: d.Bytes, Total: max(0, d.Total),
		BytesPerSecond: int64(d.Rate), SecondsLeft: models.SecondsLeft(d), Waiting: models.Waiting(d), Model: d.Result,
		AddedAt: millis(d.Added), EndedAt: millis(d.Finished), RetryAt: millis(d.RetryAt),
	}
	if d.State == download.StateFailed {
		row.Problem = problemRow(d.Error)
	}
	return row
}

// ledgerRow is what ledger prints.
type ledgerRow struct {
	Connections []connectionRow `json:"connections"`
	Count       int64           `json:"count"`
	BytesIn     int64           `json:"bytesIn"`
	BytesOut    int64           `json:"bytesOut"`
}

type connectionRow struct {
	At       int64  `json:"at"`
	Why      string `json:"why"`
	Host     string `json:"host"`
	BytesIn  int64  `json:"bytesIn"`
	BytesOut int64  `json:"bytesOut"`
	Failed   bool   `json:"failed"`
}

func rowOfLedger(l models.Ledger) ledgerRow {
	return ledgerRow{
		Count: l.Count, BytesIn: l.BytesIn, BytesOut: l.BytesOut,
		Connections: rows(l.Connections, func(c models.Connection) connectionRow {
			return connectionRow{At: c.At, Why: c.Why, Host: c.Host, BytesIn: c.In, BytesOut: c.Out, Failed: c.Failed}
		}),
	}
}

// appRow is an app whose models "models adopt" found.
type appRow struct {
	Name   string       `json:"name"`
	Folder string       `json:"folder"`
	Models []foreignRow `json:"models"`
}

type foreignRow struct {
	Path      string `json:"path"`
	Name      string `json:"name"`
	Quant     string `json:"quant"`
	Bytes     int64  `json:"bytes"`
	Installed string `json:"installed"` // the library's reference of the same model
	LooksLike string `json:"looksLike"` // of one that may be another: it is compared when it is adopted
	Problem   string `json:"problem"`
	Keeps     string `json:"keeps"`
	Copies    bool   `json:"copies"`
	Adapter   bool   `json:"adapter"`
}

func rowOfApp(a models.OtherApp) appRow {
	return appRow{Name: a.Name, Folder: a.Folder, Models: rows(a.Models, rowOfForeign)}
}

func rowOfForeign(f library.ForeignModel) foreignRow {
	row := foreignRow{
		Path: f.Files[0].Path, Name: f.Name, Quant: f.Quant, Bytes: f.Bytes, Keeps: f.Keeps,
		Copies: f.Problem == nil && f.How == "", Adapter: f.Kind == backend.KindAdapter,
	}
	if f.Alike {
		row.LooksLike = f.InLibrary
	} else {
		row.Installed = f.InLibrary
	}
	if f.Problem != nil {
		row.Problem = f.Problem.Message
	}
	return row
}

// What sums prints.
type (
	precisionRow struct {
		Bits  int   `json:"bits"`
		Bytes int64 `json:"bytes"`
	}
	costsRow struct {
		InputPerDay         float64 `json:"inputTokensPerDay"`
		OutputPerDay        float64 `json:"outputTokensPerDay"`
		InputPrice          float64 `json:"inputPrice"`
		OutputPrice         float64 `json:"outputPrice"`
		TokensPerSecond     float64 `json:"tokensPerSecond"`
		PromptPerSecond     float64 `json:"promptTokensPerSecond"`
		Watts               float64 `json:"watts"`
		PricePerKWh         float64 `json:"pricePerKwh"`
		HardwarePrice       float64 `json:"hardwarePrice"`
		HardwareYears       float64 `json:"hardwareYears"`
		ResaleShare         float64 `json:"resaleShare"`
		RentPerHour         float64 `json:"rentPerHour"`         // dollars
		RentHoursPerDay     float64 `json:"rentHoursPerDay"`     // less than it works: as long as it works
		RentTokensPerSecond float64 `json:"rentTokensPerSecond"` // with all requests at once
		RentPromptPerSecond float64 `json:"rentPromptTokensPerSecond"`
	}
	monthRow struct {
		APIPerMonth         float64 `json:"apiPerMonth"`
		ElectricityPerMonth float64 `json:"electricityPerMonth"`
		HardwarePerMonth    float64 `json:"hardwarePerMonth"`
		OwnPerMonth         float64 `json:"ownPerMonth"`
		HoursPerDay         float64 `json:"hoursPerDay"`
		BreakEvenMonths     float64 `json:"breakEvenMonths"`
		RentPerMonth        float64 `json:"rentPerMonth"` // of a machine rented by the hour; -1: it can't keep up
	}
	biggestRow struct {
		Machine         string  `json:"machine"`
		Model           string  `json:"model"`
		Quant           string  `json:"quant"`
		TokensPerSecond float64 `json:"tokensPerSecond"`
		Dense           bool    `json:"dense"`

		DenseModel           string  `json:"denseModel"`
		DenseTokensPerSecond float64 `json:"denseTokensPerSecond"`
	}
)

func rowOfPrecision(p advice.Precision) precisionRow { return precisionRow(p) }

func rowOfBiggest(b advice.Biggest) biggestRow { return biggestRow(b) }
