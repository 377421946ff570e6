package catalog

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/wherewall/wherewall/catalog/expr"
)

var (
	uuidText    = regexp.MustCompile(`^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$`)
	integerText = regexp.MustCompile(`^[+-]?[0-9]{1,19}$`)
	// Signs and bare clock times are left out: how they are read depends on the session's IntervalStyle.
	intervalText = regexp.MustCompile(`^[0-9]+ (second|minute|hour|day|week|month|year)s?( [0-9]+ (second|minute|hour|day|week|month|year)s?)*$`)
	numericText  = regexp.MustCompile(`^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?$`)
)

// Fits says whether PostgreSQL reads a text as a scalar of a type, and as the same value whatever a session's TimeZone,
// DateStyle and IntervalStyle are: a client may set those, and no condition may change its meaning with them. For types that it does not
// know the answer is nil and PostgreSQL will tell.
func (s *Schema) Fits(t expr.Type, text string) error {
	t = s.Base(t)
	if strings.ContainsRune(text, 0) {
		return fmt.Errorf("text cannot hold a zero byte")
	}
	if info := s.Types[TypeName{t.Schema, t.Name}]; info != nil && info.Kind == 'e' && !t.Array {
		if !slices.Contains(info.Labels, text) {
			return fmt.Errorf("%s has no value %q", typeLabel(t), text)
		}
		return nil
	}
	if t.Schema != "pg_catalog" || t.Array || fitsBuiltin(t.Name, text) {
		return nil
	}
	return fmt.Errorf("%q is not a value of type %s", text, typeLabel(t))
}

// The ways to write a time that mean the same whatever DateStyle is.
var (
	plainLayouts = []string{time.DateOnly, "2006-01-02 15:04:05", "2006-01-02T15:04:05"}
	zonedLayouts = []string{time.RFC3339, "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05Z07"}
)

// constant is a typed constant. A time without a zone is one of UTC, not of whatever the session's zone is.
func constant(t expr.Type, text string) expr.Const {
	if t == typeTimestamptz && anyLayout(text, plainLayouts...) {
		if !strings.Contains(text, ":") {
			text += " 00:00:00"
		}
		text += "+00"
	}
	return expr.Const{Type: t, Text: text}
}

func fitsBuiltin(name, text string) bool {
	switch name {
	case "int2":
		return fitsInt(text, 16)
	case "int4":
		return fitsInt(text, 32)
	case "int8":
		return fitsInt(text, 64)
	case "numeric":
		return numericText.MatchString(text)
	case "bool":
		_, ok := boolText(text)
		return ok
	case "uuid":
		return uuidText.MatchString(text)
	case "date":
		return anyLayout(text, time.DateOnly)
	case "timestamptz":
		return anyLayout(text, slices.Concat(zonedLayouts, plainLayouts)...)
	case "timestamp":
		return anyLayout(text, plainLayouts...)
	case "time":
		return anyLayout(text, time.TimeOnly, "15:04")
	case "timetz":
		return anyLayout(text, "15:04:05Z07:00", "15:04:05Z07")
	case "interval":
		return intervalText.MatchString(text)
	default:
		return true
	}
}

func fitsInt(text string, bits int) bool {
	_, err := strconv.ParseInt(text, 10, bits)
	return err == nil && integerText.MatchString(text)
}

func boolText(text string) (value, ok bool) {
	switch strings.ToLower(text) {
	case "true", "t", "yes", "on", "1":
		return true, true
	case "false", "f", "no", "off", "0":
		return false, true
	default:
		return false, false
	}
}

func anyLayout(text string, layouts ...string) bool {
	return slices.ContainsFunc(layouts, func(l string) bool {
		_, err := time.Parse(l, text)
		return err == nil
	})
}

// Identifies says whether a text is the one way to write a value of a type. Tenants and users are told apart by their
// texts, and rows by the values: were 7 and 07 two tenants, each would see the other's rows in an integer column.
func (s *Schema) Identifies(t expr.Type, text string) error {
	t = s.Base(t)
	if err := s.Fits(t, text); err != nil {
		return err
	}
	if info := s.Types[TypeName{t.Schema, t.Name}]; info != nil && info.Kind == 'e' && !t.Array {
		return nil
	}
	if t.Schema == "pg_catalog" && !t.Array && canonical(t.Name, text) {
		return nil
	}
	return fmt.Errorf("%q is not the plain way to write a value of type %s", text, typeLabel(t))
}

var plainInteger = regexp.MustCompile(`^(0|-?[1-9][0-9]*)$`)

func canonical(name, text string) bool {
	switch name {
	case "int2", "int4", "int8", "numeric", "oid":
		return plainInteger.MatchString(text)
	case "uuid":
		return text == strings.ToLower(text)
	case "text", "varchar":
		return true
	case "bpchar":
		return !strings.HasSuffix(text, " ")
	case "name":
		return len(text) < 64
	case "date":
		return true
	default:
		return false
	}
}

// ArrayText is PostgreSQL's text input of an array.
func ArrayText(elements []string) string {
	quoted := make([]string, len(elements))
	for i, e := range elements {
		if strings.ContainsAny(e, `\"`) {
			e = strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(e)
		}
		quoted[i] = `"` + e + `"`
	}
	return "{" + strings.Join(quoted, ",") + "}"
}
