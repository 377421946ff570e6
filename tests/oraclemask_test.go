package tests

import (
	"regexp"
	"time"
)

// Two runs of one statement differ in now() and in random UUIDs and in nothing else. Timestamps of the last minutes and
// UUIDs of version 4 are masked on both sides, so a difference of the rest still shows.
var (
	timestamps  = regexp.MustCompile(`\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?([+-]\d\d(:\d\d)?)?`)
	randomUUIDs = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`)
)

func maskRun(s string) string {
	s = timestamps.ReplaceAllStringFunc(s, func(stamp string) string {
		at, err := time.Parse("2006-01-02 15:04:05", stamp[:10]+" "+stamp[11:19])
		if age := time.Since(at); err != nil || age < -10*time.Minute || age > 10*time.Minute {
			return stamp
		}
		return "<now>"
	})
	return randomUUIDs.ReplaceAllString(s, "<random>")
}
