package platform

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"weightroom/backend"
	"weightroom/backend/fsys"
)

// Request is what a second start asks of the first: to run a command for it, or, with no arguments, to show its
// window.
type Request struct {
	Args []string `json:"args"`
	Dir  string   `json:"dir"` // working folder of the one who asks
}

// Reply is what the first answers.
type Reply struct {
	Stdout string `json:"stdout"`
	Stderr string `json:"stderr"`
	Exit   int    `json:"exit"`
}

// Instance is the ownership of one data folder by one process. Closing it, or the process's end, gives it back.
type Instance struct {
	lock     *os.File
	listener net.Listener
	dir      string
	once     sync.Once
	answers  answers
}

// answers are requests that are being answered. None begins once they are awaited.
type answers struct {
	mu      sync.Mutex
	ended   bool
	ongoing sync.WaitGroup
}

// begin reports whether another answer may begin.
func (a *answers) begin() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.ended {
		a.ongoing.Add(1)
	}
	return !a.ended
}

// end waits until every answer is out, not for one that takes too long.
func (a *answers) end() {
	a.mu.Lock()
	a.ended = true
	a.mu.Unlock()
	out := make(chan struct{})
	go func() { a.ongoing.Wait(); close(out) }()
	select {
	case <-out:
	case <-time.After(handOver):
	}
}

// handOver is how long a second start waits for the first.
const handOver = 2 * time.Second

const (
	lockName    = "weightroom.lock"
	addressName = "weightroom.socket" // holds the path of the owner's socket
)

// Acquire takes the data folder. When another process has it, Acquire hands request over to that one and returns its
// reply and no Instance. It never waits longer than two seconds plus the time the request itself takes. The lock is
// the operating system's, so a dead owner's is gone with it and there is no stale lock to clear.
func Acquire(ctx context.Context, data string, request Request) (*Instance, *Reply, error) {
	deadline := time.Now().Add(handOver)
	for {
		lock, err := fsys.LockFile(ctx, filepath.Join(data, lockName), 0)
		if err != nil && !errors.Is(err, fsys.ErrLocked) {
			return nil, nil, folderProblem(data, err)
		}
		if err == nil {
			i := &Instance{lock: lock}
			if err := i.listen(data); err != nil {
				_ = i.Close()
				return nil, nil, folderProblem(data, err)
			}
			return i, nil, nil
		}
		reply, taken, err := ask(ctx, data, request)
		if err == nil {
			return nil, reply, nil
		}
		if ctx.Err() != nil {
			return nil, nil, ctx.Err()
		}
		if time.Now().After(deadline) {
			if taken {
				return nil, nil, backend.Fail(backend.CodeCancelled, err, "The Weightroom that ran this command ended before it was done.", "What it had finished is kept. Run the command again.")
			}
			return nil, nil, backend.Fail(backend.CodeLocked, err, "Weightroom is already running with this data folder and does not answer.", "Close it, or start Weightroom with another data folder.")
		}
		time.Sleep(50 * time.Millisecond) // the owner is starting or ending
	}
}

func (i *Instance) listen(data string) error {
	dir, err := os.MkdirTemp("", "weightroom-") // short, and private: a socket's path has about 100 bytes
	if err != nil {
		return err
	}
	i.dir = dir
	path := filepath.Join(dir, "hand-over.sock")
	if i.listener, err = (&net.ListenConfig{}).Listen(context.Background(), "unix", path); err != nil {
		return err
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return err
	}
	temp := filepath.Join(data, addressName+".new")
	if err := os.WriteFile(temp, []byte(path), 0o600); err != nil {
		return err
	}
	return os.Rename(temp, filepath.Join(data, addressName))
}

// Serve answers the requests of later starts until Close. It blocks.
func (i *Instance) Serve(answer func(Request) Reply) {
	for {
		conn, err := i.listener.Accept()
		if err != nil {
			return
		}
		if !i.answers.begin() {
			_ = conn.Close()
			return
		}
		go func() {
			defer i.answers.ongoing.Done()
			defer conn.Close() //nolint:errcheck // the answer is out or the asker is gone
			var r Request
			if json.NewDecoder(io.LimitReader(conn, 1<<20)).Decode(&r) == nil {
				_ = json.NewEncoder(conn).Encode(answer(r))
			}
		}()
	}
}

// Close releases the data folder, after the answers that are under way.
func (i *Instance) Close() error {
	var err error
	i.once.Do(func() {
		if i.listener != nil {
			_ = i.listener.Close()
		}
		i.answers.end()
		if i.dir != "" {
			_ = os.RemoveAll(i.dir)
		}
		err = i.lock.Close()
	})
	return err
}

// ask hands a request over; taken says that the owner has it, with or without a reply.
func ask(ctx context.Context, data string, request Request) (reply *Reply, taken bool, err error) {
	path, err := os.ReadFile(filepath.Join(data, addressName))
	if err != nil {
		return nil, false, err
	}
	conn, err := (&net.Dialer{Timeout: handOver}).DialContext(ctx, "unix", string(path))
	if err != nil {
		return nil, false, err
	}
	defer conn.Close() //nolint:errcheck // read-only from here on
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	if err := json.NewEncoder(conn).Encode(request); err != nil {
		return nil, false, err
	}
	reply = &Reply{}
	if err := json.NewDecoder(conn).Decode(reply); err != nil {
		return nil, true, errors.Join(ctx.Err(), err)
	}
	return reply, true, nil
}
