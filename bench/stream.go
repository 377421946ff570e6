package main

import (
	"context"
	"time"
)

// stream reads a whole table. Its rate is in megabytes a second.
type stream struct{ name, sql string }

func streams() []stream {
	return []stream{
		{"copy-100", "COPY narrow TO STDOUT"},
		{"copy-10k", "COPY wide TO STDOUT"},
		{"select-100", "SELECT * FROM narrow"},
		{"select-10k", "SELECT * FROM wide"},
	}
}

// measure reads the table once, however long that takes.
func (s stream) measure(ctx context.Context, r *rival, _ int, _ time.Duration) (sample, error) {
	c, err := newCaller(r, "")
	if err != nil {
		return sample{}, err
	}
	k, err := c.dial(ctx)
	if err != nil {
		return sample{}, err
	}
	defer k.close()
	before, err := r.process.usage()
	if err != nil {
		return sample{}, err
	}
	started := time.Now()
	n, err := k.read(s.sql, make([]byte, 64<<10))
	if err != nil {
		return sample{}, err
	}
	took := time.Since(started)
	after, err := r.process.usage()
	if err != nil {
		return sample{}, err
	}
	megabytes := float64(n) / 1e6
	user, system := after.minus(before).split()
	each := func(d time.Duration) time.Duration { return time.Duration(float64(d) / megabytes) }
	return sample{rate: megabytes / took.Seconds(), mean: took, p50: took, p95: took, p99: took, user: each(user), system: each(system)}, nil
}
