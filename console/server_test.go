package console_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/wherewall/wherewall/console"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// ask sends one request to the handler.
func ask(o console.Options, change func(r *http.Request)) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, "/healthz", nil)
	r.Host = "127.0.0.1:6433"
	if change != nil {
		change(r)
	}
	w := httptest.NewRecorder()
	console.Handler(o).ServeHTTP(w, r)
	return w
}

func page(path string) func(r *http.Request) {
	return func(r *http.Request) { r.URL.Path = path }
}

func TestAddressesOfOthersAreRefused(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"0.0.0.0:6433", ":6433", "[::]:6433", "192.0.2.1:80", "example.org:80", "[::ffff:192.0.2.1]:1"} {
		_, err := console.Listen(t.Context(), address, console.Options{})
		require.ErrorIs(t, err, console.ErrNotLoopback, address)
	}
	_, err := console.Listen(t.Context(), "6433", console.Options{})
	require.ErrorContains(t, err, "host:port is expected")
}

func TestItAnswersUntilItIsStopped(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"127.0.0.1:0", "localhost:0"} {
		s, err := console.Listen(t.Context(), address, console.Options{})
		require.NoError(t, err)
		ctx, stop := context.WithCancel(t.Context())
		var serving sync.WaitGroup
		serving.Go(func() { require.NoError(t, s.Serve(ctx)) })
		client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
		answer, err := client.Get("http://" + s.Address() + "/healthz")
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		require.Equal(t, http.StatusOK, answer.StatusCode)
		stop()
		serving.Wait()
		_, err = client.Get("http://" + s.Address() + "/healthz")
		require.Error(t, err)
	}
}

func TestReadinessSaysWhyNot(t *testing.T) {
	t.Parallel()
	w := ask(console.Options{}, page("/readyz"))
	require.Equal(t, http.StatusOK, w.Code)
	w = ask(console.Options{Ready: func(context.Context) error { return errors.New("draining") }}, page("/readyz"))
	require.Equal(t, http.StatusServiceUnavailable, w.Code)
	require.Equal(t, "draining\n", w.Body.String())
}

func TestOnlyWhatIsThereIsAnswered(t *testing.T) {
	t.Parallel()
	require.Equal(t, http.StatusNotFound, ask(console.Options{}, page("/")).Code)
	require.Equal(t, http.StatusNotFound, ask(console.Options{}, page("/metrics")).Code)
	require.Equal(t, http.StatusMethodNotAllowed, ask(console.Options{}, func(r *http.Request) { r.Method = http.MethodPut }).Code)
	require.Equal(t, http.StatusNotFound, ask(console.Options{}, page("/debug/pprof/")).Code)
}

func TestAnotherSiteGetsNothing(t *testing.T) {
	t.Parallel()
	for _, host := range []string{"attacker.example", "attacker.example:6433", "127.0.0.1.attacker.example", ""} {
		w := ask(console.Options{}, func(r *http.Request) { r.Host = host })
		require.Equal(t, http.StatusMisdirectedRequest, w.Code, host)
	}
	for _, host := range []string{"127.0.0.1", "localhost:6433", "[::1]:6433", "[::1]"} {
		require.Equal(t, http.StatusOK, ask(console.Options{}, func(r *http.Request) { r.Host = host }).Code, host)
	}
	w := ask(console.Options{}, func(r *http.Request) {
		r.Method = http.MethodPost
		r.Header.Set("Origin", "https://attacker.example")
	})
	require.Equal(t, http.StatusForbidden, w.Code)
}

func TestEveryAnswerTellsBrowsersToKeepOut(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/healthz", "/readyz", "/nothing"} {
		h := ask(console.Options{}, page(path)).Header()
		require.Contains(t, h.Get("Content-Security-Policy"), "default-src 'none'")
		require.Equal(t, "nosniff", h.Get("X-Content-Type-Options"))
		require.Equal(t, "no-store", h.Get("Cache-Control"))
		require.Empty(t, h.Get("Access-Control-Allow-Origin"))
	}
}

func TestAFaultEndsOneAnswer(t *testing.T) {
	t.Parallel()
	faulty := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("oh") })
	w := ask(console.Options{Metrics: faulty}, page("/metrics"))
	require.Equal(t, http.StatusInternalServerError, w.Code)
	require.NotContains(t, w.Body.String(), "oh\n")
}

func TestALongHeaderIsRefused(t *testing.T) {
	t.Parallel()
	s, err := console.Listen(t.Context(), "127.0.0.1:0", console.Options{})
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	var serving sync.WaitGroup
	serving.Go(func() { require.NoError(t, s.Serve(ctx)) })
	conn, err := net.Dial("tcp", s.Address())
	require.NoError(t, err)
	defer conn.Close()
	_, _ = io.WriteString(conn, "GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: "+strings.Repeat("x", 64<<10)+"\r\n\r\n")
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	require.Equal(t, http.StatusRequestHeaderFieldsTooLarge, answer.StatusCode)
	stop()
	serving.Wait()
}

func TestConnectionsBeyondTheBoundWait(t *testing.T) {
	t.Parallel()
	s, err := console.Listen(t.Context(), "127.0.0.1:0", console.Options{})
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	var serving sync.WaitGroup
	serving.Go(func() { require.NoError(t, s.Serve(ctx)) })
	connect := func() net.Conn {
		conn, err := net.Dial("tcp", s.Address())
		require.NoError(t, err)
		t.Cleanup(func() { _ = conn.Close() })
		_, err = io.WriteString(conn, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
		require.NoError(t, err)
		return conn
	}
	answered := func(conn net.Conn) {
		answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		require.Equal(t, http.StatusOK, answer.StatusCode)
	}
	open := make([]net.Conn, 64)
	for i := range open {
		open[i] = connect()
		answered(open[i])
	}
	late := connect()
	require.NoError(t, late.SetReadDeadline(time.Now().Add(100*time.Millisecond)))
	_, err = late.Read(make([]byte, 1))
	require.ErrorIs(t, err, os.ErrDeadlineExceeded)
	require.NoError(t, late.SetReadDeadline(time.Time{}))
	require.NoError(t, open[0].Close())
	answered(late)
	stop()
	serving.Wait()
}
