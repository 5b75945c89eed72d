package app

// signal is something that is said and taken later: said twice before it is taken, it counts once.
type signal chan struct{}

func newSignal() signal { return make(signal, 1) }

func (s signal) give() {
	select {
	case s <- struct{}{}:
	default: // one waits already
	}
}

// forget drops what was said and not taken.
func (s signal) forget() {
	select {
	case <-s:
	default:
	}
}
