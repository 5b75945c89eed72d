package models

import (
	"context"
	"errors"
	"slices"
	"strings"

	"weightroom/backend"
	"weightroom/backend/engine"
	"weightroom/backend/library"
)

// How a family's template fits a vocabulary: TemplateFamily.Fits.
const (
	FitsMarkers = "markers" // the vocabulary has the family's markers
	FitsText    = "text"    // the family marks in plain text
	FitsNo      = "no"      // the vocabulary lacks the family's markers
)

// TemplateFamily is a chat template that can be chosen for a model.
type TemplateFamily struct {
	ID, Name, Text, Fits string
}

// TemplateChoices are the chat templates that can be chosen for a model.
type TemplateChoices struct {
	Ref      string
	Chosen   string // OwnTemplate, a family's ID, or CustomTemplate
	Text     string // of what was chosen, in the engine's language
	Families []TemplateFamily
}

// What is chosen that is no family.
const (
	OwnTemplate    = ""       // the model's own
	CustomTemplate = "custom" // a person's text
)

// Templates tells what chat template a model has and which others there are, those that fit its vocabulary first.
func (m *Models) Templates(ctx context.Context, ref string) (TemplateChoices, error) {
	d, err := m.opts.Library.Inspect(ctx, ref)
	if err != nil {
		return TemplateChoices{}, err
	}
	all := engine.Families()
	var markers []string
	for _, f := range all {
		markers = append(markers, f.Markers...)
	}
	has, err := m.opts.Library.Tokens(ctx, d.Model.Ref, markers)
	if err != nil {
		return TemplateChoices{}, err
	}
	out := TemplateChoices{Ref: d.Model.Ref, Chosen: d.Template.Chosen}
	if out.Chosen != OwnTemplate {
		out.Text = d.Template.Ollama
	}
	for _, f := range all {
		fits := FitsMarkers
		if len(f.Markers) == 0 {
			fits = FitsText
		} else if slices.ContainsFunc(f.Markers, func(x string) bool { return !slices.Contains(has, x) }) {
			fits = FitsNo
		}
		out.Families = append(out.Families, TemplateFamily{f.ID, f.Name, f.Text(), fits})
	}
	order := []string{FitsMarkers, FitsText, FitsNo}
	slices.SortStableFunc(out.Families, func(a, b TemplateFamily) int { return slices.Index(order, a.Fits) - slices.Index(order, b.Fits) })
	return out, nil
}

// SetTemplate has a model use the template of a family, a person's own text, or its own again. A text that the engine can't
// use is refused. The caution is what may go wrong with one that is taken, as a sentence.
func (m *Models) SetTemplate(ctx context.Context, ref, chosen, text string) (caution string, err error) {
	found, err := m.opts.Library.One(ctx, ref)
	if err != nil {
		return "", err
	}
	choice, caution, err := templateChoice(chosen, text)
	if err != nil {
		return "", err
	}
	if m.opts.Engine.Status().Model == found.Ref {
		if err := m.opts.Engine.Unload(ctx, found.Ref); err != nil { // it was loaded for another way to prompt
			return "", err
		}
	}
	_, err = m.opts.Library.SetTemplate(ctx, found.Ref, choice)
	return caution, err
}

func templateChoice(chosen, text string) (choice *library.TemplateChoice, caution string, err error) {
	if chosen == OwnTemplate {
		return nil, "", nil
	}
	if chosen != CustomTemplate {
		f, ok := engine.FamilyOf(chosen)
		if !ok {
			return nil, "", backend.Fail(backend.CodeNotFound, nil, "There is no chat template called "+chosen+".", "Choose one of: "+strings.Join(familyIDs(), ", ")+".")
		}
		return &library.TemplateChoice{Name: f.ID, Text: f.Text(), Stop: f.Stop}, "", nil
	}
	err = engine.TryTemplate(text)
	switch {
	case errors.Is(err, engine.ErrNoSystem):
		caution = "This template leaves out the system prompt."
	case err != nil && strings.Contains(text, "{%"):
		return nil, "", backend.Fail(backend.CodeInvalid, err, "This chat template is in Jinja, which the engine takes from a model's file only.", "Write it the way of Go templates, as the families here do.")
	case err != nil:
		reason := strings.TrimPrefix(err.Error(), engine.ErrTemplate.Error()+": ")
		return nil, "", backend.Fail(backend.CodeInvalid, err, "The engine can't use this chat template: "+strings.TrimRight(reason, ".")+".", "Mend it, or choose a family's.")
	}
	return &library.TemplateChoice{Name: CustomTemplate, Text: text}, caution, nil
}

func familyIDs() []string {
	var out []string
	for _, f := range engine.Families() {
		out = append(out, f.ID)
	}
	return out
}
