package wire

import "strings"

// addOptions takes the options parameter: `-c name=value`, `-cname=value` and `--name=value`, as psql's PGOPTIONS has
// them. Every other switch of the server's command line is refused.
func (s *settings) addOptions(options string) {
	words, ok := splitOptions(options)
	if !ok {
		s.malformed(options)
		return
	}
	for i := 0; i < len(words); i++ {
		word := words[i]
		switch {
		case word == "-c" && i+1 < len(words):
			i++
			s.addOption(words[i])
		case strings.HasPrefix(word, "--"):
			s.addOption(word[2:])
		case strings.HasPrefix(word, "-c") && len(word) > 2:
			s.addOption(word[2:])
		default:
			s.malformed(options)
		}
	}
}

func (s *settings) addOption(assignment string) {
	name, value, ok := strings.Cut(assignment, "=")
	name = strings.ReplaceAll(name, "-", "_")
	if !ok || name == "" {
		s.malformed(assignment)
		return
	}
	if !s.fromPacket[strings.ToLower(name)] {
		s.set(name, value)
	}
}

// splitOptions splits at white space; a backslash takes the next character as it is. A trailing backslash is an error.
func splitOptions(options string) ([]string, bool) {
	var words []string
	var word strings.Builder
	inWord := false
	for i := 0; i < len(options); i++ {
		c := options[i]
		switch {
		case strings.IndexByte(" \t\n\r\v\f", c) >= 0:
			if inWord {
				words = append(words, word.String())
				word.Reset()
			}
			inWord = false
			continue
		case c == '\\':
			i++
			if i == len(options) {
				return nil, false
			}
			c = options[i]
		}
		inWord = true
		word.WriteByte(c)
	}
	if inWord {
		words = append(words, word.String())
	}
	return words, true
}
