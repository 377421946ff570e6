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
		if age := time.Since(at); err != nil || age < -10*time.Minute || age > 10*time.Minute {
			return stamp
		}
		return "<now>"
	})
	return randomUUIDs.ReplaceAllString(s, "<random>")
}
