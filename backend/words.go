package backend

import (
	"math"
	"strconv"
	"strings"
	"unicode/utf16"
)

// Bytes returns a size in words, in decimal units with three digits at most: "98.4 MB", "2.5 GB", "140 GB". Files,
// memory and speeds compare so. The page writes sizes by the same rules (frontend/src/lib/format.ts), and
// testdata/bytes.json holds both to them.
func Bytes(n int64) string {
	value, unit := max(float64(n), 0), 0
	units := [...]string{"B", "kB", "MB", "GB", "TB"}
	for value >= 999.5 && unit < len(units)-1 {
		value /= 1000
		unit++
	}
	digits := 1
	if unit == 0 || value >= 99.95 {
		digits = 0
	}
	if value*4 == math.Trunc(value*4) { // halfway between two texts, or exact: up, as a browser rounds
		value = math.Nextafter(value, math.Inf(1))
	}
	return strconv.FormatFloat(value, 'f', digits, 64) + " " + units[unit]
}

// Count returns a number with a comma between its thousands: "1,048,576".
func Count(n int64) string {
	digits := strconv.FormatInt(n, 10)
	var b strings.Builder
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 && digits[i-1] != '-' {
			b.WriteByte(',')
		}
		b.WriteRune(d)
	}
	return b.String()
}

// Plural returns a number with its noun, whose plural ends in s: "1 chat", "12 chats".
func Plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return Count(int64(n)) + " " + noun + "s"
}

// UTF16Length is the length of s that JavaScript sees.
func UTF16Length(s string) int {
	n := 0
	for _, r := range s {
		n += max(1, utf16.RuneLen(r))
	}
	return n
}
