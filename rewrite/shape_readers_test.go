package rewrite_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// readersOfConstants are the functions that have a constant in their hands, as their sources show.
func readersOfConstants(t *testing.T) map[string]bool {
	t.Helper()
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	found := map[string]bool{}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		require.NoError(t, err)
		for _, d := range parsed.Decls {
			name := "a declaration of " + file
			if f, ok := d.(*ast.FuncDecl); ok {
				name = f.Name.Name
			}
			ast.Inspect(d, func(n ast.Node) bool {
				if id, ok := n.(*ast.Ident); ok && (strings.Contains(id.Name, "AConst") || strings.Contains(id.Name, "A_Const")) {
					found[name] = true
				}
				return true
			})
		}
	}
	return found
}

// whyShared says of each of them why templates may be shared by literals that it has in its hands. What it looks at must be settled by
// a literal's class, or stand where literals are fixed.
func whyShared() map[string]string {
	const (
		kind      = "looks at the kind of a constant alone, which is a part of its class"
		word      = "looks at NULL, true and false, which are words and stay in the shape"
		ours      = "looks at constants that we made: no shape has ww_ in it"
		makes     = "makes a constant"
		argument  = "looks at arguments of functions that carriesArguments does not list"
		utility   = "is about statements that share no template"
		name      = "reads names below casts and functions that are not listed"
		catalogs  = "is about statements that name catalogs, none of whose literals are free"
		position  = "looks where leadsToFree does not lead: LIMIT, ordinals, modifiers of types"
		dividing  = "divides literals into fixed and free ones"
		notClient = "looks at what the catalog says"
	)
	return map[string]string{
		"argumentOf": word, "boolValue": word, "isArgument": word, "isBoolean": word, "lenient": word,
		"constantKind": kind, "constantOperand": kind, "constantType": kind, "namesListed": kind, "isNameText": kind, "node": kind,
		"operand": kind, "quietOther": kind, "valueKind": kind,
		"boolConstant": "looks at 't' and 'f', which stay in the shape",
		"typed":        "looks at the kind, and has boolConstant look at the rest",
		"like":         "looks at backslashes, which no string has that is taken out",
		"limitFails":   "looks at the sign of LIMIT and OFFSET: LIMIT is fixed, and so is an OFFSET behind a minus sign",
		"steps":        "looks at numbers and intervals added to the present: counts, and no cast to intervals is carried",
		"constant":     "refuses what begins as our slots do, and no shape has that in it",
		"boolean":      makes, "integer": makes, "literal": makes, "null": makes,
		"channelProven": ours, "ownLock": ours, "raised": ours, "raisedBy": ours, "setsSubject": ours, "slotOf": ours, "fill": ours,
		"channel": argument, "constantText": argument, "dateField": argument, "privileges": argument, "sequenceProven": argument, "setsConfig": argument,
		"setvalCall": argument, "showsSetting": argument, "tellsSetting": argument,
		"constantValue": utility, "setting": utility, "settingValues": utility, "transactionModes": utility,
		"knownName": name, "typeNamed": name,
		"nameSetting": catalogs,
		"contents":    position, "entryOf": position, "summarise": position, "typeName": position,
		"constantDefault": notClient,
		"counts":          dividing, "isClass": dividing, "isSigned": dividing, "visit": dividing + "; that of the walker has constant look",
	}
}

func TestWhateverLooksAtConstantsIsKnown(t *testing.T) {
	t.Parallel()
	known := whyShared()
	found := readersOfConstants(t)
	for name := range found {
		require.NotEmpty(t, known[name], "%s has constants in its hands: if it looks at more of them than their kind, their places must be fixed (shape_free.go)", name)
	}
	for name := range known {
		require.True(t, found[name], "%s looks at no constants", name)
	}
}

// TestOnlyTheProofComparesTrees keeps comparisons, which look at constants too, out of what decides how a statement is rewritten: where the proof compares,
// it is with what we would have made ourselves, and it can only refuse.
func TestOnlyTheProofComparesTrees(t *testing.T) {
	t.Parallel()
	known := map[string]string{
		"parameter_types.go": "names of types", "catalogs_helpers.go": "names of types", "subject.go": "a statement about the subject",
		"calls_config.go": "the proof", "catalogs_sequence.go": "the proof", "channels.go": "the proof", "copy_direct.go": "COPY", "copy_line.go": "COPY",
		"discard.go": "a call without arguments", "export_print.go": "not of a client", "sequences.go": "the proof", "tablenames.go": "the proof",
	}
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") || strings.HasPrefix(file, "prove") {
			continue
		}
		source, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, door := range []string{"sqltree.Equal(", "sqltree.Fingerprint(", "sqltree.Align(", "proto.Equal("} {
			if strings.Contains(string(source), door) {
				require.NotEmpty(t, known[file], "%s compares trees", file)
			}
		}
	}
}
