package main

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// work is one thing that rivals are measured at.
type work struct {
	kind    string // what -only names it by
	clients int
	unit    string // what a rate counts
	load    load
}

func (w work) String() string {
	if w.clients == 1 {
		return w.kind + ", 1 client"
	}
	return fmt.Sprintf("%s, %d clients", w.kind, w.clients)
}

// title is what a reader who has not seen the statements is told.
func (w work) title() string {
	about := map[string]string{
		"prepared": "select by key, prepared", "extended": "select by key, extended", "simple": "select by key, new literals", "page": "page of 100 rows",
		"update": "update by key", "insert": "insert with presets", "login": "connect, log in, select", "copy-100": "COPY out, 100-byte rows",
		"copy-10k": "COPY out, 10 kB rows", "select-100": "SELECT, 100-byte rows", "select-10k": "SELECT, 10 kB rows",
	}[w.kind]
	return fmt.Sprintf("%s (%d)", about, w.clients)
}

// per is the unit of its rate.
func (w work) per() string {
	switch w.unit {
	case "transactions":
		return "tps"
	default:
		return w.unit + "/s"
	}
}

// load is what clients do. It works on a rival for about so long (zero: a few times) and takes the measurements.
type load interface {
	measure(ctx context.Context, r *rival, clients int, length time.Duration) (sample, error)
}

// The statements are the same everywhere; the filter is not in them. Every one of them is about rows that the user may see.
const (
	pointSelect = `\set id random(1, 50000)
SELECT id, title, status, created_at FROM item WHERE id = :id;
`
	pageSelect = `\set id random(1, 49900)
SELECT id, title, status, created_at FROM item WHERE id > :id ORDER BY id LIMIT 100;
`
	keyUpdate = `\set id random(1, 50000)
UPDATE job SET tries = tries + 1 WHERE id = :id;
`
	presetInsert = `INSERT INTO note (body) VALUES ('to be done before the end of the week');
`
)

// workNames are what -only knows: the kinds of work, and the sections that have works of their own.
func workNames() []string {
	return []string{"prepared", "extended", "simple", "page", "update", "insert", "login", "copy-100", "copy-10k", "select-100", "select-10k", "rewrite", "idle", "growth"}
}

// works are those that are asked for.
func (l *lab) works() []work {
	var all []work
	for _, protocol := range []string{"prepared", "extended", "simple"} {
		for _, clients := range []int{1, 16, 64} {
			all = append(all, work{protocol, clients, "transactions", l.script(protocol, pointSelect, "")})
		}
	}
	all = append(all,
		work{"page", 16, "transactions", l.script("prepared", pageSelect, "")},
		work{"update", 16, "transactions", l.script("prepared", keyUpdate, "VACUUM public.job")},
		work{"insert", 16, "transactions", l.script("prepared", presetInsert, "TRUNCATE public.note")},
		work{"login", 8, "logins", logins{}},
	)
	for _, s := range streams() {
		all = append(all, work{s.name, 1, "MB", s})
	}
	return slices.DeleteFunc(all, func(w work) bool { return !l.wants(w.kind) || !l.wantsClients(w.clients) })
}

// streamed are the tables that are streamed, by the bytes of a row.
func streamed() map[string]int { return map[string]int{"narrow": 100, "wide": 10_000} }
