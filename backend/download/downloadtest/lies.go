package downloadtest

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Lie is one way of answering a request wrongly.
type Lie struct {
	Name string
	// Mends says that a client can still end with the right file, at least by asking for all of it at once, however
	// often the lie is told.
	Mends bool
	// Flips says that the bytes are wrong while everything around them is right: only a digest can find it.
	Flips  bool
	Answer func(*Server, Ask) *Answer
}

// Lies are the ways in which a server can lie about ranges, and about what an answer holds. Each is told of requests
// with a range; the whole file is given honestly, except where nothing could be.
func Lies() []Lie {
	ranged := func(change func(*Server, Ask, *Answer)) func(*Server, Ask) *Answer {
		return func(s *Server, a Ask) *Answer {
			answer := s.Honest(a)
			if !a.Ranged || answer.Status != http.StatusPartialContent {
				return answer
			}
			change(s, a, answer)
			return answer
		}
	}
	always := func(change func(*Server, Ask, *Answer)) func(*Server, Ask) *Answer {
		return func(s *Server, a Ask) *Answer {
			answer := s.Honest(a)
			change(s, a, answer)
			return answer
		}
	}
	says := func(from, to, size int64) string { return fmt.Sprintf("bytes %d-%d/%d", from, to-1, size) }
	claim := func(value func(Ask, int64) string) func(*Server, Ask, *Answer) {
		return func(s *Server, a Ask, w *Answer) { w.set("Content-Range", value(a, s.Size)) }
	}
	status := func(code int) func(*Server, Ask, *Answer) {
		return func(_ *Server, _ Ask, w *Answer) {
			w.Status, w.Body = code, nil
			w.unset("Content-Range")
			w.set("Content-Length", "0")
		}
	}
	return []Lie{
		{"200 with the whole file", true, false, ranged(func(s *Server, _ Ask, w *Answer) {
			w.Status, w.Body = 200, s.Part(0, s.Size)
			w.unset("Content-Range")
			w.set("Content-Length", strconv.FormatInt(s.Size, 10))
		})},
		{"200 with the part alone", true, false, ranged(func(_ *Server, _ Ask, w *Answer) { w.Status = 200; w.unset("Content-Range") })},
		{"200 with Content-Range", true, false, ranged(func(_ *Server, _ Ask, w *Answer) { w.Status = 200 })},
		{"206 of the whole file", true, false, ranged(func(s *Server, _ Ask, w *Answer) {
			w.Body = s.Part(0, s.Size)
			w.set("Content-Range", says(0, s.Size, s.Size))
			w.set("Content-Length", strconv.FormatInt(s.Size, 10))
		})},
		{"start one later", true, false, ranged(claim(func(a Ask, n int64) string { return says(a.From+1, a.To, n) }))},
		{"start one earlier", true, false, ranged(claim(func(a Ask, n int64) string { return says(max(a.From-1, 0), a.To, n) }))},
		{"start elsewhere, and sends that", true, false, ranged(func(s *Server, a Ask, w *Answer) {
			from := (a.From + s.Size/3) % s.Size
			to := min(from+a.To-a.From, s.Size)
			w.Body = s.Part(from, to)
			w.set("Content-Range", says(from, to, s.Size))
			w.set("Content-Length", strconv.FormatInt(to-from, 10))
		})},
		{"sends from elsewhere, says it is right", true, true, ranged(func(s *Server, a Ask, w *Answer) {
			from := (a.From + s.Size/3) % s.Size
			w.Body = io.MultiReader(s.Part(from, min(from+a.To-a.From, s.Size)), s.Part(0, s.Size))
			w.Body = io.LimitReader(w.Body, a.To-a.From)
		})},
		{"end one later", true, false, ranged(claim(func(a Ask, n int64) string { return says(a.From, a.To+1, n+1) }))},
		{"end one later, and sends that", true, false, ranged(func(s *Server, a Ask, w *Answer) {
			w.Body = io.MultiReader(s.Part(a.From, a.To), strings.NewReader("x"))
			w.set("Content-Range", says(a.From, a.To+1, s.Size+1))
			w.set("Content-Length", strconv.FormatInt(a.To-a.From+1, 10))
		})},
		{"end one earlier", true, false, ranged(claim(func(a Ask, n int64) string { return says(a.From, a.To-1, n) }))},
		{"half of the part, honestly", true, false, ranged(func(s *Server, a Ask, w *Answer) {
			to := a.From + (a.To-a.From+1)/2
			w.Body = s.Part(a.From, to)
			w.set("Content-Range", says(a.From, to, s.Size))
			w.set("Content-Length", strconv.FormatInt(to-a.From, 10))
		})},
		{"crumbs of one byte, honestly", true, false, ranged(func(s *Server, a Ask, w *Answer) {
			w.Body = s.Part(a.From, a.From+1)
			w.set("Content-Range", says(a.From, a.From+1, s.Size))
			w.set("Content-Length", "1")
		})},
		{"total one more", true, false, ranged(claim(func(a Ask, n int64) string { return says(a.From, a.To, n+1) }))},
		{"total one less", true, false, ranged(claim(func(a Ask, n int64) string { return says(a.From, a.To, n-1) }))},
		{"total not told", true, false, ranged(claim(func(a Ask, _ int64) string { return fmt.Sprintf("bytes %d-%d/*", a.From, a.To-1) }))},
		{"no Content-Range", true, false, ranged(func(_ *Server, _ Ask, w *Answer) { w.unset("Content-Range") })},
		{"two Content-Ranges", true, false, ranged(func(_ *Server, _ Ask, w *Answer) {
			w.Header = append(w.Header, [2]string{"Content-Range", "bytes 0-9/10"})
		})},
		{"Content-Range in bits", true, false, ranged(claim(func(a Ask, n int64) string { return fmt.Sprintf("bits %d-%d/%d", a.From, a.To-1, n) }))},
		{"Content-Range of nothing", true, false, ranged(claim(func(_ Ask, n int64) string { return fmt.Sprintf("bytes */%d", n) }))},
		{"Content-Range backwards", true, false, ranged(claim(func(a Ask, n int64) string { return fmt.Sprintf("bytes %d-%d/%d", a.To-1, a.From, n) }))},
		{"Content-Range below zero", true, false, ranged(claim(func(a Ask, n int64) string { return fmt.Sprintf("bytes -%d-%d/%d", a.From, a.To-1, n) }))},
		{"Content-Range beyond all numbers", true, false, ranged(claim(func(a Ask, _ int64) string { return fmt.Sprintf("bytes %d-99999999999999999999/*", a.From) }))},
		{"Content-Range garbled", true, false, ranged(claim(func(a Ask, n int64) string { return fmt.Sprintf("bytes=%d-%d of %d", a.From, a.To, n) }))},
		{"multipart", true, false, ranged(func(s *Server, a Ask, w *Answer) {
			text := fmt.Sprintf("\r\n--x\r\nContent-Range: %s\r\n\r\n", says(a.From, a.To, s.Size))
			w.Body = io.MultiReader(strings.NewReader(text), s.Part(a.From, a.To), strings.NewReader("\r\n--x--\r\n"))
			w.set("Content-Type", "multipart/byteranges; boundary=x")
			w.unset("Content-Range")
			w.set("Content-Length", strconv.Itoa(len(text)+9+int(a.To-a.From)))
		})},
		{"multipart that claims one part's range", true, false, ranged(func(_ *Server, _ Ask, w *Answer) { w.set("Content-Type", "multipart/byteranges; boundary=x") })},
		{"416", true, false, ranged(func(s *Server, a Ask, w *Answer) {
			status(416)(s, a, w)
			w.set("Content-Range", fmt.Sprintf("bytes */%d", s.Size))
		})},
		{"416 with another size", true, false, ranged(func(s *Server, a Ask, w *Answer) { status(416)(s, a, w); w.set("Content-Range", "bytes */5") })},
		{"gzip of the part", true, false, ranged(func(s *Server, a Ask, w *Answer) {
			data := zipped(s.Part(a.From, a.To))
			w.Body = bytes.NewReader(data)
			w.set("Content-Encoding", "gzip")
			w.set("Content-Length", strconv.Itoa(len(data)))
		})},
		{"gzip that is none", true, false, ranged(func(_ *Server, _ Ask, w *Answer) { w.set("Content-Encoding", "gzip") })},
		{"br that is none", true, false, ranged(func(_ *Server, _ Ask, w *Answer) { w.set("Content-Encoding", "br") })},
		{"gzip in the transfer", true, false, ranged(func(_ *Server, _ Ask, w *Answer) {
			w.unset("Content-Length")
			w.Header = append(w.Header, [2]string{"Transfer-Encoding", "gzip, chunked"})
		})},
		{"another ETag each time", true, false, ranged(func(_ *Server, a Ask, w *Answer) { w.set("ETag", fmt.Sprintf(`"%d"`, a.N)) })},
		{"weak ETag", true, false, ranged(func(_ *Server, _ Ask, w *Answer) { w.set("ETag", `W/"one"`) })},
		{"no ETag", true, false, ranged(func(_ *Server, _ Ask, w *Answer) { w.unset("ETag") })},
		{"another ETag and other bytes, later", true, true, ranged(func(s *Server, a Ask, w *Answer) {
			if a.From > 0 {
				w.set("ETag", `"two"`)
				w.Body = flipped(s.Part(a.From, a.To))
			}
		})},
		{"body half as long", true, false, ranged(func(s *Server, a Ask, w *Answer) { w.Body = s.Part(a.From, (a.From+a.To+1)/2) })},
		{"body of nothing", false, false, ranged(func(_ *Server, _ Ask, w *Answer) { w.Body = nil })},
		{"body twice as long", true, false, ranged(func(s *Server, a Ask, w *Answer) {
			w.Body = io.MultiReader(s.Part(a.From, a.To), s.Part(a.From, a.To))
		})},
		{"length one more, and sends that", true, false, ranged(func(s *Server, a Ask, w *Answer) {
			w.Body = io.MultiReader(s.Part(a.From, a.To), strings.NewReader("x"))
			w.set("Content-Length", strconv.FormatInt(a.To-a.From+1, 10))
		})},
		{"length one less", true, false, ranged(func(_ *Server, a Ask, w *Answer) { w.set("Content-Length", strconv.FormatInt(a.To-a.From-1, 10)) })},
		{"length not told", true, false, ranged(func(_ *Server, _ Ask, w *Answer) { w.unset("Content-Length") })},
		{"length not told, and cut", true, false, ranged(func(s *Server, a Ask, w *Answer) {
			w.unset("Content-Length")
			w.Body = s.Part(a.From, (a.From+a.To+1)/2)
		})},
		{"two lengths", true, false, ranged(func(_ *Server, _ Ask, w *Answer) { w.Header = append(w.Header, [2]string{"Content-Length", "7"}) })},
		{"length below zero", true, false, ranged(func(_ *Server, _ Ask, w *Answer) { w.set("Content-Length", "-1") })},
		{"chunked", true, false, ranged(func(_ *Server, _ Ask, w *Answer) { w.unset("Content-Length"); w.Chunked = true })},
		{"chunked, and cut", true, false, ranged(func(s *Server, a Ask, w *Answer) {
			w.unset("Content-Length")
			w.Chunked, w.Cut, w.Body = true, true, s.Part(a.From, (a.From+a.To+1)/2)
		})},
		{"chunked, ends early", true, false, ranged(func(s *Server, a Ask, w *Answer) {
			w.unset("Content-Length")
			w.Chunked, w.Body = true, s.Part(a.From, (a.From+a.To+1)/2)
		})},
		{"chunked, too long", true, false, ranged(func(s *Server, a Ask, w *Answer) {
			w.unset("Content-Length")
			w.Chunked, w.Body = true, io.MultiReader(s.Part(a.From, a.To), strings.NewReader("xyz"))
		})},
		{"connection reset midway", true, false, ranged(func(s *Server, a Ask, w *Answer) { w.Body, w.Reset = s.Part(a.From, (a.From+a.To+1)/2), true })},
		{"silence midway", true, false, ranged(func(s *Server, a Ask, w *Answer) {
			w.Body, w.Stall = s.Part(a.From, (a.From+a.To+1)/2), time.Minute
		})},
		{"one bit flipped", true, true, ranged(func(s *Server, a Ask, w *Answer) { w.Body = flipped(s.Part(a.From, a.To)) })},
		{"zeros", true, true, ranged(func(_ *Server, a Ask, w *Answer) { w.Body = io.LimitReader(zeros{}, a.To-a.From) })},
		{"201", true, false, ranged(func(_ *Server, _ Ask, w *Answer) { w.Status = 201 })},
		{"203", true, false, ranged(func(_ *Server, _ Ask, w *Answer) { w.Status = 203 })},
		{"204", true, false, ranged(status(204))},
		{"304", true, false, ranged(status(304))},
		{"302 to nowhere", true, false, ranged(status(302))},
		{"400", false, false, ranged(status(400))},
		{"405", true, false, ranged(status(405))},
		{"999", true, false, ranged(status(999))},
		{"HTTP/1.0, ends by closing", true, false, ranged(func(_ *Server, _ Ask, w *Answer) { w.Proto = "HTTP/1.0"; w.unset("Content-Length") })},
		{"no HTTP at all", true, false, ranged(func(_ *Server, _ Ask, w *Answer) { w.Proto = "ICY" })},
		{"web page with 206", false, false, ranged(func(_ *Server, a Ask, w *Answer) {
			w.Body = io.LimitReader(io.MultiReader(strings.NewReader("<!DOCTYPE html><html>"), zeros{}), a.To-a.From)
		})},
		{"whole: one byte short", false, false, always(func(s *Server, _ Ask, w *Answer) {
			*w = Answer{Status: 200, Header: [][2]string{{"Content-Length", strconv.FormatInt(s.Size-1, 10)}}, Body: s.Part(0, s.Size-1)}
		})},
		{"whole: one byte long", false, false, always(func(s *Server, _ Ask, w *Answer) {
			*w = Answer{Status: 200, Header: [][2]string{{"Content-Length", strconv.FormatInt(s.Size+1, 10)}}, Body: io.MultiReader(s.Part(0, s.Size), strings.NewReader("x"))}
		})},
		{"whole: cut", false, false, always(func(s *Server, _ Ask, w *Answer) {
			*w = Answer{Status: 200, Header: [][2]string{{"Content-Length", strconv.FormatInt(s.Size, 10)}}, Body: s.Part(0, s.Size/2)}
		})},
		{"whole: cut, and length not told", false, false, always(func(s *Server, _ Ask, w *Answer) { *w = Answer{Status: 200, Body: s.Part(0, s.Size/2)} })},
		{"whole: one bit flipped", false, true, always(func(s *Server, _ Ask, w *Answer) {
			*w = Answer{Status: 200, Header: [][2]string{{"Content-Length", strconv.FormatInt(s.Size, 10)}}, Body: flipped(s.Part(0, s.Size))}
		})},
		{"whole: 206 for it", false, false, always(func(s *Server, _ Ask, w *Answer) {
			*w = Answer{Status: 206, Header: [][2]string{{"Content-Range", says(1, s.Size, s.Size)}, {"Content-Length", strconv.FormatInt(s.Size-1, 10)}}, Body: s.Part(1, s.Size)}
		})},
		{"whole: web page", false, false, always(func(_ *Server, _ Ask, w *Answer) {
			text := "<html><body>Please log in</body></html>"
			*w = Answer{Status: 200, Header: [][2]string{{"Content-Type", "text/html"}, {"Content-Length", strconv.Itoa(len(text))}}, Body: strings.NewReader(text)}
		})},
		{"whole: 404", false, false, always(status(404))},
		{"whole: 500", false, false, always(status(500))},
	}
}

// When is how often a lie is told.
type When struct {
	Name string
	Now  func(Ask) bool
}

// Whens are the ways of telling a lie: at each request, but for the first, and once.
func Whens() []When {
	return []When{
		{"always", func(Ask) bool { return true }},
		{"later", func(a Ask) bool { return a.N > 1 }},
		{"once", func(a Ask) bool { return a.N == 2 }},
	}
}

// Tell makes the server tell a lie.
func (s *Server) Tell(l Lie, w When) {
	s.Lie = func(a Ask) *Answer {
		if w.Now(a) {
			return l.Answer(s, a)
		}
		return nil
	}
}

func (w *Answer) set(key, value string) {
	w.unset(key)
	w.Header = append(w.Header, [2]string{key, value})
}

func (w *Answer) unset(key string) {
	kept := w.Header[:0:0]
	for _, h := range w.Header {
		if h[0] != key {
			kept = append(kept, h)
		}
	}
	w.Header = kept
}

func zipped(r io.Reader) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = io.Copy(z, r) // memory takes everything
	_ = z.Close()
	return b.Bytes()
}

// flipped is r with one bit of its thousandth byte changed.
func flipped(r io.Reader) io.Reader { return &flipper{r: r} }

type flipper struct {
	r   io.Reader
	off int
}

func (f *flipper) Read(p []byte) (int, error) {
	n, err := f.r.Read(p)
	if at := 1000 - f.off; at >= 0 && at < n {
		p[at] ^= 1
	}
	f.off += n
	return n, err
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }
