package wire

import "strings"

// leastToken is how long a text is at least that may be a token. The shortest of JWT is longer by far: a header, claims and a signature.
const leastToken = 32

// withoutTokens takes out of a text what looks like a JSON Web Token. Clients put them into the wrong parameter, and what is wrong with that is told and logged.
func withoutTokens(text string) string {
	const begin = "eyJ" // what `{"` is in base64
	if len(text) < leastToken || !strings.Contains(text, begin) {
		return text
	}
	var kept strings.Builder
	for {
		at := strings.Index(text, begin)
		if at < 0 {
			kept.WriteString(text)
			return kept.String()
		}
		end := at + len(begin)
		for end < len(text) && tokenByte(text[end]) {
			end++
		}
		kept.WriteString(text[:at])
		if end-at < leastToken {
			kept.WriteString(text[at:end])
		} else {
			kept.WriteString("...")
		}
		text = text[end:]
	}
}

// tokenByte says whether a byte may stand in a token: base64 for URLs, and the dots between its parts (RFC 7515).
func tokenByte(b byte) bool {
	return b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9' || strings.IndexByte("-_.=", b) >= 0
}
