package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"weightroom/app/core"
	"weightroom/backend"
	"weightroom/backend/platform"
)

// The exit codes of the contract.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

// session is one command's surroundings: where it writes, and how it gets at the app.
type session struct {
	stdout, stderr io.Writer
	args           []string
	dir            string // working folder of the person
	json           bool
	data           string
	open           func(ctx context.Context, s *session, history bool) (*core.Core, func(), error)
	handed         func(ctx context.Context, r *platform.Reply) error // goes on with what the owner answered; nil: passes it on
}

// errUsage marks a mistake in the command line.
var errUsage = errors.New("usage")

// exitError ends a command whose output is complete with an exit code: another process has done the work, or the
// JSON says it all.
type exitError int

// Error names the code.
func (e exitError) Error() string { return fmt.Sprintf("exit code %d", int(e)) }

// Main runs the command line and returns the exit code.
func Main(ctx context.Context, args []string, page fs.FS) int {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	dir, err := os.Getwd()
	if err != nil {
		dir = "."
	}
	s := &session{stdout: os.Stdout, stderr: os.Stderr, args: args, dir: dir, open: openOwn}
	if len(args) == 0 || args[0] != "engine" {
		logTo(os.Stderr, slog.LevelError)
	}
	return s.run(ctx, func(ctx context.Context) error { return openWindow(ctx, s, page) })
}

func (s *session) run(ctx context.Context, window func(context.Context) error) int {
	root := s.commands(window)
	root.SetArgs(s.args)
	root.SetOut(s.stdout)
	root.SetErr(s.stderr)
	return s.report(stopped(ctx, root.ExecuteContext(ctx)))
}

// stopped is why a command was stopped from outside, where that was said, in the place of what it made of that.
func stopped(ctx context.Context, err error) error {
	var why *backend.Error
	if err == nil || errors.Is(err, errUsage) || errors.As(err, new(exitError)) || !errors.As(context.Cause(ctx), &why) {
		return err
	}
	return why
}

// report says an error in a sentence and a hint and returns the exit code.
func (s *session) report(err error) int {
	var done exitError
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &done):
		return int(done)
	case errors.Is(err, errUsage):
		fmt.Fprintln(s.stderr, err)
		return exitUsage
	case errors.Is(err, context.Canceled):
		err = backend.Fail(backend.CodeCancelled, nil, "Cancelled.", "Nothing was left half-done.")
	}
	e := forTerminal(backend.Readable(err))
	slog.Debug("command failed", "error", err)
	if s.json {
		_ = s.print(map[string]any{"error": e})
	}
	fmt.Fprintln(s.stderr, e.Message)
	if e.Hint != "" {
		fmt.Fprintln(s.stderr, e.Hint)
	}
	return exitFailed
}

// print writes the one JSON object of a command.
func (s *session) print(v any) error {
	encoder := json.NewEncoder(s.stdout)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(v)
}

func (s *session) commands(window func(context.Context) error) *cobra.Command {
	root := &cobra.Command{
		Use:           "weightroom",
		Short:         "Run open-weight language models on this machine, offline",
		Long:          "Weightroom runs open-weight language models on this machine, offline. With no command it opens the window.",
		Version:       core.Version,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          noArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return window(cmd.Context()) },
	}
	root.PersistentFlags().StringVar(&s.data, "data", "", "data folder (default: "+platform.EnvData+", or the system's place)")
	root.PersistentFlags().BoolVar(&s.json, "json", false, "write one JSON object to standard output")
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error { return usage(cmd, err.Error()) })
	root.CompletionOptions.HiddenDefaultCmd = true
	root.AddCommand(
		detectCommand(s), doctorCommand(s), recommendCommand(s), fitCommand(s), testdriveCommand(s), tuneCommand(s), sumsCommand(s),
		pullCommand(s), downloadsCommand(s), ledgerCommand(s), importCommand(s), modelsCommand(s), runCommand(s), presetsCommand(s), chatsCommand(s), labCommand(s),
		engineCommand(), discoverCommand(),
	)
	return root
}

// handler is what a command does with the app.
type handler func(ctx context.Context, c *core.Core, args []string) error

// withHistory opens the app with the history around f.
func (s *session) withHistory(f handler) func(*cobra.Command, []string) error { return s.with(true, f) }

func (s *session) with(history bool, f handler) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		c, done, err := s.open(cmd.Context(), s, history)
		if err != nil {
			return err
		}
		defer done()
		return f(cmd.Context(), c, args)
	}
}

func usage(cmd *cobra.Command, what string) error {
	return fmt.Errorf("%w: %s\nSee %s --help", errUsage, what, cmd.CommandPath())
}

// noArgs, exactly and the like are cobra's, with our exit code.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usage(cmd, fmt.Sprintf("%q is not a command", args[0]))
	}
	return nil
}

func argRange(low, high int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch n := len(args); {
		case n < low:
			return usage(cmd, strings.Join(strings.Fields(cmd.Use)[1:][n:low], " and ")+" missing")
		case n > high:
			return usage(cmd, fmt.Sprintf("%q is one argument too many; put text with spaces in quotes", args[high]))
		}
		return nil
	}
}

// openOwn opens the app for one command. With the history it takes the data folder, or hands the command over to
// the process that has it.
func openOwn(ctx context.Context, s *session, history bool) (*core.Core, func(), error) {
	folders, err := platform.Resolve(s.data)
	if err != nil {
		return nil, nil, err
	}
	release := func() {}
	if history {
		if err := folders.Make(); err != nil {
			return nil, nil, err
		}
		instance, reply, err := platform.Acquire(ctx, folders.Data, platform.Request{Args: s.args, Dir: s.dir})
		if err != nil {
			return nil, nil, err
		}
		if reply != nil && s.handed != nil {
			if err := s.handed(ctx, reply); err != nil {
				return nil, nil, err
			}
			return nil, nil, exitError(exitDone)
		}
		if reply != nil {
			fmt.Fprint(s.stdout, reply.Stdout)
			fmt.Fprint(s.stderr, reply.Stderr)
			return nil, nil, exitError(reply.Exit)
		}
		go instance.Serve(func(platform.Request) platform.Reply {
			return platform.Reply{Exit: exitFailed, Stderr: "Another Weightroom command is using this data folder.\nTry again in a moment.\n"}
		})
		release = func() { _ = instance.Close() }
	}
	c, err := core.Open(ctx, core.OpenOptions{Folders: folders, History: history, Alone: true})
	if err != nil {
		release()
		return nil, nil, err
	}
	return c, func() {
		if err := c.Close(); err != nil {
			slog.Error("close failed", "error", err)
		}
		release()
	}, nil
}

// path makes a path that the person typed absolute, by their own working folder.
func (s *session) path(p string) string {
	if filepath.IsAbs(p) {
		return p
	}
	return filepath.Join(s.dir, p)
}

func logTo(w io.Writer, level slog.Level) {
	slog.SetDefault(slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: level})))
}
