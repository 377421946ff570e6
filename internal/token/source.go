package token

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

// The bounds of fetching a set of keys.
const (
	maxSet       = 1 << 20 // bytes
	fetchTimeout = 10 * time.Second
	maxRedirects = 3
)

// Source is where a JWK Set comes from: a file or a URL.
type Source struct {
	path   string
	url    *url.URL
	client *http.Client
}

// ParseSource reads the path of a file, or an https URL. http is for this machine alone: keys that come over an open line are anybody's.
func ParseSource(text string) (Source, error) {
	if !strings.Contains(text, "://") {
		if text == "" {
			return Source{}, errors.New("a path or an https URL is expected")
		}
		return Source{path: text}, nil
	}
	u, err := url.Parse(text)
	if err != nil {
		return Source{}, errors.New("not a URL") // url.Error shows all of it
	}
	if err := trustworthy(u); err != nil {
		return Source{}, err
	}
	return Source{url: u, client: newClient(nil)}, nil
}

// newClient makes a client that asks nobody but those whom ParseSource would take. roots are the authorities it trusts; nil for the system's.
func newClient(roots *tls.Config) *http.Client {
	if roots == nil {
		roots = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	return &http.Client{
		Timeout: fetchTimeout,
		Transport: &http.Transport{
			Proxy: http.ProxyFromEnvironment, TLSClientConfig: roots, ForceAttemptHTTP2: true,
			// Looks are minutes apart: a connection that waits for the next is only something that can go stale.
			DisableKeepAlives: true, MaxResponseHeaderBytes: 64 << 10,
		},
		CheckRedirect: func(to *http.Request, via []*http.Request) error {
			if len(via) > maxRedirects {
				return errors.New("too many redirects")
			}
			if via[0].URL.Scheme == "https" && to.URL.Scheme != "https" {
				return errors.New("the redirect leads away from https")
			}
			return trustworthy(to.URL)
		},
	}
}

// trustworthy says why keys may not come from a URL, or nil.
func trustworthy(u *url.URL) error {
	switch {
	case u.Host == "":
		return errors.New("the URL names no host")
	case u.User != nil:
		return errors.New("the URL has a password in it, and it goes to the log: keys are public")
	case u.Scheme == "https":
		return nil
	case u.Scheme == "http" && isLoopback(u.Hostname()):
		return nil
	default:
		return errors.New("https is expected: http is for a loopback address only")
	}
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// String says where, for a log.
func (s Source) String() string {
	if s.url != nil {
		return s.url.Redacted()
	}
	return s.path
}

// Remote says whether keys come over a network, so that they may be there later if they are not now.
func (s Source) Remote() bool { return s.url != nil }

func (s Source) fetch(ctx context.Context) ([]byte, error) {
	if s.url == nil {
		return readBounded(os.Open(s.path))
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url.String(), nil)
	if err != nil {
		return nil, fmt.Errorf("making a request: %w", err)
	}
	request.Header.Set("Accept", "application/jwk-set+json, application/json")
	response, err := s.client.Do(request)
	if err != nil {
		var what *url.Error
		if errors.As(err, &what) {
			err = what.Err // the rest says again where
		}
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		_ = response.Body.Close()
		return nil, fmt.Errorf("the answer is %s", response.Status)
	}
	return readBounded(response.Body, nil)
}

func readBounded(from io.ReadCloser, err error) ([]byte, error) {
	if err != nil {
		return nil, err
	}
	defer from.Close()
	text, err := io.ReadAll(io.LimitReader(from, maxSet+1))
	if err != nil {
		return nil, fmt.Errorf("reading it: %w", err)
	}
	if len(text) > maxSet {
		return nil, fmt.Errorf("it has more than %d bytes", maxSet)
	}
	return text, nil
}
