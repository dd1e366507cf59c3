//go:build !race

package systest

// withRace tells that this test binary has the race detector, and so should the callbox it drives.
const withRace = false
