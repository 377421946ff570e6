package wire

// poisonByte is no kind of message and no end of a string, and makes no length that anybody believes.
const poisonByte = 0xdb

// poison makes bytes unreadable that nobody may look at any more. Whoever still does has borrowed them for too long: he would read,
// or send, what another session has put there since.
func poison(b []byte) {
	if !poisons {
		return
	}
	for i := range b {
		b[i] = poisonByte
	}
}
