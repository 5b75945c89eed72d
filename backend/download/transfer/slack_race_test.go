//go:build race

package transfer

// slack is by how much what is measured in time is slower under the race detector.
const slack = 4
