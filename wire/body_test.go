package wire

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestABodyIsReadToItsEndOrItIsWrong(t *testing.T) {
	t.Parallel()
	for message, wrong := range map[string]string{
		"":                                 invalidString,
		"name":                             invalidString,
		"name\x00SELECT 1":                 invalidString,
		"name\x00SELECT 1\x00":             tooLittleData,
		"name\x00SELECT 1\x00\x00\x01":     tooLittleData,
		"\x00\x00\x00\x00more":             invalidFormat,
		"\x00\x00\x00\x01\x00\x00\x00":     tooLittleData,
		"\x00\x00\xff\xff\x00\x00\x00":     tooLittleData,
		"\x00\x00\x00\x01\x00\x00\x0017":   invalidFormat,
		"\x00\x00\x00\x01\x00\x00\x00\x17": "",
	} {
		_, _, _, got := parseFields([]byte(message))
		require.Equal(t, wrong, got, "%q", message)
	}
	for message, wrong := range map[string]string{
		"": noDataLeft, "S": invalidString, "Sname": invalidString, "Sname\x00more": invalidFormat, "Sname\x00": "", "P\x00": "",
		"X\x00": "invalid CLOSE message subtype 88", "X": invalidString,
	} {
		_, _, got := targetFields("CLOSE", []byte(message))
		require.Equal(t, wrong, got, "%q", message)
	}
	for message, wrong := range map[string]string{
		"": invalidString, "p\x00": tooLittleData, "p\x00\x00\x00\x00": tooLittleData, "p\x00\x00\x00\x00\x00\x00": invalidFormat, "p\x00\x00\x00\x00\x00": "",
	} {
		_, _, got := executeFields([]byte(message))
		require.Equal(t, wrong, got, "%q", message)
	}
}
