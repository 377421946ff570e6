package main

import (
	"bytes"
	"crypto/tls"
	"encoding/pem"
	"fmt"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/wherewall/wherewall/examples"
	"github.com/wherewall/wherewall/internal/tlstest"
)

// putCertificates gives a script an authority, ca.crt, two certificates of the server, first and second, and one of kim's.
func putCertificates(t *testing.T, folder string) {
	t.Helper()
	authority := tlstest.New(t, "Authority")
	authority.WriteAuthority(t, folder, "ca")
	for _, name := range []string{"first", "second"} {
		tlstest.Write(t, folder, name, authority.Server(t))
	}
	tlstest.Write(t, folder, "kim", authority.Client(t, "kim"))
}

// secure LOGIN [-cert NAME] QUERY WANT is sql inside TLS, by a client that makes sure of the server. With a certificate there is no password.
func scriptSecure(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 && len(args) != 5 {
		ts.Fatalf("usage: secure LOGIN [-cert NAME] QUERY WANT")
	}
	proof := "&password=" + examples.Password
	if len(args) == 5 {
		proof = fmt.Sprintf("&sslcert=%s&sslkey=%s", ts.MkAbs(args[2]+".crt"), ts.MkAbs(args[2]+".key"))
	}
	dsn := fmt.Sprintf("postgres://%s@%s/%s?sslmode=verify-full&sslrootcert=%s%s",
		escaped(args[0]), ts.Getenv("LISTEN"), ts.Getenv("DATABASE"), ts.MkAbs("ca.crt"), proof)
	got, err := queryOne(dsn, args[len(args)-2])
	ts.Check(err)
	if got != args[len(args)-1] {
		ts.Fatalf("%s got %q, not %q", args[0], got, args[len(args)-1])
	}
}

// shows NAME waits until the proxy has that certificate.
func scriptShows(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: shows NAME")
	}
	block, _ := pem.Decode([]byte(ts.ReadFile(args[0] + ".crt")))
	for range 200 {
		conn, err := tls.Dial("tcp", ts.Getenv("LISTEN"), &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"postgresql"}})
		ts.Check(err)
		shown := conn.ConnectionState().PeerCertificates[0].Raw
		_ = conn.Close()
		if bytes.Equal(block.Bytes, shown) {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	ts.Fatalf("it shows another certificate than %s", args[0])
}
