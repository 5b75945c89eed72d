package downloadtest

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Ask is a request as the server understood it.
type Ask struct {
	N        int // 1 for the first request
	Ranged   bool
	From, To int64 // [From, To) of the file; the whole file where nothing was ranged
	IfRange  string
	Request  *http.Request
}

// Answer is what is sent, to the byte.
type Answer struct {
	Proto   string // "HTTP/1.1" where empty
	Status  int
	Header  [][2]string // in this order, nothing added
	Body    io.Reader
	Chunked bool          // with a last chunk, unless Cut
	Cut     bool          // the connection closes before the end is marked
	Reset   bool          // the connection is reset after the body
	Stall   time.Duration // of silence after the body, before the connection closes
	Rate    int64         // bytes per second; 0: at once
	Late    time.Duration // of silence before the first byte of the answer
	// Gone hears how long after the last byte that was not late or slow the client has hung up.
	Gone func(time.Duration)
}

// Server serves one file under any path, on a loopback port.
type Server struct {
	*httptest.Server
	File  io.ReaderAt
	Size  int64
	ETag  string // as in the header; empty: none
	Chunk int    // bytes written at once; 0: 64 KiB
	Rate  int64  // bytes per second of each honest answer; 0: as fast as it goes
	// Buffer is how much the kernel may hold of what was sent and not yet taken; 0: as it likes.
	Buffer int
	// Lie returns the answer to send in place of the honest one; nil: the honest one.
	Lie func(Ask) *Answer

	sent     atomic.Int64
	requests atomic.Int64
	mu       sync.Mutex
	times    []time.Time
	closed   chan struct{}
}

// New starts a server.
func New(file io.ReaderAt, size int64) *Server {
	s := &Server{File: file, Size: size, ETag: `"one"`, closed: make(chan struct{})}
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(s.serve))
	s.Config.ErrorLog = nil
	s.Start()
	return s
}

// Close ends the server and every answer that is under way.
func (s *Server) Close() {
	close(s.closed)
	s.CloseClientConnections()
	s.Server.Close()
}

// Throttle sets Rate and Buffer for a client in another process, whose requests come after this only because of s.mu.
func (s *Server) Throttle(rate int64, buffer int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.Rate, s.Buffer = rate, buffer
}

// Sent is how many bytes of bodies were written to sockets.
func (s *Server) Sent() int64 { return s.sent.Load() }

// Requests is how many requests came.
func (s *Server) Requests() int { return int(s.requests.Load()) }

// Times are when they came.
func (s *Server) Times() []time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]time.Time(nil), s.times...)
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.times = append(s.times, time.Now())
	s.mu.Unlock()
	a := Ask{N: int(s.requests.Add(1)), To: s.Size, IfRange: r.Header.Get("If-Range"), Request: r}
	a.From, a.To, a.Ranged = s.parse(r.Header.Get("Range"))
	answer := s.Honest(a)
	if s.Lie != nil {
		if lie := s.Lie(a); lie != nil {
			answer = lie
		}
	}
	conn, rw, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	s.send(conn, rw.Writer, answer)
}

// parse reads the forms of Range that clients of this server use.
func (s *Server) parse(header string) (from, to int64, ok bool) {
	spec, ok := strings.CutPrefix(header, "bytes=")
	if !ok {
		return 0, s.Size, false
	}
	first, last, _ := strings.Cut(spec, "-")
	from, err := strconv.ParseInt(first, 10, 64)
	if err != nil {
		return 0, s.Size, false
	}
	to = s.Size
	if n, err := strconv.ParseInt(last, 10, 64); err == nil {
		to = min(n+1, s.Size)
	}
	return from, to, true
}

// Honest is the answer that RFC 9110 wants.
func (s *Server) Honest(a Ask) *Answer {
	if a.Ranged && a.From >= s.Size {
		return &Answer{Status: http.StatusRequestedRangeNotSatisfiable, Header: [][2]string{
			{"Content-Range", fmt.Sprintf("bytes */%d", s.Size)}, {"Content-Length", "0"}}}
	}
	answer := &Answer{Status: http.StatusOK, Rate: s.Rate}
	if a.Ranged && (a.IfRange == "" || a.IfRange == s.ETag) {
		answer.Status = http.StatusPartialContent
		answer.Header = append(answer.Header, [2]string{"Content-Range", fmt.Sprintf("bytes %d-%d/%d", a.From, a.To-1, s.Size)})
	} else {
		a.From, a.To = 0, s.Size
	}
	if s.ETag != "" {
		answer.Header = append(answer.Header, [2]string{"ETag", s.ETag})
	}
	answer.Header = append(answer.Header, [2]string{"Content-Type", "application/octet-stream"},
		[2]string{"Content-Length", strconv.FormatInt(a.To-a.From, 10)})
	answer.Body = s.Part(a.From, a.To)
	return answer
}

// Part reads [from, to) of the file.
func (s *Server) Part(from, to int64) io.Reader { return io.NewSectionReader(s.File, from, to-from) }

func (s *Server) send(conn net.Conn, w *bufio.Writer, a *Answer) {
	defer func() { _ = conn.Close() }()
	if tcp, ok := conn.(*net.TCPConn); ok && s.Buffer > 0 {
		_ = tcp.SetWriteBuffer(s.Buffer) // the kernel's own is used then
	}
	gone := make(chan struct{})
	var quiet atomic.Int64
	quiet.Store(time.Now().UnixNano())
	go func() { // tells when the client has hung up
		defer close(gone)
		_, _ = io.Copy(io.Discard, conn)
		if a.Gone != nil {
			a.Gone(time.Duration(time.Now().UnixNano() - quiet.Load()))
		}
	}()
	wait := func(d time.Duration) bool {
		t := time.NewTimer(d)
		defer t.Stop()
		select {
		case <-t.C:
			return true
		case <-gone:
		case <-s.closed:
		}
		return false
	}
	if a.Late > 0 && !wait(a.Late) {
		return
	}
	proto := a.Proto
	if proto == "" {
		proto = "HTTP/1.1"
	}
	fmt.Fprintf(w, "%s %03d %s\r\n", proto, a.Status, http.StatusText(a.Status))
	for _, h := range a.Header {
		fmt.Fprintf(w, "%s: %s\r\n", h[0], h[1])
	}
	if a.Chunked {
		fmt.Fprint(w, "Transfer-Encoding: chunked\r\n")
	}
	fmt.Fprint(w, "Connection: close\r\n\r\n")
	if w.Flush() != nil {
		return
	}
	if a.Body != nil && !s.body(w, a, wait) {
		return
	}
	quiet.Store(time.Now().UnixNano())
	if a.Chunked && !a.Cut {
		fmt.Fprint(w, "0\r\n\r\n")
	}
	_ = w.Flush() // the client may be gone
	if a.Stall > 0 {
		wait(a.Stall)
	}
	if tcp, ok := conn.(*net.TCPConn); ok && a.Reset {
		_ = tcp.SetLinger(0)
	} else if ok {
		_ = tcp.CloseWrite()
		wait(time.Second) // a close with unread input would reset the connection and lose what was sent
	}
}

func (s *Server) body(w *bufio.Writer, a *Answer, wait func(time.Duration) bool) bool {
	chunk := s.Chunk
	if chunk == 0 {
		chunk = 64 << 10
	}
	if a.Rate > 0 {
		chunk = int(min(int64(chunk), max(a.Rate/20, 1)))
	}
	buf, begun, sum := make([]byte, chunk), time.Now(), int64(0)
	for {
		n, err := io.ReadFull(a.Body, buf)
		if n > 0 {
			if a.Chunked {
				fmt.Fprintf(w, "%x\r\n", n)
			}
			_, _ = w.Write(buf[:n]) // Flush tells
			if a.Chunked {
				fmt.Fprint(w, "\r\n")
			}
			if w.Flush() != nil {
				return false
			}
			s.sent.Add(int64(n))
			sum += int64(n)
		}
		if err != nil {
			return true
		}
		if a.Rate > 0 {
			due := time.Duration(float64(sum) / float64(a.Rate) * float64(time.Second))
			if ahead := due - time.Since(begun); ahead > time.Millisecond && !wait(ahead) {
				return false
			}
		}
	}
}
