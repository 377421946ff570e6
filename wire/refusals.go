package wire

import "github.com/wherewall/wherewall/rewrite"

// refusal is a statement that says no in its place.
func (v *view) refusal(r *rewrite.Refusal) statement {
	return statement{template: rewrite.Refuse(r), values: v.values}
}

func refused(code, state, message string) *rewrite.Refusal {
	return &rewrite.Refusal{Code: code, SQLState: state, Message: message}
}

// The codes of refusals that the wire makes itself.
const (
	codeStatement = "statement_denied"
	codeFunction  = "function_denied"
	codeComplex   = "too_complex"
	codeParse     = "unparsable"
	codeStale     = "policy_changed"
	codeNoPolicy  = "policy_unavailable"
)

func unavailable() *rewrite.Refusal {
	r := refused(codeNoPolicy, stateDenied, "permission denied: the policy cannot be read")
	r.Hint = "Try again later."
	return r
}

// rewrite turns a client's text into what may be sent for it.
func (v *view) rewrite(sql string) statement {
	if v.world == nil {
		return v.refusal(unavailable())
	}
	return statement{template: v.world.Rewriter.Rewrite(sql, v.plan), values: v.values}
}
