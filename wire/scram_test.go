package wire

import (
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"net"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// keys derives what a verifier holds from a password.
func keys(t testing.TB, password string, salt []byte) (client, stored, server []byte) {
	t.Helper()
	salted, err := pbkdf2.Key(sha256.New, password, salt, defaultIterations, sha256.Size)
	require.NoError(t, err)
	client = sign(salted, "Client Key")
	hash := sha256.Sum256(client)
	return client, hash[:], sign(salted, "Server Key")
}

func sign(key []byte, text string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(text))
	return mac.Sum(nil)
}

func verifierFor(t testing.TB, password string) string {
	t.Helper()
	salt := []byte("0123456789abcdef")
	_, stored, server := keys(t, password, salt)
	b64 := base64.StdEncoding.EncodeToString
	return fmt.Sprintf("SCRAM-SHA-256$%d:%s$%s:%s", defaultIterations, b64(salt), b64(stored), b64(server))
}

// exchange is what a client saw of a login.
type exchange struct {
	transcript []string // the server's messages with everything random left out
	salt       string
	err        error
}

// byPassword offers SCRAM alone.
func (h *handshake) byPassword(login, verifier string) error {
	chosen, first, err := h.sasl(h.scramOffer())
	if err != nil {
		return err
	}
	if err := h.scram(login, verifier, chosen, first); err != nil {
		return err
	}
	return h.send(nil) // what is held
}

// scramLogin plays a client with a password. flag is the gs2 header's, n or y.
func scramLogin(t *testing.T, user, verifier, password, flag string) exchange {
	t.Helper()
	near, far := net.Pipe()
	client := newPeer(t, near)
	done := make(chan error, 1)
	go func() {
		h := &handshake{conn: far, in: newInbound(far, newBuffers()), secret: []byte("secret")}
		done <- h.byPassword(user, verifier)
		_ = far.Close()
	}()
	var e exchange
	e.note(client.expect("R"))
	first := "n=,r=clientnonce"
	client.send(initial(mechSCRAM, flag+",,"+first))
	challenge := client.expect("R")
	e.note(challenge)
	e.answer(t, client, first, string(challenge[4:]), password, flag)
	e.err = <-done
	return e
}

var random = regexp.MustCompile(`r=clientnonce[^,]+|s=[^,]+|v=.+`)

func (e *exchange) note(body []byte) {
	e.transcript = append(e.transcript, random.ReplaceAllString(string(body), "?"))
}

// answer sends the proof and notes what the server says to it, if anything.
func (e *exchange) answer(t *testing.T, client *peer, first, challenge, password, flag string) {
	t.Helper()
	e.salt = strings.TrimPrefix(strings.Split(challenge, ",")[1], "s=")
	client.send(message('p', proofFor(t, first, challenge, password, flag)))
	if f, err := client.in.header(); err == nil {
		body, err := client.in.whole(f)
		require.NoError(t, err)
		e.note(body)
	}
}

// proof is a client's final message after its first one was n,,n=,r=clientnonce.
func proof(t *testing.T, challenge, password string) string {
	t.Helper()
	return proofFor(t, "n=,r=clientnonce", challenge, password, "n")
}

func proofFor(t *testing.T, first, challenge, password, flag string) string {
	t.Helper()
	parts := strings.Split(challenge, ",")
	salt, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(parts[1], "s="))
	require.NoError(t, err)
	final := "c=" + base64.StdEncoding.EncodeToString([]byte(flag+",,")) + "," + parts[0]
	key, stored, _ := keys(t, password, salt)
	signature := sign(stored, first+","+challenge+","+final)
	for i := range key {
		key[i] ^= signature[i]
	}
	return final + ",p=" + base64.StdEncoding.EncodeToString(key)
}

func initial(m mechanism, data string) []byte {
	return appendMessage(nil, 'p', func(b []byte) []byte {
		b = binary.BigEndian.AppendUint32(appendString(b, string(m)), uint32(len(data)))
		return append(b, data...)
	})
}

func TestSCRAM(t *testing.T) {
	t.Parallel()
	verifier := verifierFor(t, "right")
	t.Run("the right password gets in", func(t *testing.T) {
		t.Parallel()
		for _, flag := range []string{"n", "y"} {
			e := scramLogin(t, "kim", verifier, "right", flag)
			require.NoError(t, e.err)
			require.Len(t, e.transcript, 3)
		}
	})
	t.Run("a wrong password, an unknown user and a broken verifier look the same", func(t *testing.T) {
		t.Parallel()
		wrong := scramLogin(t, "kim", verifier, "wrong", "n")
		unknown := scramLogin(t, "kim", "", "wrong", "n")
		broken := scramLogin(t, "kim", "SCRAM-SHA-256$1:x", "wrong", "n")
		var f *failure
		require.ErrorAs(t, wrong.err, &f)
		require.Equal(t, &failure{state: statePassword, message: `password authentication failed for user "kim"`}, f)
		for _, other := range []exchange{unknown, broken} {
			require.Equal(t, wrong.transcript, other.transcript)
			require.Equal(t, wrong.err, other.err)
			require.Len(t, other.salt, len(wrong.salt))
		}
	})
	t.Run("an unknown user has the same salt every time, and another one's is another", func(t *testing.T) {
		t.Parallel()
		first := scramLogin(t, "nobody", "", "x", "n")
		require.Equal(t, first.salt, scramLogin(t, "nobody", "", "x", "n").salt)
		require.NotEqual(t, first.salt, scramLogin(t, "somebody", "", "x", "n").salt)
	})
}

func TestSCRAMMalformed(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name string
		sent []byte
	}{
		{"another mechanism", initial("PLAIN", "x")},
		{"channel binding that was not offered", initial(mechSCRAMPlus, "p=tls-server-end-point,,n=,r=x")},
		{"channel binding under the plain name", initial(mechSCRAM, "p=tls-server-end-point,,n=,r=x")},
		{"no SCRAM", initial(mechSCRAM, "hello")},
		{"a length beyond the message", message('p', string(mechSCRAM)+"\x00\x7f\xff\xff\xff")},
		{"a message before authentication", message('Q', "select 1\x00")},
		{"a message that is too long", append([]byte{'p'}, 0x7f, 0xff, 0xff, 0xff)},
		{"a second startup packet", frame4(packet(protocol30, "user", "root"))},
	}
	for _, c := range cases {
		t.Run(c.name+" is a protocol violation", func(t *testing.T) {
			t.Parallel()
			near, far := net.Pipe()
			client := newPeer(t, near)
			done := make(chan error, 1)
			go func() {
				h := &handshake{conn: far, in: newInbound(far, newBuffers()), secret: []byte("secret")}
				done <- h.byPassword("kim", "")
				_ = far.Close()
			}()
			client.expect("R")
			_, _ = client.Write(c.sent)
			var f *failure
			require.ErrorAs(t, <-done, &f)
			require.Equal(t, stateProtocol, f.state)
		})
	}
}

func TestParseVerifier(t *testing.T) {
	t.Parallel()
	good := verifierFor(t, "x")
	_, err := parseVerifier(good)
	require.NoError(t, err)
	for _, bad := range []string{
		"", "md5abc", strings.Replace(good, "4096", "0", 1), strings.Replace(good, "4096", "99999999", 1),
		strings.Replace(good, ":", "", 1), good[:len(good)-4], good + "AAAA",
	} {
		_, err := parseVerifier(bad)
		require.ErrorIs(t, err, errVerifier, bad)
	}
}
