package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"weightroom/app/core"
	"weightroom/app/core/models"
	"weightroom/backend"
	"weightroom/backend/engine"
)

// mostTemplate is how many bytes a template from a file may have.
const mostTemplate = 512 << 10

// templateRow is a chat template that can be chosen.
type templateRow struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Fits string `json:"fits"`
	Text string `json:"text"`
}

func templateCommand(s *session) *cobra.Command {
	return &cobra.Command{
		Use:   "template REF [NAME|FILE|own]",
		Short: "Choose how messages are marked for a model; without a choice, list what there is",
		Long: `Choose how messages are marked for a model: the way of a family of models (NAME), a template of your own in a FILE, in the
engine's language (Go templates), or the model's own again. The engine tries a template before it is kept.`,
		Args: argRange(1, 2),
		RunE: s.withLibrary(s.template),
	}
}

func (s *session) template(ctx context.Context, c *core.Core, args []string) error {
	if len(args) == 1 {
		t, err := c.Models.Templates(ctx, args[0])
		if err != nil {
			return err
		}
		return listTemplates(s, t)
	}
	chosen, text, err := chosenTemplate(s, args[1])
	if err != nil {
		return err
	}
	caution, err := c.Models.SetTemplate(ctx, args[0], chosen, text)
	if err != nil {
		return err
	}
	if caution != "" {
		fmt.Fprintln(s.stderr, caution)
	}
	t, err := c.Models.Templates(ctx, args[0])
	if err != nil {
		return err
	}
	if s.json {
		return listTemplates(s, t)
	}
	fmt.Fprintf(s.stdout, "%s uses %s.\n", t.Ref, templateName(t))
	return nil
}

// chosenTemplate reads what was chosen: a family goes before a file of the same name.
func chosenTemplate(s *session, arg string) (chosen, text string, err error) {
	if arg == "own" {
		return models.OwnTemplate, "", nil
	}
	if _, ok := engine.FamilyOf(arg); ok {
		return arg, "", nil
	}
	file, err := os.Open(s.path(arg))
	if errors.Is(err, fs.ErrNotExist) {
		return arg, "", nil // the library says that there is no such family
	}
	if err != nil {
		return "", "", err
	}
	defer func() { _ = file.Close() }()
	data, err := io.ReadAll(io.LimitReader(file, mostTemplate+1))
	if err != nil {
		return "", "", err
	}
	if len(data) > mostTemplate {
		return "", "", backend.Fail(backend.CodeInvalid, nil, "This file is too large for a chat template.", "Choose a file of at most "+backend.Bytes(mostTemplate)+".")
	}
	return models.CustomTemplate, string(data), nil
}

func templateName(t models.TemplateChoices) string {
	switch t.Chosen {
	case models.OwnTemplate:
		return "its own chat template"
	case models.CustomTemplate:
		return "a chat template of yours"
	}
	for _, f := range t.Families {
		if f.ID == t.Chosen {
			return "the chat template of " + f.Name
		}
	}
	return "the chat template " + t.Chosen
}

func listTemplates(s *session, t models.TemplateChoices) error {
	if s.json {
		all := rows(t.Families, func(f models.TemplateFamily) templateRow { return templateRow{f.ID, f.Name, f.Fits, f.Text} })
		return s.print(map[string]any{"ref": t.Ref, "chosen": t.Chosen, "text": t.Text, "families": all})
	}
	fmt.Fprintf(s.stdout, "%s uses %s.\n\n", t.Ref, templateName(t))
	w := tabwriter.NewWriter(s.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "TEMPLATE\tFAMILY\tITS VOCABULARY")
	for _, f := range t.Families {
		fits := map[string]string{models.FitsMarkers: "has the markers", models.FitsText: "needs no markers", models.FitsNo: "lacks the markers"}[f.Fits]
		fmt.Fprintf(w, "%s\t%s\t%s\n", f.ID, f.Name, fits)
	}
	return w.Flush()
}
