package wire

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// parsed is a Parse request and the statement it makes.
func parsed(name string) (request, *prepared) {
	made := &prepared{name: name}
	return request{kind: 'P', name: name, change: &version{name: name, is: made}}, made
}

func closing(name string) request {
	return request{kind: 'C', target: 'S', name: name, change: &version{name: name}}
}

var syncRequest = request{kind: 'S'}

func TestNamesFollowTheServer(t *testing.T) {
	t.Parallel()
	t.Run("a name counts within its batch before the server has answered", func(t *testing.T) {
		t.Parallel()
		p := newPending()
		r, made := parsed("a")
		require.True(t, p.push(r))
		known, wait := p.certain(false, "a", false)
		require.Same(t, made, known.prepared)
		require.False(t, wait)
		require.Nil(t, p.names.oldest("a"))
	})
	t.Run("a name of an unfinished batch is uncertain", func(t *testing.T) {
		t.Parallel()
		p := newPending()
		r, made := parsed("a")
		p.push(r)
		p.push(syncRequest)
		_, wait := p.certain(false, "a", false)
		require.True(t, wait)
		p.done(&request{})
		known, wait := p.certain(false, "a", false)
		require.False(t, wait, "its ParseComplete is there")
		require.Same(t, made, known.prepared)
		require.Same(t, made, p.names.oldest("a"))
	})
	t.Run("a failed Parse leaves what the name stood for", func(t *testing.T) {
		t.Parallel()
		p := newPending()
		r, first := parsed("a")
		p.push(r)
		p.done(&request{})
		r, _ = parsed("a")
		p.push(r)
		p.failed()
		known, wait := p.certain(false, "a", false)
		require.False(t, wait)
		require.Same(t, first, known.prepared)
	})
	t.Run("a failed Parse of the unnamed statement destroys it", func(t *testing.T) {
		t.Parallel()
		p := newPending()
		r, _ := parsed("")
		p.push(r)
		p.done(&request{})
		r, _ = parsed("")
		p.push(r)
		p.failed()
		known, _ := p.certain(false, "", false)
		require.Nil(t, known.prepared)
		require.Empty(t, p.names.versions)
	})
	t.Run("requests that the server discards change nothing", func(t *testing.T) {
		t.Parallel()
		p := newPending()
		r, first := parsed("a")
		p.push(r)
		p.done(&request{})
		p.push(request{kind: 'B'})
		p.push(closing("a"))
		other, _ := parsed("b")
		p.push(other)
		p.push(request{kind: 'Q'})
		p.push(syncRequest)
		p.failed()
		require.Same(t, first, p.names.oldest("a"))
		known, wait := p.certain(false, "b", false)
		require.Nil(t, known.prepared)
		require.False(t, wait)
		var front request
		require.True(t, p.front(&front))
		require.Equal(t, byte('S'), front.kind, "Sync is what ends the skipping")
	})
	t.Run("a simple Query destroys the unnamed statement and no other", func(t *testing.T) {
		t.Parallel()
		p := newPending()
		for _, name := range []string{"", "a"} {
			r, _ := parsed(name)
			p.push(r)
			p.done(&request{})
		}
		p.push(request{kind: 'Q'})
		p.done(&request{})
		require.Nil(t, p.names.oldest(""))
		require.NotNil(t, p.names.oldest("a"))
	})
	t.Run("a closed name is gone, and closing nothing leaves nothing", func(t *testing.T) {
		t.Parallel()
		p := newPending()
		r, _ := parsed("a")
		for _, r := range []request{r, closing("a"), closing("a")} {
			p.push(r)
			p.done(&request{})
		}
		require.Empty(t, p.names.versions)
	})
	t.Run("a wait ends with the batch", func(t *testing.T) {
		t.Parallel()
		p := newPending()
		r, _ := parsed("a")
		p.push(r)
		p.push(syncRequest)
		result := make(chan known)
		go func() {
			k, _ := p.certain(false, "a", true)
			result <- k
		}()
		p.failed()
		require.Nil(t, (<-result).prepared)
	})
}

func TestSkipping(t *testing.T) {
	t.Parallel()
	p := newPending()
	p.push(request{kind: 'B'})
	p.failed()
	require.False(t, p.push(request{kind: 'E'}), "the server discards it")
	require.False(t, p.push(request{kind: 'Q'}), "a Query too")
	require.False(t, p.closeIfIdle())
	require.True(t, p.push(syncRequest))
	require.True(t, p.push(request{kind: 'B'}))
	require.True(t, p.done(&request{}))
	require.False(t, p.done(&request{}))
	require.False(t, p.closeIfIdle(), "the batch of the Bind is open, though all is answered")
	require.True(t, p.push(syncRequest))
	require.False(t, p.done(&request{}))
	require.True(t, p.closeIfIdle())
	require.False(t, p.push(syncRequest))
}

func TestQueueKeepsOrderAndIsBounded(t *testing.T) {
	t.Parallel()
	p := newPending()
	taken := make(chan byte, 3*maxPending)
	go func() {
		defer close(taken)
		for range 3 * maxPending {
			for {
				var r request
				if p.front(&r) {
					p.done(&request{})
					taken <- r.target
					break
				}
			}
		}
	}()
	for i := range 3 * maxPending {
		p.push(request{kind: 'E', target: byte(i)})
		p.mu.Lock()
		require.LessOrEqual(t, p.count, maxPending)
		p.mu.Unlock()
	}
	i := 0
	for target := range taken {
		require.Equal(t, byte(i), target)
		i++
	}
}
