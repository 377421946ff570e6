// Package checks is what the Go clients of tests/clients share: how checks are told, and what they expect.
package checks

import (
	"errors"
	"fmt"
	"os"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// Common are the checks that every client has. A check panics where something is wrong.
type Common struct {
	Connect, Introspect, Text, Binary, Write, Transaction, Savepoint, Error, Stream, Cancel, Tenant func()
}

// Check is one by a name of its own.
type Check struct {
	Name string
	Run  func()
}

// More is a check that this client has beside the common ones.
func More(name string, run func()) Check { return Check{Name: name, Run: run} }

// skipped is what Skip panics with.
type skipped string

// Skip ends a check whose client has no such thing.
func Skip(reason string) { panic(skipped(reason)) }

// Skipped is a check of which a client has nothing.
func Skipped(reason string) func() { return func() { Skip(reason) } }

// Run runs checks in order and prints a line for each.
func Run(c Common, more ...Check) {
	all := []Check{
		More("connect", c.Connect), More("introspect", c.Introspect), More("text", c.Text), More("binary", c.Binary), More("write", c.Write),
		More("transaction", c.Transaction), More("savepoint", c.Savepoint), More("error", c.Error), More("stream", c.Stream), More("cancel", c.Cancel),
		More("tenant", c.Tenant),
	}
	for _, c := range append(all, more...) {
		fmt.Println(c.line())
	}
}

func (c Check) line() (line string) {
	defer func() {
		switch failure := recover().(type) {
		case nil:
		case skipped:
			line = fmt.Sprintf("ok - %s # SKIP %s", c.Name, string(failure))
		default:
			line = fmt.Sprintf("not ok - %s: %s", c.Name, strings.Join(strings.Fields(fmt.Sprint(failure)), " "))
		}
	}()
	c.Run()
	return "ok - " + c.Name
}

// Must panics with an error.
func Must(err error) {
	if err != nil {
		panic(err)
	}
}

// Get gives a value that came without an error.
func Get[T any](value T, err error) T {
	Must(err)
	return value
}

// Same panics where two values differ.
func Same(got, wanted any) {
	if !reflect.DeepEqual(got, wanted) {
		panic(fmt.Sprintf("wanted %#v, got %#v", wanted, got))
	}
}

// Env reads a number of the environment.
func Env(name string) int64 { return Get(strconv.ParseInt(os.Getenv(name), 10, 64)) }

// Tables are the names of the tables that are there.
func Tables() []string { return strings.Fields(os.Getenv("WANT_TABLES")) }

// Native tells whether the client reaches PostgreSQL itself.
func Native() bool { return os.Getenv("NATIVE") == "1" }

// URL says where to connect.
func URL() string { return os.Getenv("DATABASE_URL") }

// Slow is a query that runs until it is cancelled.
func Slow() string { return os.Getenv("SLOW_QUERY") }

// MemberColumns are the columns of app.member that are there.
func MemberColumns() []string {
	return []string{"id", "org_id", "username", "full_name", "joined_on", "active"}
}

// ServerError finds SQLSTATE and position in a driver's error; false where it is none of the server's.
type ServerError func(error) (state, position string, ok bool)

// Fails panics unless an error is one of the server's with a state, and gives its position.
func Fails(err error, state string, of ServerError) string {
	if err == nil {
		panic("wanted " + state + ", but it succeeds")
	}
	got, position, ok := of(err)
	if !ok {
		panic(fmt.Sprintf("wanted %s, got %v", state, err))
	}
	if got != state {
		panic(fmt.Sprintf("wanted %s, got %s: %v", state, got, err))
	}
	return position
}

// Errors checks SQLSTATEs and the position by a function that runs a statement to its end.
func Errors(run func(sql string) error, of ServerError) func() {
	return func() {
		Same(Fails(run("SELECT nonesuch FROM task"), "42703", of), "8")
		Fails(run("SELECT 1 / (id - id) FROM task"), "22012", of)
		Fails(run("SELECT * FROM audit_log"), "42P01", of)
		Fails(run("INSERT INTO project (org_id, name, owner_id) VALUES ('globex', 'x', 'dana')"), "42501", of)
	}
}

// Tenants compares counts by a function that counts a table's rows, where app.specimen is counted where its id is 3: another tenant's.
func Tenants(count func(table string) int64) func() {
	return func() {
		for _, table := range []string{"task", "project", "member", "comment", "invoice", "reading"} {
			if got, wanted := count(table), Env("WANT_"+strings.ToUpper(table)+"S"); got != wanted {
				panic(fmt.Sprintf("%s: wanted %d rows, got %d", table, wanted, got))
			}
		}
		Same(count("specimen WHERE id = 3"), int64(0))
	}
}

// Cancelled checks that a query ends early, because a context of half a second does, and that the driver says so. What drivers make of
// it differs: the context's own error or the server's.
func Cancelled(query func(sql string) error, of ServerError) {
	began := time.Now()
	err := query(Slow())
	if err == nil {
		panic("it ended by itself")
	}
	if took := time.Since(began); took > 10*time.Second {
		panic(fmt.Sprintf("it took %s", took))
	}
	if state, _, ok := of(err); ok && state != "57014" {
		panic(fmt.Sprintf("wanted 57014, got %s: %v", state, err))
	} else if !ok && !isTimeout(err) {
		panic(err)
	}
}

func isTimeout(err error) bool {
	var timeout interface{ Timeout() bool }
	return errors.As(err, &timeout) && timeout.Timeout()
}
