package lab

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unicode/utf8"

	"weightroom/backend"
	"weightroom/backend/llama"
)

const (
	// textAnswer is how long one answer gets at most, in tokens, when the reference writes the text.
	textAnswer = 400
	// textTime is how long the reference may write. A slow one stops with a shorter text.
	textTime = 10 * time.Minute
	// textSeed makes the same reference write the same text on the same engine.
	textSeed = 20_077
	// bytesPerToken is a low guess for English; what matters is what llama-perplexity counts later.
	bytesPerToken = 4
)

// longEnough refuses a file that can't hold the tokens that are needed, whatever they are: a token is a byte or more.
func longEnough(path string, context int) error {
	info, err := os.Stat(path)
	if err != nil {
		return backend.Fail(backend.CodeNotFound, err, "The text "+filepath.Base(path)+" can't be opened.", "Check its name, and that you may read it.")
	}
	if info.IsDir() || !info.Mode().IsRegular() {
		return backend.Fail(backend.CodeInvalid, nil, filepath.Base(path)+" is not a text file.", "Choose a plain text file.")
	}
	if info.Size() < int64(llama.LeastTokens(context)) {
		return tooShort(int(info.Size())/bytesPerToken, context)
	}
	head := make([]byte, min(info.Size(), 64<<10))
	f, err := os.Open(path)
	if err != nil {
		return backend.Fail(backend.CodeDenied, err, "The text "+filepath.Base(path)+" can't be read.", "Check that you may read it.")
	}
	defer func() { _ = f.Close() }()
	if _, err := f.ReadAt(head, 0); err != nil {
		return onDisk(err)
	}
	for i := 0; i < utf8.UTFMax && len(head) > 0 && !utf8.Valid(head); i++ { // a character may be cut
		head = head[:len(head)-1]
	}
	if bytes.IndexByte(head, 0) >= 0 || !utf8.Valid(head) {
		return backend.Fail(backend.CodeInvalid, nil, filepath.Base(path)+" is not a plain text in UTF-8.", "Save it as plain text first.")
	}
	return nil
}

func tooShort(tokens, context int) error {
	return backend.Fail(backend.CodeInvalid, nil,
		fmt.Sprintf("The text is too short: it has about %d tokens, and %d are needed.", tokens, llama.LeastTokens(context)),
		fmt.Sprintf("Choose a text of at least %d words, or a shorter chunk of text than %d tokens.", llama.LeastTokens(context)*3/4, context))
}

// shortText refuses a text that a program found too short.
func shortText(out Output, context int) error {
	if n, found := llama.TooShort(string(out.Stderr) + string(out.Stdout)); found {
		return tooShort(n, context)
	}
	return nil
}

// text returns the file to measure on. An empty file means the reference's own answers, which are written once and kept.
func (l *Lab) text(ctx context.Context, reference backend.Model, file string, s Settings, report func(done float64)) (string, Text, error) {
	t := Text{Source: TextFile, Name: filepath.Base(file), Context: s.TextContext}
	if file == "" {
		var err error
		if file, err = l.referenceText(ctx, reference, s, report); err != nil {
			return "", t, err
		}
		t.Source, t.Name = TextReference, "answers of "+reference.Ref
	}
	if err := longEnough(file, s.TextContext); err != nil {
		return "", t, err
	}
	info, err := os.Stat(file)
	if err != nil {
		return "", t, onDisk(err)
	}
	t.Bytes = info.Size()
	t.SHA256, err = sumOf(file)
	return file, t, onDisk(err)
}

// referenceText has the reference answer the built-in prompts until there is enough, and keeps the text beside the lab
// for the next comparison with the same reference.
func (l *Lab) referenceText(ctx context.Context, reference backend.Model, s Settings, report func(done float64)) (string, error) {
	if reference.Digest == "" {
		return "", backend.Fail(backend.CodeInternal, nil, "The reference has no checksum.", "Verify it on the Library page.")
	}
	want := s.TextContext*s.TextChunks + s.TextContext/4 // tokens, with some to spare: texts are cut into whole chunks
	path := filepath.Join(l.o.Dir, fmt.Sprintf("text-%s-%d.txt", short(reference.Digest), want))
	if info, err := os.Stat(path); err == nil && info.Size() >= int64(llama.LeastTokens(s.TextContext)) {
		return path, nil
	}
	if err := os.MkdirAll(l.o.Dir, 0o700); err != nil {
		return "", onDisk(err)
	}
	server, err := l.o.Serve(ctx, Serving{KV: "f16", Threads: s.Threads})
	if err != nil {
		return "", err
	}
	defer func() { _ = server.Close() }()
	text, err := l.write(ctx, server, reference, want, s.TextContext, report)
	if err != nil {
		return "", err
	}
	temporary := filepath.Join(l.o.Dir, temporaryPrefix+short(reference.Digest))
	if err := os.WriteFile(temporary, []byte(text), 0o600); err != nil {
		_ = os.Remove(temporary)
		return "", onDisk(err)
	}
	return path, onDisk(os.Rename(temporary, path))
}

// write collects answers to one prompt after the other, with another seed each time round the list.
func (l *Lab) write(ctx context.Context, server Server, reference backend.Model, want, chunk int, report func(float64)) (string, error) {
	prompts := builtIn("")
	temperature, begin := 0.8, time.Now()
	var text strings.Builder
	tokens, empty := 0, 0
	for i := 0; tokens < want; i++ {
		if time.Since(begin) > textTime && tokens >= 2*llama.LeastTokens(chunk) {
			break
		}
		seed := int64(textSeed + i)
		var answer strings.Builder
		m, err := server.Answer(ctx, backend.Prompt{
			Model: reference.Ref, Bytes: reference.Bytes,
			Messages: []backend.Message{{Role: backend.RoleUser, Text: prompts[i%len(prompts)].text}},
			Sampling: backend.Sampling{Temperature: &temperature, Seed: &seed, MaxTokens: textAnswer, ContextLength: 2048},
		}, func(d backend.Delta) { answer.WriteString(d.Text) })
		if err != nil {
			return "", l.explain(ctx, Output{}, err, "let the reference write the text")
		}
		said := strings.TrimSpace(strings.ToValidUTF8(answer.String(), ""))
		if said == "" {
			if empty++; empty > 10 {
				return "", backend.Fail(backend.CodeModelFailed, nil, reference.Ref+" writes no answers, so there is no text to measure on.", "Choose a text of your own.")
			}
			continue
		}
		tokens += m.Tokens
		text.WriteString(said)
		text.WriteString("\n\n")
		report(float64(tokens) / float64(want))
	}
	return text.String(), nil
}

// short is enough of a digest to tell files apart.
func short(digest string) string {
	_, sum, ok := strings.Cut(digest, ":")
	if !ok {
		sum = digest
	}
	return sum[:min(16, len(sum))]
}

func sumOf(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }()
	sum := sha256.New()
	if _, err := io.Copy(sum, bufio.NewReader(f)); err != nil {
		return "", err
	}
	return fmt.Sprintf("%x", sum.Sum(nil)), nil
}
