// Package ledger keeps a sequence of records in files so that what happens to them afterwards shows: a record that was removed, moved,
// edited or cut off, and a file that is missing between two others.
//
// A record is a JSON object on a line of its own:
//
//	{"seq":7, the record's own members, "prev":"<hash of 6>","hash":"<hash of 7>"}
//
// The hash is SHA-256 in hexadecimal, or HMAC-SHA-256 where there is a key, over the line up to its own member. As prev is part of
// that, each hash stands for everything before it. The chain goes on over rotations and restarts: the first record of a file has the
// hash of the last one of the file before.
//
// Without a key, whoever can write the files can compute a chain anew, from any point to the end. A key that the writer of the files
// does not hold, or a hash that was noted elsewhere (Head), is what proves more.
//
// One goroutine owns a Ledger. Verify needs none.
package ledger
