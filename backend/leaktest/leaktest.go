// Package leaktest runs a package's tests so that a leaked goroutine fails them, and lets the test binary be its own
// child process.
package leaktest

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"testing"
	"time"
)

// patience is how long goroutines that are ending may take.
const patience = 2 * time.Second

// RoleEnv is the environment variable that makes a run of a test binary one of its children: it names a role.
const RoleEnv = "WEIGHTROOM_TEST_CHILD"

// Main runs the tests and ends the process; TestMain calls it. It fails when more goroutines are left at the end than
// there were at the beginning. In a process that was started with RoleEnv it runs that role instead, with the
// arguments; roles may be nil.
func Main(m *testing.M, roles map[string]func(args []string) error) {
	if role := os.Getenv(RoleEnv); role != "" {
		if err := roles[role](os.Args[1:]); err != nil {
			fmt.Println("child failed:", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	before := runtime.NumGoroutine()
	code := m.Run()
	if f := flag.Lookup("test.fuzz"); f != nil && f.Value.String() != "" {
		os.Exit(code) // fuzzing waits for signals to the end
	}
	for end := time.Now().Add(patience); runtime.NumGoroutine() > before; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			buf := make([]byte, 1<<20)
			fmt.Printf("goroutines leaked:\n%s\n", buf[:runtime.Stack(buf, true)])
			code = 1
			break
		}
	}
	os.Exit(code)
}

// AtOnce lets n tests that may run in parallel do so, where the command line says nothing else. It is for packages whose
// tests wait for a disk or a server more than they compute. TestMain calls it first.
func AtOnce(n int) {
	flag.Parse()
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "test.parallel" })
	if !given {
		_ = flag.Set("test.parallel", strconv.Itoa(n))
	}
}
