// Package pgtemp runs a throwaway PostgreSQL: a real server on a private port of the loopback address, in a directory of
// its own, that goes away without a trace. The demo and the tests stand on it.
//
// It promises three things. Find needs no preparation of the machine: it takes the PostgreSQL that is installed, else it
// fetches one and says so while it does. Start never touches a server or a cluster that was there before. And Stop, or the
// death of this process, ends the server that Start began.
//
// The server is built for speed and not for keeping data: fsync is off.
package pgtemp
