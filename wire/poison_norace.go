//go:build !race

package wire

// poisons is not set in a build for use: it would cost a write to every byte of a buffer.
const poisons = false
