package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheSecretOfMadeUpUsersIsRead(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "secret")
	read := func(text string, mode os.FileMode) ([]byte, error) {
		t.Helper()
		require.NoError(t, os.RemoveAll(path))
		require.NoError(t, os.WriteFile(path, []byte(text), mode))
		secret, err := secretFlags{LoginSecretFile: path}.secret()
		if err != nil {
			require.NotContains(t, err.Error(), "xxx")
			require.Empty(t, secret)
		}
		return secret, err
	}
	long := strings.Repeat("x", leastSecret)
	secret, err := read(long+"\n", 0o600)
	require.NoError(t, err)
	require.Equal(t, long, string(secret))
	_, err = read(long[1:], 0o600)
	require.ErrorContains(t, err, "fewer than 32 bytes")
	_, err = read("", 0o600)
	require.ErrorContains(t, err, "is empty")
	_, err = read(long, 0o604)
	require.ErrorContains(t, err, "can be read by others")
	require.NoError(t, os.Remove(path))
	_, err = secretFlags{LoginSecretFile: path}.secret()
	require.ErrorIs(t, err, os.ErrNotExist)
	secret, err = secretFlags{}.secret()
	require.NoError(t, err)
	require.Nil(t, secret, "the wire makes one")
}
