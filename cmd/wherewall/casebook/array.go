package casebook

import "strings"

// arrayElements cuts an array of one dimension, as PostgreSQL prints it, into its elements; nil stands for NULL. ok is false for any other text.
func arrayElements(text string) (elements []*string, ok bool) {
	if len(text) < 2 || text[0] != '{' || text[len(text)-1] != '}' {
		return nil, false
	}
	rest := text[1 : len(text)-1]
	for len(rest) > 0 {
		element, after, ok := arrayElement(rest)
		if !ok {
			return nil, false
		}
		elements = append(elements, element)
		if after == "" {
			break
		}
		rest = after[1:]
		if rest == "" {
			return nil, false // a comma and nothing behind it
		}
	}
	return elements, true
}

// arrayElement reads an element up to the comma behind it, or to the end.
func arrayElement(rest string) (element *string, after string, ok bool) {
	if rest[0] != '"' {
		end := strings.IndexByte(rest, ',')
		if end < 0 {
			end = len(rest)
		}
		word := rest[:end]
		if word == "" || strings.ContainsAny(word, `{}"\`) {
			return nil, "", false
		}
		if word == "NULL" {
			return nil, rest[end:], true
		}
		return &word, rest[end:], true
	}
	var b strings.Builder
	for i := 1; i < len(rest); i++ {
		switch {
		case rest[i] == '\\' && i+1 < len(rest):
			i++
			b.WriteByte(rest[i])
		case rest[i] == '"':
			word := b.String()
			after = rest[i+1:]
			return &word, after, after == "" || after[0] == ','
		default:
			b.WriteByte(rest[i])
		}
	}
	return nil, "", false
}
