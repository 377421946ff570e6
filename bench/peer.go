package main

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"

	"github.com/jackc/pgx/v5/pgproto3"
)

// idle is the application_name, or the database, of the sessions that the scripted server plays PostgreSQL for. They cost no process, so there
// can be ten thousand of them. All others are relayed to PostgreSQL.
const idle = databaseIdle

// playFor hands a connection on or plays the server for it.
func playFor(address string) func(net.Conn) {
	return func(conn net.Conn) {
		packet, err := readStartup(conn)
		if err != nil {
			_ = conn.Close()
			return
		}
		var startup pgproto3.StartupMessage
		if startup.Decode(packet[4:]) == nil && (startup.Parameters["application_name"] == idle || startup.Parameters["database"] == idle) {
			play(conn)
			return
		}
		server, err := net.Dial("tcp", address)
		if err != nil {
			_ = conn.Close()
			return
		}
		if _, err := server.Write(packet); err == nil {
			join(conn, server)
		}
	}
}

func readStartup(conn net.Conn) ([]byte, error) {
	var length [4]byte
	if _, err := io.ReadFull(conn, length[:]); err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(length[:])
	if n < 8 || n > 10_000 {
		return nil, fmt.Errorf("a startup packet of %d bytes", n)
	}
	packet := make([]byte, n)
	copy(packet, length[:])
	_, err := io.ReadFull(conn, packet[4:])
	return packet, err
}

// play lets anybody in and answers every statement with the same row. It keeps no buffer while it waits.
func play(conn net.Conn) {
	defer conn.Close()
	if _, err := conn.Write(greeting()); err != nil {
		return
	}
	answer := oneAnswer()
	var header [5]byte
	for {
		if _, err := io.ReadFull(conn, header[:]); err != nil || header[0] == 'X' {
			return
		}
		if _, err := io.CopyN(io.Discard, conn, int64(binary.BigEndian.Uint32(header[1:]))-4); err != nil {
			return
		}
		if header[0] != 'Q' {
			return // Nobody here speaks the extended protocol.
		}
		if _, err := conn.Write(answer); err != nil {
			return
		}
	}
}

func greeting() []byte {
	all := []pgproto3.BackendMessage{&pgproto3.AuthenticationOk{}}
	for _, p := range [][2]string{
		{"server_version", "15.18"},
		{"server_encoding", "UTF8"},
		{"client_encoding", "UTF8"},
		{"standard_conforming_strings", "on"},
		{"DateStyle", "ISO, MDY"},
		{"IntervalStyle", "postgres"},
		{"TimeZone", "UTC"},
		{"integer_datetimes", "on"},
		{"is_superuser", "off"},
		{"session_authorization", service},
		{"application_name", idle},
		{"in_hot_standby", "off"},
		{"default_transaction_read_only", "off"},
	} {
		all = append(all, &pgproto3.ParameterStatus{Name: p[0], Value: p[1]})
	}
	return encode(append(all, &pgproto3.BackendKeyData{ProcessID: 1, SecretKey: []byte{0, 0, 0, 1}}, &pgproto3.ReadyForQuery{TxStatus: 'I'})...)
}

func oneAnswer() []byte {
	return encode(
		&pgproto3.RowDescription{Fields: []pgproto3.FieldDescription{{Name: []byte("id"), DataTypeOID: 20, DataTypeSize: 8, TypeModifier: -1}}},
		&pgproto3.DataRow{Values: [][]byte{[]byte("1")}}, &pgproto3.CommandComplete{CommandTag: []byte("SELECT 1")}, &pgproto3.ReadyForQuery{TxStatus: 'I'})
}

// encode writes messages that always can be.
func encode(messages ...pgproto3.BackendMessage) []byte {
	var b []byte
	for _, m := range messages {
		var err error
		if b, err = m.Encode(b); err != nil {
			panic(err)
		}
	}
	return b
}
