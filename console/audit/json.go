package audit

import (
	"encoding/json"
	"strconv"
	"time"
)

// The records are written member by member: one costs no allocation.

func appendName(dst []byte, name string) []byte {
	dst = append(dst, `,"`...)
	dst = append(dst, name...)
	return append(dst, `":`...)
}

// appendText appends a member, unless it is empty.
func appendText(dst []byte, name, text string) []byte {
	if text == "" {
		return dst
	}
	return appendString(appendName(dst, name), text)
}

func appendNumber(dst []byte, name string, n int64) []byte {
	return strconv.AppendInt(appendName(dst, name), n, 10)
}

// appendCount is appendNumber, unless it is zero.
func appendCount(dst []byte, name string, n int64) []byte {
	if n == 0 {
		return dst
	}
	return appendNumber(dst, name, n)
}

func appendTime(dst []byte, at time.Time) []byte {
	dst = append(dst, '"')
	dst = at.UTC().AppendFormat(dst, "2006-01-02T15:04:05.000000Z")
	return append(dst, '"')
}

// maxList is about how many bytes of a list a record has. The ledger does not go on behind a line of more than 1 MiB.
const maxList = 32 << 10

// appendList appends a member with a list of texts, unless that is empty. Of one that is cut short, a member more_NAME tells.
func appendList(dst []byte, name string, texts []string) []byte {
	if len(texts) == 0 {
		return dst
	}
	dst = append(appendName(dst, name), '[')
	start := len(dst)
	for i, text := range texts {
		if len(dst)-start > maxList {
			return append(appendName(append(dst, ']'), "more_"+name), "true"...)
		}
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendString(dst, text)
	}
	return append(dst, ']')
}

// appendString appends a text as JSON. What a client has chosen can be anything; what does not have to be escaped is most of it.
func appendString[T string | []byte](dst []byte, text T) []byte {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c > '~' || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			escaped, _ := json.Marshal(string(text)) // a string cannot fail
			return append(dst, escaped...)
		}
	}
	dst = append(dst, '"')
	dst = append(dst, text...)
	return append(dst, '"')
}
