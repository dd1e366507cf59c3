// Package layers holds the tests that keep the house in order: which package may import which, and the shape of files
// and functions. It has no code of its own and must not be imported.
package layers
