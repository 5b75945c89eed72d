package hardware

// FreeBytes is what the disk that holds path has left for this person.
func FreeBytes(path string) (int64, error) {
	_, free, err := thisSystem().disk(path)
	return free, err
}
