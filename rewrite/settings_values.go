package rewrite

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/wherewall/wherewall/catalog"
)

// one is a check of a single value.
func one(check func(string) error) func([]string) error {
	return func(values []string) error {
		if len(values) != 1 {
			return errors.New("it takes one value")
		}
		return check(values[0])
	}
}

// oneOf is a check of a single value that must be a word of a list, in any case.
func oneOf(words ...string) func([]string) error {
	return one(func(value string) error { return wordOf(value, words) })
}

// each is a check of values that are words of a list, in any case. DateStyle takes them apart or as one text, as in 'ISO, DMY'.
func each(words ...string) func([]string) error {
	return func(values []string) error {
		for word := range strings.SplitSeq(strings.Join(values, ","), ",") {
			if err := wordOf(strings.TrimSpace(word), words); err != nil {
				return err
			}
		}
		return nil
	}
}

func wordOf(value string, words []string) error {
	if slices.ContainsFunc(words, func(word string) bool { return strings.EqualFold(value, word) }) {
		return nil
	}
	hint := fmt.Sprintf("it may be set to %s only", strings.Join(words, ", "))
	if near := catalog.Nearest(value, words); near != "" {
		hint += "; " + near
	}
	return errors.New(hint)
}

// encoding knows the spellings of clients: UTF8, UNICODE, utf-8, and asyncpg's 'utf-8' with the quotes.
func encoding(value string) error {
	if len(value) >= 2 && value[0] == '\'' && value[len(value)-1] == '\'' {
		value = value[1 : len(value)-1]
	}
	value = strings.NewReplacer("-", "", "_", "").Replace(value)
	if !strings.EqualFold(value, "utf8") && !strings.EqualFold(value, "unicode") {
		return errors.New("it may be set to UTF8 only")
	}
	return nil
}

// meansOn and meansOff know the words for a boolean that need no guess at what was cut off.
func meansOn(value string) bool {
	return slices.Contains([]string{"on", "true", "yes", "1", "t"}, strings.ToLower(value))
}

func meansOff(value string) bool {
	return slices.Contains([]string{"off", "false", "no", "0", "f"}, strings.ToLower(value))
}

func onOrOff(value string) error {
	if !meansOn(value) && !meansOff(value) {
		return errors.New("it may be set to on or off only")
	}
	return nil
}

// readOnly is the check of whether transactions write: where the operator wants them not to, no client may ask for it.
func (s settings) readOnly(value string) error {
	if s.limits.ReadOnly && meansOff(value) {
		return fmt.Errorf("%w: this service is read-only", errForbidden)
	}
	return onOrOff(value)
}

// integer32 is a check of a single integer between two bounds.
func integer32(low, high int64) func([]string) error {
	return one(func(value string) error {
		n, err := strconv.ParseInt(strings.TrimSpace(value), 10, 32)
		if err != nil || n < low || n > high {
			return fmt.Errorf("it may be set to %d to %d only", low, high)
		}
		return nil
	})
}

// timeout is a check of a time: 0, 500, '5s', '1.5 min'. Where the operator has set a limit (in milliseconds), it may be lowered and not raised.
// A 0, or what the server rounds to one, asks for no limit of the client's own: what is sent for it is the operator's (see sends).
func timeout(limit int64) func(string) error {
	return func(value string) error {
		asked, err := asMilliseconds(value)
		if err != nil {
			return err
		}
		if limit > 0 && asked > limit {
			return fmt.Errorf("%w: it may be set to %d milliseconds at most", errForbidden, limit)
		}
		return nil
	}
}

func asMilliseconds(value string) (int64, error) {
	value = strings.TrimSpace(value)
	digits := strings.TrimRight(value, "abcdefghijklmnopqrstuvwxyz")
	factor := 1.0
	switch value[len(digits):] {
	case "", "ms":
	case "us":
		factor = 0.001
	case "s":
		factor = 1000
	case "min":
		factor = 60 * 1000
	case "h":
		factor = 60 * 60 * 1000
	case "d":
		factor = 24 * 60 * 60 * 1000
	default:
		return 0, errors.New("its units are us, ms, s, min, h and d")
	}
	digits = strings.TrimSpace(digits)
	n, err := strconv.ParseFloat(digits, 64)
	if err != nil || n < 0 || n*factor > math.MaxInt32 || strings.Trim(digits, "0123456789.") != "" || octal(digits) {
		return 0, errors.New("it takes a time that is not negative, in digits and with a unit: 1500, '1500ms', '1.5s'")
	}
	return int64(math.RoundToEven(n * factor)), nil
}

// octal says whether the server would read the digits to the base of eight.
func octal(digits string) bool {
	return len(digits) > 1 && digits[0] == '0' && digits[1] != '.'
}

// timeZone accepts what names a time zone: the server looks the name up in its own files, so nothing may lead out of their folder.
func timeZone(value string) error {
	if len(value) > 100 || strings.Contains(value, "..") || strings.HasPrefix(value, "/") {
		return errors.New("this is no time zone")
	}
	for _, c := range value {
		if c < ' ' || c > '~' || c == '\\' {
			return errors.New("this is no time zone")
		}
	}
	return nil
}
