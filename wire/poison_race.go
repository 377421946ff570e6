//go:build race

package wire

// poisons is set where what was lent is made unreadable when it is given back: under the race detector, that is in most of the tests.
const poisons = true
