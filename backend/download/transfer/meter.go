package transfer

import "time"

const (
	meterWindow = 20 * time.Second // what the rate is smoothed over
	meterQuiet  = 5 * time.Second  // after which a rate is no longer honest
)

// meter turns counts of bytes into a smoothed rate.
type meter struct {
	times []time.Time
	bytes []int64
	last  time.Time // when the count last grew
}

// add tells the count of all bytes so far.
func (m *meter) add(now time.Time, bytes int64) {
	n := len(m.bytes)
	if n == 0 || bytes > m.bytes[n-1] {
		m.last = now
	}
	if n > 1 && now.Sub(m.times[n-2]) < 250*time.Millisecond {
		m.times[n-1], m.bytes[n-1] = now, bytes
		return
	}
	m.times, m.bytes = append(m.times, now), append(m.bytes, bytes)
	drop := 0
	for drop < n-1 && now.Sub(m.times[drop]) > meterWindow {
		drop++
	}
	m.times, m.bytes = m.times[drop:], m.bytes[drop:]
}

// rate returns bytes per second; 0 when nothing came of late or too little is known.
func (m *meter) rate(now time.Time) float64 {
	n := len(m.bytes)
	if n < 2 || now.Sub(m.last) > meterQuiet {
		return 0
	}
	seconds := now.Sub(m.times[0]).Seconds()
	if seconds < 0.2 {
		return 0
	}
	return float64(m.bytes[n-1]-m.bytes[0]) / seconds
}

// left returns the time until rest bytes have come; negative when that is not known.
func (m *meter) left(now time.Time, rest int64) time.Duration {
	rate := m.rate(now)
	if rate < 1 || rest < 0 || float64(rest)/rate > 1e8 {
		return -1
	}
	return time.Duration(float64(rest) / rate * float64(time.Second))
}
