package cli

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"weightroom/app/core"
	"weightroom/backend"
	"weightroom/backend/store"
)

// chatRow is a row of "chats".
type chatRow struct {
	ID        string `json:"id"`
	Title     string `json:"title"`
	Model     string `json:"model"`
	Messages  int    `json:"messages"`
	CreatedAt string `json:"createdAt"` // RFC 3339
	UpdatedAt string `json:"updatedAt"`
}

// foundRow is a row of "chats search".
type foundRow struct {
	chatRow
	MessageID string `json:"messageId"` // empty: only the title holds the words
	Before    string `json:"before"`    // the words' surroundings in the message
	Match     string `json:"match"`
	After     string `json:"after"`
}

// chatPrinter says what the commands on chats have found and done.
type chatPrinter struct{ *session }

func chatsCommand(in *session) *cobra.Command {
	s := chatPrinter{in}
	cmd := &cobra.Command{Use: "chats", Short: "List, search and save conversations", Args: noArgs}
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return usage(cmd, "name a command") }
	var format, out string
	var all bool
	export := &cobra.Command{
		Use: "export ID | --all", Short: "Write a chat as JSON or Markdown, or all chats as JSON", Args: argRange(0, 1),
		RunE: s.withHistory(func(ctx context.Context, c *core.Core, args []string) error {
			switch {
			case all != (len(args) == 0):
				return fmt.Errorf("%w: name a chat, or say --all", errUsage)
			case all && format == "markdown":
				return fmt.Errorf("%w: all chats are written as JSON, which can be imported again", errUsage)
			case all:
				text, _, err := c.ExportChats(ctx)
				if err != nil {
					return err
				}
				return s.writeChats(text, out)
			}
			return s.exportChat(ctx, c, args[0], format, out)
		}),
	}
	export.Flags().BoolVar(&all, "all", false, "every chat outside the trash")
	export.Flags().StringVar(&format, "format", "", "json or markdown (default: json with --json, else markdown)")
	export.Flags().StringVarP(&out, "output", "o", "", "file to write (default: standard output)")
	cmd.AddCommand(
		&cobra.Command{
			Use: "list", Short: "List the chats, newest first", Args: noArgs,
			RunE: s.withHistory(func(ctx context.Context, c *core.Core, _ []string) error {
				chats, err := c.History.Chats(ctx)
				if err != nil {
					return err
				}
				return s.listChats(ctx, c, chats)
			}),
		},
		&cobra.Command{
			Use: "search TEXT", Short: "List the chats that hold a text", Args: argRange(1, 1),
			RunE: s.withHistory(func(ctx context.Context, c *core.Core, args []string) error {
				found, err := c.FindChats(ctx, args[0])
				if err != nil {
					return err
				}
				return s.listFound(ctx, c, found)
			}),
		},
		export,
		&cobra.Command{
			Use: "import FILE", Short: "Add the chats of an exported file; those you have are not changed", Args: argRange(1, 1),
			RunE: s.withHistory(func(ctx context.Context, c *core.Core, args []string) error {
				done, err := c.ImportChats(ctx, s.path(args[0]))
				if err != nil {
					return err
				}
				return s.tellAdded(done)
			}),
		},
		&cobra.Command{
			Use: "backups", Short: "List the daily backups of the chats, newest first", Args: noArgs,
			RunE: s.withHistory(func(ctx context.Context, c *core.Core, _ []string) error { return s.listBackups(ctx, c) }),
		},
		&cobra.Command{
			Use: "restore BACKUP", Short: "Add the chats of a backup that are missing or in the trash; the others are not changed", Args: argRange(1, 1),
			RunE: s.withHistory(func(ctx context.Context, c *core.Core, args []string) error {
				done, err := c.History.RestoreBackup(ctx, args[0])
				if err != nil {
					return err
				}
				return s.tellAdded(done)
			}),
		},
	)
	return cmd
}

// tellAdded says what an import or a restore has brought.
func (s chatPrinter) tellAdded(done store.Imported) error {
	known := len(done.IDs) - done.Chats - done.Back
	if s.json {
		return s.print(map[string]any{"chats": done.Chats, "back": done.Back, "known": known, "messages": done.Messages})
	}
	fmt.Fprintf(s.stdout, "Added %s with %s; %d came back from the trash, %d of its chats were here already.\n",
		backend.Plural(done.Chats, "chat"), backend.Plural(done.Messages, "message"), done.Back, known)
	return nil
}

// backupRow is a row of "chats backups".
type backupRow struct {
	Name    string `json:"name"`
	At      string `json:"at"` // RFC 3339
	Bytes   int64  `json:"bytes"`
	Chats   int    `json:"chats"`
	Problem string `json:"problem,omitempty"`
}

func (s chatPrinter) listBackups(ctx context.Context, c *core.Core) error {
	backups, err := c.ChatBackups(ctx)
	if err != nil {
		return err
	}
	rows := make([]backupRow, 0, len(backups))
	for _, b := range backups {
		row := backupRow{Name: b.Name, At: b.Time.Format(time.RFC3339), Bytes: b.Bytes, Chats: b.Chats}
		if b.Err != nil {
			row.Problem = backend.Readable(b.Err).Message
		}
		rows = append(rows, row)
	}
	return list(s.session, "backups", rows, "No backups yet. One is made each day that the window is open.", "BACKUP\tMADE\tCHATS\tSIZE", func(r backupRow) string {
		chats := strconv.Itoa(r.Chats)
		if r.Problem != "" {
			chats = r.Problem
		}
		return fmt.Sprintf("%s\t%s\t%s\t%s", r.Name, r.At, chats, backend.Bytes(r.Bytes))
	})
}

const (
	noChats = "No chats."
	noHits  = "No chat has these words."
)

func (s chatPrinter) listChats(ctx context.Context, c *core.Core, chats []backend.Chat) error {
	rows := make([]chatRow, 0, len(chats))
	for _, chat := range chats {
		row, err := rowOf(ctx, c, chat)
		if err != nil {
			return err
		}
		rows = append(rows, row)
	}
	return list(s.session, "chats", rows, noChats, "ID\tTITLE\tMESSAGES\tMODEL\tLAST", func(r chatRow) string {
		return fmt.Sprintf("%s\t%s\t%d\t%s\t%s", r.ID, r.Title, r.Messages, r.Model, r.UpdatedAt)
	})
}

func rowOf(ctx context.Context, c *core.Core, chat backend.Chat) (chatRow, error) {
	messages, err := c.History.Messages(ctx, chat.ID)
	return chatRow{
		chat.ID, chat.Title, chat.Model, len(messages), chat.Created.Format(time.RFC3339), chat.Updated.Format(time.RFC3339),
	}, err
}

// listFound prints what a search has found, each chat with the words in their place.
func (s chatPrinter) listFound(ctx context.Context, c *core.Core, found []core.FoundChat) error {
	rows := make([]foundRow, 0, len(found))
	for _, f := range found {
		row, err := rowOf(ctx, c, f.Chat)
		if err != nil {
			return err
		}
		rows = append(rows, foundRow{row, f.MessageID, f.Before, f.Match, f.After})
	}
	return list(s.session, "chats", rows, noHits, "ID\tTITLE\tLAST\tWORDS", func(r foundRow) string {
		return fmt.Sprintf("%s\t%s\t%s\t%s%s%s", r.ID, r.Title, r.UpdatedAt, r.Before, r.Match, r.After)
	})
}

func (s chatPrinter) exportChat(ctx context.Context, c *core.Core, id, format, out string) error {
	if format == "" {
		format = "markdown"
		if s.json {
			format = "json"
		}
	}
	if format != "json" && format != "markdown" {
		return fmt.Errorf("%w: --format must be json or markdown", errUsage)
	}
	text, _, err := c.ExportChat(ctx, id, format)
	if err != nil && backend.Readable(err).Code == backend.CodeNotFound {
		return backend.Fail(backend.CodeNotFound, err, "There is no chat "+id+".", "List them: weightroom chats list")
	}
	if err != nil {
		return err
	}
	return s.writeChats(text, out)
}

// writeChats writes what was exported to a file, or to standard output.
func (s chatPrinter) writeChats(text []byte, out string) error {
	if out == "" {
		_, err := s.stdout.Write(text)
		return err
	}
	path := s.path(out)
	if err := os.WriteFile(path, text, 0o600); err != nil {
		return backend.Fail(backend.CodeDenied, err, "The chats could not be written to "+path+".", "Choose another file with --output.")
	}
	if s.json {
		return s.print(map[string]any{"path": path})
	}
	fmt.Fprintf(s.stdout, "Wrote %s.\n", path)
	return nil
}
