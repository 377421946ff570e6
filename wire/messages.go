package wire

import "encoding/binary"

// appendMessage appends a message with the body that fill appends.
func appendMessage(dst []byte, kind byte, fill func([]byte) []byte) []byte {
	start := len(dst)
	dst = append(dst, kind, 0, 0, 0, 0)
	if fill != nil {
		dst = fill(dst)
	}
	binary.BigEndian.PutUint32(dst[start+1:], uint32(len(dst)-start-1))
	return dst
}

func appendString(dst []byte, s string) []byte { return append(append(dst, s...), 0) }

// appendFatal appends the ErrorResponse of a failure. Both severities and a code are always there: Npgsql needs them.
func appendFatal(dst []byte, f *failure) []byte {
	return appendError(dst, errorFields{severity: "FATAL", fixedSeverity: "FATAL", code: f.state, message: f.message, detail: f.detail, hint: f.hint})
}

func appendParameterStatus(dst []byte, name, value string) []byte {
	return appendMessage(dst, 'S', func(b []byte) []byte { return appendString(appendString(b, name), value) })
}

func appendReady(dst []byte, status byte) []byte { return append(dst, 'Z', 0, 0, 0, 5, status) }
