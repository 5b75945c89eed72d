package app

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"time"

	"github.com/wailsapp/wails/v2/pkg/runtime"

	"weightroom/backend"
	"weightroom/backend/download/source"
	"weightroom/backend/download/web"
	"weightroom/backend/library"
)

// verifiedKey holds when models were last read again, by reference, and reportKey what came of the last time.
const (
	verifiedKey = "verified"
	reportKey   = "verifyReport"
)

// Details tells what is known of a model of the library. It reads headers, not weights.
func (c *Core) Details(ctx context.Context, ref string) (ModelDetails, error) {
	d, err := c.Models.Inspect(ctx, ref)
	if err != nil {
		return ModelDetails{}, err
	}
	out := ModelDetails{
		Ref: d.Model.Ref, Layers: d.Layers, Embedding: d.Embedding, Vocabulary: d.Tokenizer.Tokens, Experts: d.Experts, ExpertsUsed: d.ExpertsUsed,
		Mix: convert(d.Mix, func(t library.TypeUse) TypeShare {
			return TypeShare{Type: t.Type, Tensors: t.Tensors, Bytes: t.Bytes, Params: t.Parameters}
		}),
		Template: d.Template.Text, Licence: c.licenceAnswers(d.Model.Ref, d.Model.Licence.Name, d.LicenceText), LicenceText: d.LicenceText,
		Origin: d.Address, Files: []ModelFile{}, FreesBytes: d.Frees, VerifiedAt: c.verifiedAt(ctx)[d.Model.Ref], Notes: []string{},
	}
	switch {
	case d.Template.Text != "":
		out.TemplateFrom = "file"
	case d.Template.Ollama != "":
		out.Template, out.TemplateFrom = d.Template.Ollama, "layer"
	}
	switch {
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
			Kind: kindOf(f.Kind), Path: firstOf(f.Original, f.Path), Bytes: f.Bytes, Digest: f.Digest, Shared: len(f.SharedWith) > 0 || f.Original != "",
		})
		if f.Keeps != "" {
			out.Notes = append(out.Notes, f.Keeps)
		}
	}
	return out, nil
}

func firstOf(words ...string) string {
	for _, w := range words {
		if w != "" {
			return w
		}
	}
	return ""
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

// licenceAnswers explains a licence, where the catalog can: by the model's own entry, else by its name or its text.
func (c *Core) licenceAnswers(ref, name, text string) []Answer {
	if err := c.shelf.load(); err != nil {
		return []Answer{}
	}
	if found, err := c.shelf.catalog.Resolve(ref); err == nil && found.Model != nil {
		return answersOf(found.Model.Licence)
	}
	if terms, ok := c.termsOf(source.Terms{Name: name, Text: text}); ok {
		return answersOf(terms)
	}
	return []Answer{}
}

func (c *Core) verifiedAt(ctx context.Context) map[string]int64 {
	at := map[string]int64{}
	if c.History != nil {
		_, _ = c.History.Get(ctx, verifiedKey, &at) // never verified and not readable look the same
	}
	return at
}

// Verify reads every byte of a model again, or of all for an empty ref, and keeps what came of it.
func (c *Core) Verify(ctx context.Context, ref string, progress func(done, total int64)) ([]library.Bad, error) {
	if ref != "" {
		m, err := c.Models.Model(ctx, ref)
		if err == nil {
			ref = m.Ref
		}
	}
	bad, err := c.Models.Verify(ctx, ref, progress)
	if err != nil || c.History == nil {
		return bad, err
	}
	models, err := c.Models.Models(ctx)
	if err != nil {
		return bad, err
	}
	now := time.Now().UnixMilli()
	report, at := VerifyReport{Models: 1, At: now, Bad: badOf(bad)}, c.verifiedAt(ctx)
	if ref == "" {
		report.Models = len(models)
	} else {
		for _, b := range c.verifyReport(ctx).Bad { // of the others, what was found stays true
			if b.Ref != ref {
				report.Bad = append(report.Bad, b)
			}
		}
	}
	for _, m := range models {
		if ref == "" || m.Ref == ref {
			at[m.Ref] = now
		}
	}
	return bad, errors.Join(c.History.Put(ctx, verifiedKey, at), c.History.Put(ctx, reportKey, report))
}

// badOf puts the bad files of each model together.
func badOf(bad []library.Bad) []Damage {
	out := []Damage{}
	for _, b := range bad {
		d := Damage{Ref: b.Ref, Reason: b.Reason, Repairable: b.Address != ""}
		if i := len(out) - 1; i >= 0 && out[i].Ref == b.Ref {
			out[i].Repairable = out[i].Repairable && d.Repairable
			continue
		}
		out = append(out, d)
	}
	return out
}

func (c *Core) verifyReport(ctx context.Context) VerifyReport {
	report := VerifyReport{Bad: []Damage{}}
	if c.History != nil {
		if _, err := c.History.Get(ctx, reportKey, &report); err != nil {
			slog.Warn("last check not read", "error", err)
		}
	}
	if report.Bad == nil {
		report.Bad = []Damage{}
	}
	return report
}

// Repair fetches the bad parts of a model again, and nothing else of it. It gives the bytes that were fetched.
func (c *Core) Repair(ctx context.Context, ref string, progress func(done, total int64)) (fetched int64, err error) {
	m, err := c.Models.Model(ctx, ref)
	if err == nil {
		ref = m.Ref
	}
	bad, err := c.Models.Verify(ctx, ref, nil)
	if err != nil {
		return 0, err
	}
	if len(bad) > 0 {
		if _, err := c.online(ctx); err != nil {
			return 0, err
		}
	}
	for _, b := range bad {
		if b.Address == "" {
			return fetched, backend.Fail(backend.CodeDamaged, nil, "It is not known where a file of this model can be fetched again.", firstOf(b.Hint, "Import the same file again."))
		}
		item := web.Item{Name: ref, Digest: b.Digest, Bytes: b.Bytes, Address: b.Address}
		part := func(ctx context.Context, off, n int64) (io.ReadCloser, error) {
			net, err := c.online(ctx)
			if err != nil {
				return nil, err
			}
			return net.sources.Part(ctx, item, off, n)
		}
		n, err := c.Models.Repair(ctx, b.Digest, part, progress)
		fetched += n
		if err != nil {
			return fetched, err
		}
	}
	if _, err = c.Verify(ctx, ref, nil); err != nil {
		return fetched, err
	}
	return fetched, nil
}

// Details tells what is known of a model.
func (s *Library) Details(ref string) (ModelDetails, error) {
	return call("Library.Details", func() (ModelDetails, error) {
		core, err := s.window.Core()
		if err != nil {
			return ModelDetails{}, err
		}
		return core.Details(s.window.ctx, ref)
	})
}

// ChooseFolder lets the person pick a folder; it gives nothing when they cancelled.
func (s *Library) ChooseFolder(title string) (string, error) {
	return call("Library.ChooseFolder", func() (string, error) {
		if _, err := s.window.Core(); err != nil {
			return "", err
		}
		return runtime.OpenDirectoryDialog(s.window.ctx, runtime.OpenDialogOptions{Title: title, CanCreateDirectories: true})
	})
}

// job runs long work on the library as a task.
func (s *Library) job(kind, label string, work func(ctx context.Context, core *Core, progress func(done, total int64)) (string, error)) (Task, error) {
	return call("Library."+kind, func() (Task, error) {
		core, err := s.window.Core()
		if err != nil {
			return Task{}, err
		}
		return s.window.tasks.start(kind, label, func(ctx context.Context, progress func(done, total int64)) (string, error) {
			result, err := work(ctx, core, progress)
			s.window.emit(EventLibrary, Changed{ID: result, Seq: s.window.next()})
			return result, err
		}), nil
	})
}

// Verify reads every byte of a model again, or of all for an empty ref, as a task.
func (s *Library) Verify(ref string) (Task, error) {
	return s.job("verify", "Checking", func(ctx context.Context, core *Core, progress func(done, total int64)) (string, error) {
		_, err := core.Verify(ctx, ref, progress)
		return ref, err
	})
}

// VerifyReport gives what came of the last check.
func (s *Library) VerifyReport() (VerifyReport, error) {
	return call("Library.VerifyReport", func() (VerifyReport, error) {
		core, err := s.window.Core()
		if err != nil {
			return VerifyReport{Bad: []Damage{}}, err
		}
		return core.verifyReport(s.window.ctx), nil
	})
}

// Repair fetches the bad parts of a model again as a task.
func (s *Library) Repair(ref string) (Task, error) {
	return s.job("repair", "Repairing", func(ctx context.Context, core *Core, progress func(done, total int64)) (string, error) {
		_, err := core.Repair(ctx, ref, progress)
		return ref, err
	})
}

// Attach makes a model of a base and an adapter and gives its reference.
func (s *Library) Attach(base, adapter string) (string, error) {
	return call("Library.Attach", func() (string, error) {
		core, err := s.window.Core()
		if err != nil {
			return "", err
		}
		m, err := core.Models.Attach(s.window.ctx, base, adapter, "")
		s.window.emit(EventLibrary, Changed{ID: m.Ref, Seq: s.window.next()})
		return m.Ref, err
	})
}
