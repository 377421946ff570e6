package tests

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
)

// stream is one direction of a recorded session: its messages, headers included. The first of a client has no kind.
type stream [][]byte

func (s stream) bytes() []byte { return slices.Concat(s...) }

func (s stream) clone() stream {
	c := make(stream, len(s))
	for i, m := range s {
		c[i] = slices.Clone(m)
	}
	return c
}

// lengthAt is where the length of a message stands: a startup packet has no kind before it.
func lengthAt(m []byte) int {
	if m[0] == 0 {
		return 0
	}
	return 1
}

// splitStream cuts bytes into messages. rest is what is no whole message.
func splitStream(b []byte) (s stream, rest []byte) {
	for len(b) >= 5 {
		size := int(int32(binary.BigEndian.Uint32(b[1:])))
		if size < 4 || size > len(b)-1 {
			break
		}
		s = append(s, b[:size+1])
		b = b[size+1:]
	}
	return s, b
}

// fault is what is done to a stream. The same stream, place and seed give the same bytes.
type fault struct {
	name string
	do   func(s stream, at int, r *rand.Rand) stream
}

// faults are all ways of being wrong at a message's boundary, or within it. at is one of the stream's messages.
func faults() []fault {
	all := []fault{
		{"is left out", func(s stream, at int, _ *rand.Rand) stream { return slices.Delete(s, at, at+1) }},
		{"is said twice", func(s stream, at int, _ *rand.Rand) stream { return slices.Insert(s, at, slices.Clone(s[at])) }},
		{"is said fifty times", func(s stream, at int, _ *rand.Rand) stream {
			return slices.Insert(s, at, slices.Repeat(stream{s[at]}, 49)...)
		}},
		{"changes places with the next", func(s stream, at int, _ *rand.Rand) stream {
			next := (at + 1) % len(s)
			s[at], s[next] = s[next], s[at]
			return s
		}},
		{"comes last", func(s stream, at int, _ *rand.Rand) stream {
			m := s[at]
			return append(slices.Delete(s, at, at+1), m)
		}},
		{"comes first", func(s stream, at int, _ *rand.Rand) stream {
			m := s[at]
			return slices.Insert(slices.Delete(s, at, at+1), 0, m)
		}},
		{"comes at another place", func(s stream, at int, r *rand.Rand) stream {
			return slices.Insert(s, r.IntN(len(s)+1), slices.Clone(s[at]))
		}},
		{"has an empty body", func(s stream, at int, _ *rand.Rand) stream { return withBody(s, at, nil) }},
		{"has a shorter body", func(s stream, at int, r *rand.Rand) stream {
			body := bodyOf(s[at])
			return withBody(s, at, body[:r.IntN(len(body)+1)])
		}},
		{"has a longer body", func(s stream, at int, r *rand.Rand) stream {
			return withBody(s, at, append(slices.Clone(bodyOf(s[at])), noise(r, 1+r.IntN(40))...))
		}},
		{"has a body of noise", func(s stream, at int, r *rand.Rand) stream { return withBody(s, at, noise(r, r.IntN(60))) }},
		{"has no zero bytes", func(s stream, at int, _ *rand.Rand) stream {
			return withBody(s, at, slices.DeleteFunc(slices.Clone(bodyOf(s[at])), func(b byte) bool { return b == 0 }))
		}},
		{"has flipped bits", func(s stream, at int, r *rand.Rand) stream {
			for range 1 + r.IntN(3) {
				s[at][r.IntN(len(s[at]))] ^= 1 << r.IntN(8)
			}
			return s
		}},
		{"has a count that does not fit", func(s stream, at int, r *rand.Rand) stream {
			return overwrite(s, at, r, binary.BigEndian.AppendUint16(nil, drawn(r, uint16(0xffff), 0x7fff, 0x8000, 0x100, 0)))
		}},
		{"has a length within that does not fit", func(s stream, at int, r *rand.Rand) stream {
			return overwrite(s, at, r, binary.BigEndian.AppendUint32(nil, drawn(r, uint32(math.MaxUint32), math.MaxUint32-1, 1<<31, math.MaxInt32, 1<<24)))
		}},
		{"comes after another kind", func(s stream, at int, r *rand.Rand) stream {
			return slices.Insert(s, at, []byte{byte(r.Uint32()), 0, 0, 0, 4})
		}},
		{"comes after noise", func(s stream, at int, r *rand.Rand) stream { return slices.Insert(s, at, noise(r, 1+r.IntN(20))) }},
		{"is of another kind", func(s stream, at int, r *rand.Rand) stream {
			s[at][0] = byte(1 + r.IntN(255))
			return s
		}},
	}
	for _, length := range []int64{math.MinInt32, -1, 0, 3, 4, 10001, 1 << 16, 1 << 20, 1 << 30, math.MaxInt32} {
		all = append(all, fault{fmt.Sprintf("claims %d bytes", length), func(s stream, at int, _ *rand.Rand) stream {
			binary.BigEndian.PutUint32(s[at][lengthAt(s[at]):], uint32(length))
			return s
		}})
	}
	for _, more := range []int{-1, 1, 2000} {
		all = append(all, fault{fmt.Sprintf("claims %+d bytes", more), func(s stream, at int, _ *rand.Rand) stream {
			place := s[at][lengthAt(s[at]):]
			binary.BigEndian.PutUint32(place, uint32(int(binary.BigEndian.Uint32(place))+more))
			return s
		}})
	}
	return all
}

func bodyOf(m []byte) []byte { return m[lengthAt(m)+4:] }

func withBody(s stream, at int, body []byte) stream {
	head := lengthAt(s[at])
	m := binary.BigEndian.AppendUint32(slices.Clone(s[at][:head]), uint32(4+len(body)))
	s[at] = append(m, body...)
	return s
}

// overwrite puts a few bytes over some place of a message's body, where it has room for them.
func overwrite(s stream, at int, r *rand.Rand, with []byte) stream {
	if body := bodyOf(s[at]); len(body) >= len(with) {
		copy(body[r.IntN(len(body)-len(with)+1):], with)
	}
	return s
}

func noise(r *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

func drawn[T any](r *rand.Rand, of ...T) T { return of[r.IntN(len(of))] }

// wrong is a stream that something was done to.
type wrong struct {
	name string
	stream
	seed    uint64
	patient bool // nothing of it is said unasked but what is in it
}

// everyFault does each fault to each message of a stream.
func everyFault(s stream, seed uint64) []wrong {
	var all []wrong
	for at := range s {
		for n, f := range faults() {
			own := seed + uint64(at)<<32 + uint64(n)
			made := f.do(s.clone(), at, rand.New(rand.NewPCG(own, 1)))
			all = append(all, wrong{fmt.Sprintf("message %d (%q) %s", at, s[at][:min(len(s[at]), 20)], f.name), made, own, false})
		}
	}
	return all
}

// everyCut ends a stream after each of its bytes, the boundaries between messages among them.
func everyCut(s stream, seed uint64) []wrong {
	var all []wrong
	for at, m := range s {
		for n := range m {
			cut := append(slices.Clone(s[:at]), m[:n])
			all = append(all, wrong{fmt.Sprintf("message %d (%q) ends after %d bytes", at, m[:min(len(m), 20)], n), cut, seed + uint64(len(all)), false})
		}
	}
	return all
}

// oneFault is one thing done to a stream, made up from a seed.
func oneFault(s stream, seed uint64) wrong {
	r := rand.New(rand.NewPCG(seed, 2))
	at := r.IntN(len(s))
	if r.IntN(3) == 0 {
		n := r.IntN(len(s[at]))
		return wrong{fmt.Sprintf("seed %d: message %d ends after %d bytes", seed, at, n), append(slices.Clone(s[:at]), s[at][:n]), seed, false}
	}
	f := drawn(r, faults()...)
	return wrong{fmt.Sprintf("seed %d: message %d %s", seed, at, f.name), f.do(s.clone(), at, r), seed, false}
}
