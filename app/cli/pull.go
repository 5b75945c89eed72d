package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"weightroom/app/core"
	"weightroom/app/core/models"
	"weightroom/backend"
	"weightroom/backend/download"
	"weightroom/backend/platform"
)

// followEvery is how often a download is looked at: its progress is drawn that often.
const followEvery = 250 * time.Millisecond

func pullCommand(s *session) *cobra.Command {
	var accept bool
	cmd := &cobra.Command{
		Use:   "pull REF",
		Short: "Download a model into the library",
		Long: `Download a model into the library. REF is a model of the catalog (llama-3.1-8b:Q4_K_M), a name in Ollama's
registry (llama3.1:8b), a repository of Hugging Face (hf.co/OWNER/REPO:Q4_K_M) or an address of a file there, a model in
another registry (HOST[:PORT]/NAMESPACE/NAME:TAG), or the https address of a GGUF file.

Ctrl-C keeps what is there: the same command goes on from it. While the window is open, it does the download, and this
command shows how far it is.`,
		Args: argRange(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			begin := []string{"downloads", "add", args[0], "--json"}
			if accept {
				begin = append(begin, "--accept-licence")
			}
			s.args = begin // what the owner of the data folder is asked to do
			s.handed = func(ctx context.Context, r *platform.Reply) error { return s.follow(ctx, r) }
			c, done, err := s.open(cmd.Context(), s, true)
			if err != nil {
				return err
			}
			defer done()
			return s.pull(cmd.Context(), c, args[0], accept)
		},
	}
	cmd.Flags().BoolVar(&accept, "accept-licence", false, "accept the model's licence, where it asks for that")
	return cmd
}

// pull downloads in this process and waits for the end.
func (s *session) pull(ctx context.Context, c *core.Core, ref string, accept bool) error {
	if m, ok := inLibrary(ctx, c, ref); ok {
		s.sayHere(m.Ref)
		return s.listModels([]backend.Model{m})
	}
	d, err := c.Downloads.Pull(ctx, ref, accept, s.drawDownload())
	if err != nil {
		return err
	}
	m, err := c.Library.Model(ctx, d.Result)
	if err != nil {
		return err
	}
	return s.listModels([]backend.Model{m})
}

// inLibrary finds a model that ref names to its tag, so that there is nothing to download.
func inLibrary(ctx context.Context, c *core.Core, ref string) (backend.Model, bool) {
	m, err := c.Library.Model(ctx, ref)
	return m, err == nil && strings.Contains(ref, ":")
}

func (s *session) sayHere(ref string) {
	if !s.json {
		fmt.Fprintf(s.stdout, "%s is in the library already.\n", ref)
	}
}

// speedLine draws a download's progress on standard error when a person watches it.
func (s *session) speedLine() func(downloadRow) {
	file, ok := s.stderr.(*os.File)
	if !ok {
		return nil
	}
	if info, err := file.Stat(); err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return nil
	}
	var last time.Time
	return func(d downloadRow) {
		if time.Since(last) < followEvery && d.State == "running" {
			return
		}
		last = time.Now()
		fmt.Fprint(file, "\r\033[K")
		if d.State != "done" {
			fmt.Fprint(file, progressWords(d))
		}
	}
}

// drawDownload is speedLine for a download of this process.
func (s *session) drawDownload() func(download.Download) {
	draw := s.speedLine()
	if draw == nil {
		return nil
	}
	return func(d download.Download) { draw(rowOfDownload(d)) }
}

// progressWords says how far a download is, on one line.
func progressWords(d downloadRow) string {
	words := strings.TrimSpace(d.Name+" "+d.Quant) + "  " + backend.Bytes(d.Done)
	if d.Total > 0 {
		words += fmt.Sprintf(" of %s  %d%%", backend.Bytes(d.Total), 100*d.Done/d.Total)
	}
	switch {
	case d.State == "running" && d.BytesPerSecond > 0:
		words += "  " + backend.Bytes(d.BytesPerSecond) + "/s"
		if d.SecondsLeft >= 0 {
			words += "  " + time.Duration(d.SecondsLeft*float64(time.Second)).Round(time.Second).String() + " left"
		}
	case d.State == "waiting":
		words += "  " + d.Waiting
	case d.State == "queued":
		words += "  waits for its turn"
	case d.State == "finishing":
		words += "  checking"
	}
	return words
}

// follow watches a download that the open window does.
func (s *session) follow(ctx context.Context, r *platform.Reply) error {
	folders, err := platform.Resolve(s.data)
	if err != nil {
		return err
	}
	answer, err := s.handedDownload(r)
	if err != nil {
		return err
	}
	if answer.Here != "" {
		s.sayHere(answer.Here)
		return s.relay(ctx, folders, "models", "show", answer.Here)
	}
	d := answer.Download
	if !s.json {
		fmt.Fprintln(s.stderr, "The open window downloads it.")
	}
	draw := s.speedLine()
	for {
		if draw != nil {
			draw(d)
		}
		switch d.State {
		case "done":
			return s.relay(ctx, folders, "models", "show", d.Model)
		case "failed", "paused":
			return ended(d)
		}
		select {
		case <-ctx.Done():
			return backend.Fail(backend.CodeCancelled, nil, "The open window goes on downloading it.", "Pause or cancel it there, under Library, Downloads.")
		case <-time.After(followEvery):
		}
		reply, err := s.askOwner(ctx, folders, "downloads", "show", d.ID, "--json")
		if err != nil {
			return err
		}
		if answer, err = s.handedDownload(reply); err != nil {
			if backend.Readable(err).Code == backend.CodeCancelled { // it is closing
				return closedBefore()
			}
			return err
		}
		d = answer.Download
	}
}

// ended is why a download that stopped is not there.
func ended(d downloadRow) error {
	if d.State == "paused" {
		return backend.Fail(backend.CodeCancelled, nil, "The download was paused.", models.PullAgain)
	}
	return backend.Fail(backend.Code(d.Problem.Code), nil, d.Problem.Title, strings.TrimSpace(d.Problem.Hint+" "+models.PullAgain))
}

func closedBefore() error {
	return backend.Fail(backend.CodeCancelled, nil, "The window was closed before the download ended.", models.PullAgain)
}

// askOwner asks the process that has the data folder to run a command.
func (s *session) askOwner(ctx context.Context, folders platform.Folders, args ...string) (*platform.Reply, error) {
	instance, reply, err := platform.Acquire(ctx, folders.Data, platform.Request{Args: args, Dir: s.dir})
	if err != nil {
		return nil, err
	}
	if reply == nil {
		_ = instance.Close()
		return nil, closedBefore()
	}
	return reply, nil
}

// relay lets the owner run a command and passes its output on.
func (s *session) relay(ctx context.Context, folders platform.Folders, args ...string) error {
	if s.json {
		args = append(args, "--json")
	}
	reply, err := s.askOwner(ctx, folders, args...)
	if err != nil {
		return err
	}
	fmt.Fprint(s.stdout, reply.Stdout)
	fmt.Fprint(s.stderr, reply.Stderr)
	if reply.Exit != exitDone {
		return exitError(reply.Exit)
	}
	return nil
}

// handed is what the owner of the data folder answers when it is asked for a download.
type handed struct {
	Download downloadRow    `json:"download"`
	Here     string         `json:"here"` // the library's reference of a model that is there already
	Error    *backend.Error `json:"error"`
}

// handedDownload reads the download, or the failure, that the owner answered.
func (s *session) handedDownload(r *platform.Reply) (handed, error) {
	var answer handed
	if err := json.NewDecoder(bytes.NewReader([]byte(r.Stdout))).Decode(&answer); err != nil {
		if r.Exit != exitDone && r.Stderr != "" { // another command has the folder, and says so
			fmt.Fprint(s.stderr, r.Stderr)
			return handed{}, exitError(r.Exit)
		}
		return handed{}, errors.Join(errors.New("the owner's answer can't be read"), err)
	}
	if answer.Error != nil {
		return handed{}, answer.Error
	}
	return answer, nil
}

func downloadsCommand(s *session) *cobra.Command {
	var accept bool
	cmd := &cobra.Command{
		Use:   "downloads",
		Short: "List downloads that are under way",
		Args:  noArgs,
		RunE: s.withHistory(func(ctx context.Context, c *core.Core, _ []string) error {
			all, err := c.Downloads.List(ctx)
			if err != nil {
				return err
			}
			head := "MODEL\tSTATE\tHERE\tSIZE\tFROM\tNOTE"
			return list(s, "downloads", rows(all, rowOfDownload), "Nothing is being downloaded.", head, func(d downloadRow) string {
				return fmt.Sprintf("%s\t%s\t%s\t%s\t%s\t%s", d.Ref, d.State, backend.Bytes(d.Done), backend.Bytes(d.Total), d.Host, strings.TrimSpace(d.Problem.Title+d.Waiting))
			})
		}),
	}
	add := &cobra.Command{
		Use: "add REF", Short: "Begin a download and return", Hidden: true, Args: argRange(1, 1),
		RunE: s.withHistory(func(ctx context.Context, c *core.Core, args []string) error {
			if m, ok := inLibrary(ctx, c, args[0]); ok {
				return s.print(map[string]any{"here": m.Ref})
			}
			d, err := c.Downloads.Start(ctx, args[0], accept)
			if err != nil {
				return err
			}
			return s.print(map[string]any{"download": rowOfDownload(d)})
		}),
	}
	add.Flags().BoolVar(&accept, "accept-licence", false, "accept the model's licence")
	cmd.AddCommand(add, &cobra.Command{
		Use: "show ID", Short: "Show one download", Hidden: true, Args: argRange(1, 1),
		RunE: s.withHistory(func(ctx context.Context, c *core.Core, args []string) error {
			d, err := c.Downloads.Get(ctx, args[0])
			if err != nil {
				return err
			}
			return s.print(map[string]any{"download": rowOfDownload(d)})
		}),
	})
	return cmd
}

func ledgerCommand(s *session) *cobra.Command {
	return &cobra.Command{
		Use:   "ledger",
		Short: "List every connection that was made",
		Args:  noArgs,
		RunE: s.withHistory(func(ctx context.Context, c *core.Core, _ []string) error {
			made, err := c.Downloads.Ledger(ctx)
			if err != nil {
				return err
			}
			l := rowOfLedger(made)
			if s.json {
				return s.print(l)
			}
			if l.Count == 0 {
				fmt.Fprintln(s.stdout, "Nothing has connected.")
				return nil
			}
			w := tabwriter.NewWriter(s.stdout, 0, 0, 2, ' ', 0)
			fmt.Fprintln(w, "WHEN\tWHY\tTO\tIN\tOUT")
			for _, one := range l.Connections {
				fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%d\n", time.UnixMilli(one.At).Format("2006-01-02 15:04"), one.Why, one.Host, one.BytesIn, one.BytesOut)
			}
			if err := w.Flush(); err != nil {
				return err
			}
			fmt.Fprintf(s.stdout, "%s, %s in, %s out.\n", backend.Plural(int(l.Count), "connection"), backend.Bytes(l.BytesIn), backend.Bytes(l.BytesOut))
			return nil
		}),
	}
}
