//go:build !linux || !production

package app

// windowZooms says that the web view can't be told to zoom here, so that the page does it with a style.
const windowZooms = false

func zoomWindow(int) {}
