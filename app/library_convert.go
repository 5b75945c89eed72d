package app

import (
	"cmp"
	"strings"

	"weightroom/app/core/models"
	"weightroom/backend"
	"weightroom/backend/library"
)

func modelOf(m backend.Model, lastUsed int64) Model {
	return Model{
		Ref: m.Ref, Name: m.Name, Quant: m.Quant, Family: m.Family, Architecture: m.Architecture,
		Parameters: m.Parameters, Bytes: m.Bytes, ContextLength: m.ContextLength, Digest: m.Digest,
		LicenceName: m.Licence.Name, OpenSource: m.Licence.OpenSource, Source: m.Source, Capable: nonNil(m.Capable),
		Template: m.Template, Path: m.Path, AddedAt: millis(m.Added), LastUsedAt: lastUsed,
	}
}

// sentences are what is said of a problem; empty for none.
func sentences(e *backend.Error) string {
	if e == nil {
		return ""
	}
	return strings.TrimSpace(e.Message + " " + e.Hint)
}

func templateChoices(t models.TemplateChoices) TemplateChoices {
	return TemplateChoices{
		Ref: t.Ref, Chosen: t.Chosen, Text: t.Text,
		Families: convert(t.Families, func(f models.TemplateFamily) TemplateFamily { return TemplateFamily(f) }),
	}
}

func adapterRow(a library.Adapter) AdapterRow {
	return AdapterRow{Ref: a.Ref, Name: a.Name, Base: a.Architecture, Bytes: a.Bytes, AddedAt: millis(a.Added)}
}

func otherModel(f library.ForeignModel) OtherModel {
	m := OtherModel{
		Path: f.Files[0].Path, Name: f.Name, Quant: f.Quant, Bytes: f.Bytes, Installed: f.InLibrary, Alike: f.Alike, Keeps: f.Keeps,
		Copies: f.Problem == nil && f.How == "", Adapter: f.Kind == backend.KindAdapter,
	}
	if f.Problem != nil {
		m.Problem = f.Problem.Message
	}
	return m
}

// importable is a file that could be imported, as the page shows it.
func importable(f library.ForeignModel) OtherModel {
	m := otherModel(f)
	if f.Problem != nil {
		m.Problem = strings.TrimSpace(f.Problem.Message + " " + f.Problem.Hint)
	}
	return m
}

// modelDetails is what is known of a model as the page shows it.
func modelDetails(d models.Details) ModelDetails {
	out := ModelDetails{
		Ref: d.Model.Ref, Layers: d.Layers, Embedding: d.Embedding, Vocabulary: d.Tokenizer.Tokens, Experts: d.Experts, ExpertsUsed: d.ExpertsUsed,
		Mix: convert(d.Mix, func(t library.TypeUse) TypeShare {
			return TypeShare{Type: t.Type, Tensors: t.Tensors, Bytes: t.Bytes, Params: t.Parameters}
		}),
		Template: d.Template.Text, Licence: answersOf(d.Terms), LicenceText: d.LicenceText,
		Origin: d.Address, Files: []ModelFile{}, FreesBytes: d.Frees, VerifiedAt: d.VerifiedAt, Notes: []string{},
	}
	switch {
	case d.Template.Chosen != "":
		out.Template, out.TemplateFrom = d.Template.Ollama, "chosen"
	case d.Template.Text != "":
		out.TemplateFrom = "file"
	case d.Template.Ollama != "":
		out.Template, out.TemplateFrom = d.Template.Ollama, "layer"
	}
	switch {
	case d.Template.Chosen != "" && d.Template.Own:
		out.TemplateNote = "It was chosen here, instead of the model's own."
	case d.Template.Chosen != "":
		out.TemplateNote = "It was chosen here: the file has none."
	case d.Template.Known != "":
		out.TemplateNote = "It is the well-known template of " + d.Template.Known + "."
	case d.Template.Text != "":
		out.TemplateNote = "It is the file's own, and none of the well-known ones."
	case d.Template.Ollama != "":
		out.TemplateNote = "The file has none; this one came beside it, in the engine's own language."
	}
	var bytes, params int64
	for _, t := range d.Mix {
		bytes += t.Bytes
		params += t.Parameters
	}
	if params > 0 {
		out.BitsPerWeight = float64(bytes) * 8 / float64(params)
	}
	if d.Cloned {
		out.Notes = append(out.Notes, "The disk shares blocks of this model with another file, so removing it may free less.")
	}
	if out.Origin == "" {
		out.Origin = originWords(d.Model.Source)
	}
	for _, f := range d.Files {
		out.Files = append(out.Files, ModelFile{
			Kind: kindOf(f.Kind), Path: cmp.Or(f.Original, f.Path), Bytes: f.Bytes, Digest: f.Digest, Shared: len(f.SharedWith) > 0 || f.Original != "",
		})
		if f.Keeps != "" {
			out.Notes = append(out.Notes, f.Keeps)
		}
	}
	return out
}

// originWords says where a model came from when no address is kept.
func originWords(source string) string {
	switch source {
	case library.SourceStarter:
		return "Came with Weightroom"
	case library.SourceDerived:
		return "Made here, in the lab"
	}
	return ""
}

func verifyReport(r backend.VerifyReport) VerifyReport {
	return VerifyReport{Models: r.Models, At: r.At, Bad: convert(r.Bad, func(d backend.Damage) Damage { return Damage(d) })}
}
