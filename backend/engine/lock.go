package engine

// Lock says what keeps the engine from the network.
type Lock string

// The locks, strongest first.
const (
	LockKernel Lock = "kernel" // a network namespace with only a loopback in it, enforced by Linux
	LockApp    Lock = "app"    // the engine's own dialer refuses all but loopback addresses
	LockNone   Lock = "none"   // the engine is not running
)

// Detail says the lock in a sentence for the Machine page.
func (l Lock) Detail() string {
	switch l {
	case LockKernel:
		return "The engine runs in a network of its own with no way out, enforced by Linux."
	case LockApp:
		return "This system does not allow a separate network, so the engine refuses by itself to connect to anything but this machine."
	default:
		return "The engine is not running."
	}
}
