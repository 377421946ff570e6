package sqltree

import "strings"

// QuoteLiteral appends to dst the literal of the string s, spelled as the deparser spells a string constant: '..' with quotes
// doubled, or E'..' with backslashes doubled as well where there are any. It means s to every server, whatever its
// standard_conforming_strings says. s must be valid UTF-8 without NUL bytes.
func QuoteLiteral(dst []byte, s string) []byte {
	if strings.IndexByte(s, '\\') >= 0 {
		dst = append(dst, 'E')
	}
	dst = append(dst, '\'')
	for i := range len(s) {
		if s[i] == '\'' || s[i] == '\\' {
			dst = append(dst, s[i])
		}
		dst = append(dst, s[i])
	}
	return append(dst, '\'')
}
