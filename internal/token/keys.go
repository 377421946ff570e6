package token

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/rs/zerolog"
)

// KeysConfig says where an issuer's keys come from and how long they count. Source is required; the rest has defaults.
type KeysConfig struct {
	Source Source
	// Every is how often the source is looked at by itself. Default 5 minutes.
	Every time.Duration
	// Apart is the least time between two looks because of a key that is not known. Default 10 seconds.
	Apart time.Duration
	// Keep is how long keys count after they were last fetched, so that an issuer who is down for some time shuts nobody out, and one who
	// takes a key back is heard in the end. Default 1 hour.
	Keep time.Duration
	Now  func() time.Time // default time.Now
	Log  zerolog.Logger
}

// Keys are an issuer's public keys, fetched in the background by Run. They are safe for concurrent use.
type Keys struct {
	config KeysConfig
	wake   chan struct{} // asks Run to look; holds one request

	mu      sync.Mutex
	set     keySet
	fetched time.Time     // when set was; zero: never
	told    string        // what of set was logged last, so that it is logged once
	failing string        // the error that was logged last; empty while all is well
	looking chan struct{} // closed when the look in progress, or asked for, is over; nil for none
	looked  time.Time     // when the last look began
}

// NewKeys makes Keys that know none until Load or Run.
func NewKeys(c KeysConfig) *Keys {
	c.Every, c.Apart, c.Keep = orDefault(c.Every, 5*time.Minute), orDefault(c.Apart, 10*time.Second), orDefault(c.Keep, time.Hour)
	c.Every = min(c.Every, c.Keep/2) // or keys that are there all the time would come and go
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Keys{config: c, wake: make(chan struct{}, 1)}
}

func orDefault(d, otherwise time.Duration) time.Duration {
	if d <= 0 {
		return otherwise
	}
	return d
}

// Run fetches keys until ctx ends: every so often, and when a token has a key that is not known. After a failure it tries again soon.
func (k *Keys) Run(ctx context.Context) {
	for {
		pause := k.config.Every
		if k.failed() {
			pause = min(k.config.Apart, k.config.Every)
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		case <-k.wake:
			timer.Stop()
		}
		_ = k.Load(ctx) // which has told of it
	}
}

// Load fetches the keys now. Where that fails, those which were known are kept, for as long as keys may be.
func (k *Keys) Load(ctx context.Context) error {
	over := k.begin()
	defer over()
	text, err := k.config.Source.fetch(ctx)
	var set keySet
	if err == nil {
		set, err = parseKeys(text)
	}
	if ctx.Err() != nil {
		return fmt.Errorf("fetching the keys of tokens: %w", ctx.Err())
	}
	if err != nil {
		err = fmt.Errorf("fetching the keys of tokens from %s: %w", k.config.Source, err)
	}
	k.adopt(set, err)
	return err
}

// begin marks a look as in progress. Two at once do no harm: await ends with the first.
func (k *Keys) begin() (over func()) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.looked = k.config.Now()
	if k.looking == nil {
		k.looking = make(chan struct{})
	}
	mine := k.looking
	return func() {
		k.mu.Lock()
		defer k.mu.Unlock()
		if k.looking == mine {
			close(mine)
			k.looking = nil
		}
	}
}

// adopt takes over what a look gave, and logs what is new.
func (k *Keys) adopt(set keySet, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	log := k.config.Log
	if err != nil {
		if failing := err.Error(); failing != k.failing {
			k.failing = failing
			log.Warn().Err(err).Time("known_since", k.fetched).Dur("kept_for", k.config.Keep).
				Msg("the keys of tokens cannot be fetched: those that are known are kept for a while")
		}
		return
	}
	k.set, k.fetched, k.failing = set, k.config.Now(), ""
	if told := set.String(); told != k.told {
		k.told = told
		log.Info().Str("keys", told).Msg("keys of tokens in force")
		for _, why := range set.skipped {
			log.Warn().Str("reason", why).Msg("a key of tokens is not used")
		}
	}
}

func (k *Keys) failed() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.failing != ""
}

// find returns the keys that may have signed a token. Where there are none it asks for a look, unless the last was only just now.
func (k *Keys) find(head header) ([]key, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	now := k.config.Now()
	err := ErrNoKeys
	if !k.fetched.IsZero() && now.Before(k.fetched.Add(k.config.Keep)) {
		if found := k.set.matching(head); len(found) > 0 {
			return found, nil
		}
		err = fmt.Errorf("%w: %s for %s", ErrUnknownKey, shown(head.kid), head.algorithm)
	}
	if k.looking == nil && !now.Before(k.looked.Add(k.config.Apart)) {
		k.looking = make(chan struct{})
		select {
		case k.wake <- struct{}{}:
		default: // Run has not got to the last request yet.
		}
	}
	return nil, err
}

// await returns when no look is in progress or asked for, or ctx ends.
func (k *Keys) await(ctx context.Context) {
	k.mu.Lock()
	looking := k.looking
	k.mu.Unlock()
	if looking == nil {
		return
	}
	select {
	case <-looking:
	case <-ctx.Done():
	}
}

// Unknown says whether a token may be good once the keys have been fetched anew: its key was not known.
func Unknown(err error) bool { return errors.Is(err, ErrUnknownKey) || errors.Is(err, ErrNoKeys) }
