package token

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-jose/go-jose/v4/json"
	"github.com/go-jose/go-jose/v4/jwt"
)

// leeway is by how much the issuer's clock may be ahead. A token's end is taken at its word.
const leeway = 30 * time.Second

// latest bounds exp, so that no arithmetic on times overflows.
const latest = 253402300799 // the last second of the year 9999

func unfit(format string, args ...any) error {
	return fmt.Errorf("%w: %w", ErrClaims, fmt.Errorf(format, args...))
}

// read checks the payload of a genuine token and takes the identity out of it.
func (c *Config) read(payload []byte) (*Identity, error) {
	if !utf8.Valid(payload) {
		return nil, unfit("they are not UTF-8")
	}
	var registered jwt.Claims
	if err := json.Unmarshal(payload, &registered); err != nil {
		return nil, unfit("the registered ones are not of their types")
	}
	all, err := objectOf(payload)
	if err != nil {
		return nil, err
	}
	if err := c.check(registered); err != nil {
		return nil, err
	}
	if _, bound := all["cnf"]; bound {
		// RFC 7800: only who proves to have that key may use it, and there is no way to do so here.
		return nil, unfit("cnf binds the token to a key of its holder")
	}
	if _, event := all["events"]; event {
		// RFC 8417 and OpenID Connect Back-Channel Logout: it tells of somebody, and is nobody's proof.
		return nil, unfit("events tell that the token is a message about its subject")
	}
	id := &Identity{
		Issuer: registered.Issuer, ID: registered.ID, Expires: registered.Expiry.Time(), Attributes: make(map[string]Claim, len(c.Attributes)),
	}
	if id.User, err = name(all, c.UserClaim); err != nil {
		return nil, err
	}
	if id.User == "" {
		return nil, unfit("there is no %s for the user", c.UserClaim)
	}
	if c.TenantClaim != "" {
		if id.Tenant, err = name(all, c.TenantClaim); err != nil {
			return nil, err
		}
	}
	return id, c.readAttributes(all, id)
}

// check holds the registered claims of RFC 7519 to what they must be.
func (c *Config) check(claims jwt.Claims) error {
	now := c.Now()
	if claims.Expiry == nil || *claims.Expiry <= 0 || *claims.Expiry > latest {
		return unfit("exp is missing, or no time")
	}
	expected := jwt.Expected{Issuer: c.Issuer, AnyAudience: jwt.Audience{c.Audience}, Time: now}
	switch err := claims.ValidateWithLeeway(expected, leeway); {
	case errors.Is(err, jwt.ErrInvalidIssuer):
		return unfit("iss is not %s", c.Issuer)
	case errors.Is(err, jwt.ErrInvalidAudience):
		return unfit("aud does not have %s", c.Audience)
	case err != nil && !errors.Is(err, jwt.ErrExpired):
		return unfit("%w", err)
	case err != nil || !now.Before(claims.Expiry.Time()):
		return unfit("exp was at %s", claims.Expiry.Time().UTC().Format(time.RFC3339))
	default:
		return nil
	}
}

// objectOf reads a JSON object with numbers as they are spelled. A name that is there twice is an error.
func objectOf(payload []byte) (map[string]any, error) {
	var all map[string]any
	decoder := json.NewDecoder(bytes.NewReader(payload))
	decoder.SetNumberType(json.UnmarshalJSONNumber)
	if err := decoder.Decode(&all); err != nil {
		return nil, unfit("they are not a JSON object")
	}
	return all, nil
}

// name is a claim that names somebody or something: a text, or empty where the token has no such claim.
func name(all map[string]any, claim string) (string, error) {
	value, there := find(all, claim)
	if !there {
		return "", nil
	}
	text, ok := value.(string)
	if !ok || text == "" || strings.ContainsFunc(text, unprintable) {
		return "", unfit("%s is not a name", claim)
	}
	return text, nil
}

func unprintable(r rune) bool { return r < ' ' || r == 0x7f }

func (c *Config) readAttributes(all map[string]any, id *Identity) error {
	for attribute, claim := range c.Attributes {
		value, there := find(all, claim)
		if !there {
			continue
		}
		read, ok := claimOf(value)
		if !ok {
			return unfit("%s is neither a value nor a list of values", claim)
		}
		id.Attributes[attribute] = read
	}
	return nil
}

// claimOf is a value, a list of values or null. Objects, lists of lists and lists with null in them are none of these.
func claimOf(value any) (Claim, bool) {
	if value == nil {
		return Claim{Kind: Null}, true
	}
	list, isList := value.([]any)
	if !isList {
		text, ok := textOf(value)
		return Claim{Kind: Scalar, Texts: []string{text}}, ok
	}
	texts := make([]string, len(list))
	for i, item := range list {
		text, ok := textOf(item)
		if !ok {
			return Claim{}, false
		}
		texts[i] = text
	}
	return Claim{Kind: List, Texts: texts}, true
}

func textOf(value any) (string, bool) {
	switch v := value.(type) {
	case string:
		return v, true
	case json.Number:
		return v.String(), true
	case bool:
		return fmt.Sprint(v), true
	default:
		return "", false
	}
}

// find looks a claim up by its name, or by a JSON Pointer (RFC 6901) through objects.
func find(all map[string]any, claim string) (any, bool) {
	if !strings.HasPrefix(claim, "/") {
		value, there := all[claim]
		return value, there
	}
	unescape := strings.NewReplacer("~1", "/", "~0", "~")
	var at any = all
	for _, step := range strings.Split(claim[1:], "/") {
		object, ok := at.(map[string]any)
		if !ok {
			return nil, false
		}
		if at, ok = object[unescape.Replace(step)]; !ok {
			return nil, false
		}
	}
	return at, true
}
