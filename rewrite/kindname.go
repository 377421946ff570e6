package rewrite

// String is the kind's name for people and records: the SQL command where there is one.
func (k Kind) String() string {
	switch k {
	case Empty:
		return "EMPTY"
	case Select:
		return "SELECT"
	case Insert:
		return "INSERT"
	case Update:
		return "UPDATE"
	case Delete:
		return "DELETE"
	case Merge:
		return "MERGE"
	case Copy:
		return "COPY TO"
	case CopyIn, CopyPrepare, CopyFill, CopyStore, CopyEnd:
		return "COPY FROM"
	case Transaction:
		return "TRANSACTION"
	case Set:
		return "SET"
	case Show:
		return "SHOW"
	case Prepare:
		return "PREPARE"
	case Execute:
		return "EXECUTE"
	case Deallocate:
		return "DEALLOCATE"
	case Declare:
		return "DECLARE CURSOR"
	case Fetch:
		return "FETCH"
	case Move:
		return "MOVE"
	case Close:
		return "CLOSE CURSOR"
	case Explain:
		return "EXPLAIN"
	case Discard:
		return "DISCARD"
	case DiscardAll:
		return "DISCARD ALL"
	case Listen:
		return "LISTEN"
	case Notify:
		return "NOTIFY"
	case Unlisten:
		return "UNLISTEN"
	case Define:
		return "TEMPORARY TABLE"
	case Lock:
		return "LOCK"
	case SwitchSubject:
		return "SET SUBJECT"
	case Unknown:
	}
	return "UNKNOWN"
}
