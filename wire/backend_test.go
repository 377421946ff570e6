package wire

import (
	"net"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/internal/pgdial"
)

// TestSettingsThatAreTooLongReachNoServer has a packet that PostgreSQL would hang up on, which is how a server looks that is out of order.
func TestSettingsThatAreTooLongReachNoServer(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	port := listener.Addr().(*net.TCPAddr).Port
	require.NoError(t, listener.Close())
	u, err := pgdial.Parse("host=127.0.0.1 user=u port="+strconv.Itoa(port), pgdial.Options{})
	require.NoError(t, err)
	c := NewConnector(u)
	for range 5 {
		_, err := c.Connect(t.Context(), map[string]string{"application_name": strings.Repeat("x", maxSettings)})
		require.ErrorIs(t, err, errTooManySettings)
		require.Equal(t, stateLimit, connectFailure(err).state)
	}
	_, err = c.Connect(t.Context(), map[string]string{"application_name": "x"})
	require.ErrorContains(t, err, "connection refused", "it is asked")
}
