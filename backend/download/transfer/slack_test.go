//go:build !race

package transfer

// slack is by how much what is measured in time is slower than in a plain build.
const slack = 1
