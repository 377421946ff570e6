// Package strand runs many conversations over sockets on a few event loops, with code that is written as if each had a goroutine of its own.
//
// A Strand is one direction of a conversation: a function that reads from one Conn and writes to another. When there is nothing to read, it
// returns, and costs no goroutine and no stack until something arrives. Then the loop calls it on its own goroutine, without a switch. Where it
// has to wait in the middle of something, because half a message is there, a socket takes no more or a computation takes long, it does so like
// any Go code. Before, it leaves the loop: the loop goes on in another goroutine, and the one that it was on is the strand's until the function
// returns.
//
//	                 readable                     has to wait
//	resting  ----------------------->  on loop  --------------->  on a goroutine of its own
//	   ^                                  |                              |
//	   +---------- returns resting -------+------------------------------+
//
// Compared with two goroutines over net.Conn, a message costs no attempt to read what is not there yet, no switch of goroutines and no
// look at the runtime's own poller.
//
// A strand that blocks without having left holds up all others of its loop: whatever may wait for anything but a Conn calls Leave before.
//
// There are loops on Linux only, where a Conn is in an epoll set of its own, edge-triggered (epoll(7)). Elsewhere Start fails, and callers keep a
// goroutine for each direction.
package strand
