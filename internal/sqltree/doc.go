// Package sqltree keeps PostgreSQL's own parser behind one door: limits before it, positions after it, and the two proofs
// that a rewritten statement needs: that its text says what its tree says (Align), and a walk over a tree that misses no field
// (Walk).
//
// The parser is C code in this process. It is entered through Parse alone, which first lets Check refuse every text that could end
// the process.
package sqltree
