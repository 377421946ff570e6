package token_test

import (
	"bytes"
	"context"
	"crypto/elliptic"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/internal/token"
	"github.com/wherewall/wherewall/internal/token/tokentest"
)

// provider answers questions for keys inside a bubble with a clock of its own.
type provider struct {
	mu    sync.Mutex
	set   jose.JSONWebKeySet
	down  bool
	asked int
	hold  chan struct{} // answers wait for it; nil: they do not
}

func (p *provider) RoundTrip(r *http.Request) (*http.Response, error) {
	p.mu.Lock()
	p.asked++
	hold, down := p.hold, p.down
	text, err := json.Marshal(p.set)
	p.mu.Unlock()
	if err != nil {
		return nil, err
	}
	if hold != nil {
		select {
		case <-hold:
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	}
	if down {
		return nil, errors.New("connection refused")
	}
	return &http.Response{StatusCode: http.StatusOK, Status: "200 OK", Body: io.NopCloser(bytes.NewReader(text))}, nil
}

func (p *provider) change(how func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	how()
}

func (p *provider) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.asked
}

// start runs keys of the provider until the end of the bubble.
func (p *provider) start(t *testing.T) (*token.Verifier, *bytes.Buffer) {
	t.Helper()
	log := &bytes.Buffer{}
	keys := token.NewKeys(token.KeysConfig{
		Source: token.SourceVia(issuerName+"/keys", p), Every: 5 * time.Minute, Apart: 10 * time.Second, Keep: time.Hour, Log: zerolog.New(log),
	})
	_ = keys.Load(t.Context())
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		keys.Run(ctx)
	}()
	t.Cleanup(func() {
		stop()
		<-ended
	})
	return token.NewVerifier(token.Config{Issuer: issuerName, Audience: audience, UserClaim: "sub"}, keys), log
}

// ever are claims of a token for a long time.
func ever() map[string]any {
	return claims(map[string]any{"exp": 9999999999, "nbf": nil, "iat": nil})
}

func TestANewKeyIsFetchedWhenATokenNeedsIt(t *testing.T) {
	t.Parallel()
	old, young := newEC(t, elliptic.P256()), newEC(t, elliptic.P256())
	first, second := tokentest.Sign(t, jose.ES256, old, kid("k1"), ever()), tokentest.Sign(t, jose.ES256, young, kid("k2"), ever())
	synctest.Test(t, func(t *testing.T) {
		p := &provider{set: jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: &old.PublicKey, KeyID: "k1"}}}}
		v, _ := p.start(t)
		_, err := v.Verify(first)
		require.NoError(t, err)
		p.change(func() { p.set.Keys = append(p.set.Keys, jose.JSONWebKey{Key: &young.PublicKey, KeyID: "k2"}) })

		_, err = v.Verify(second)
		require.ErrorIs(t, err, token.ErrUnknownKey)
		v.Await(t.Context())
		require.Equal(t, 1, p.count(), "the last look was only just now")

		time.Sleep(11 * time.Second)
		_, err = v.Verify(second)
		require.ErrorIs(t, err, token.ErrUnknownKey, "verifying never waits")
		v.Await(t.Context())
		_, err = v.Verify(second)
		require.NoError(t, err)
		require.Equal(t, 2, p.count())
	})
}

func TestTokensOfUnknownKeysDoNotFloodTheIssuer(t *testing.T) {
	t.Parallel()
	own := newEC(t, elliptic.P256())
	forged := tokentest.Sign(t, jose.ES256, own, kid("nobody's"), ever())
	synctest.Test(t, func(t *testing.T) {
		p := &provider{}
		p.set.Keys = []jose.JSONWebKey{}
		v, _ := p.start(t)
		for range 1000 {
			_, err := v.Verify(forged)
			require.ErrorIs(t, err, token.ErrUnknownKey)
			time.Sleep(100 * time.Millisecond)
		}
		require.LessOrEqual(t, p.count(), 11, "in 100 seconds")
	})
}

func TestKeysAreLookedAtByThemselves(t *testing.T) {
	t.Parallel()
	own := newEC(t, elliptic.P256())
	text := tokentest.Sign(t, jose.ES256, own, kid("k1"), ever())
	synctest.Test(t, func(t *testing.T) {
		p := &provider{set: jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: &own.PublicKey, KeyID: "k1"}}}}
		v, _ := p.start(t)
		p.change(func() { p.set.Keys = []jose.JSONWebKey{} })
		_, err := v.Verify(text)
		require.NoError(t, err)
		time.Sleep(6 * time.Minute)
		_, err = v.Verify(text)
		require.ErrorIs(t, err, token.ErrUnknownKey, "a key that was taken back is forgotten though no token was unknown")
	})
}

func TestTheLastKeysOutliveAnIssuerForAWhile(t *testing.T) {
	t.Parallel()
	own := newEC(t, elliptic.P256())
	text := tokentest.Sign(t, jose.ES256, own, kid("k1"), ever())
	synctest.Test(t, func(t *testing.T) {
		p := &provider{set: jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: &own.PublicKey, KeyID: "k1"}}}}
		v, log := p.start(t)
		p.change(func() { p.down = true })
		time.Sleep(59 * time.Minute)
		_, err := v.Verify(text)
		require.NoError(t, err)
		time.Sleep(2 * time.Minute)
		_, err = v.Verify(text)
		require.ErrorIs(t, err, token.ErrNoKeys)
		require.True(t, token.Unknown(err))
		p.change(func() { p.down = false })
		time.Sleep(11 * time.Second)
		_, err = v.Verify(text)
		require.NoError(t, err, "it is asked again soon, and not in some minutes")
		synctest.Wait()
		require.Equal(t, 1, bytes.Count(log.Bytes(), []byte("cannot be fetched")), "a failure is told once:\n%s", log)
	})
}

func TestAwaitEndsWithTheLookOrTheWaiter(t *testing.T) {
	t.Parallel()
	own := newEC(t, elliptic.P256())
	text := tokentest.Sign(t, jose.ES256, own, kid("k1"), ever())
	synctest.Test(t, func(t *testing.T) {
		p := &provider{set: jose.JSONWebKeySet{Keys: []jose.JSONWebKey{}}}
		v, _ := p.start(t)
		v.Await(t.Context())
		time.Sleep(11 * time.Second)
		p.change(func() {
			p.hold = make(chan struct{})
			p.set.Keys = []jose.JSONWebKey{{Key: &own.PublicKey, KeyID: "k1"}}
		})
		_, err := v.Verify(text)
		require.ErrorIs(t, err, token.ErrUnknownKey)
		short, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		v.Await(short)
		require.Error(t, short.Err(), "the issuer has not answered yet")
		close(p.hold)
		v.Await(t.Context())
		_, err = v.Verify(text)
		require.NoError(t, err)
	})
}

func TestAnIssuerThatNeverAnswersIsGivenUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := &provider{hold: make(chan struct{})}
		began := time.Now()
		_, log := p.start(t)
		require.Equal(t, 10*time.Second, time.Since(began))
		require.Contains(t, log.String(), "cannot be fetched")
	})
}
