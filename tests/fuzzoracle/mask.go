package main

import (
	"regexp"
	"time"
)

var (
	timestamps  = regexp.MustCompile(`\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?([+-]\d\d(:\d\d)?)?`)
	randomUUIDs = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`)
)

// maskRun hides what differs between two runs of one statement: now() and random UUIDs.
func maskRun(s string) string {
	if len(s) < 19 {
		return s
	}
	s = timestamps.ReplaceAllStringFunc(s, func(stamp string) string {
		at, err := time.Parse("2006-01-02 15:04:05", stamp[:10]+" "+stamp[11:19])
		if err != nil {
			return stamp
		}
		// Sums with now() are as near as the generator's intervals, and have microseconds.
		limit := 10 * time.Minute
		if len(stamp) > 19 && stamp[19] == '.' {
			limit = 5 * 24 * time.Hour
		}
		if time.Since(at).Abs() > limit {
			return stamp
		}
		return "<now>"
	})
	return randomUUIDs.ReplaceAllString(s, "<random>")
}
