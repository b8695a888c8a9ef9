package torch

import (
	"strconv"
)

// The values of the pickle machine are nil, bool, int64, float64, string and the types below, *global, *window and *view.
// Containers are pointers because a pickle may refer to one again, even from within itself.
type (
	tuple struct{ items []any }
	list  struct{ items []any }

	// dict keeps its entries in the order of the file, also those of one key: only the few dictionaries around the weights
	// are worth the search for duplicates.
	dict  struct{ entries []entry }
	entry struct{ key, value any }

	// bigInt is an integer beyond 64 bits, as its little-endian bytes in two's complement.
	bigInt string

	// opaque stands for what no network needs: sets, byte strings, numpy numbers, options. Its content is dropped.
	opaque struct{ of string }
)

var emptyTuple = &tuple{}

// kindOf names the type of a value, for messages.
func kindOf(v any) string {
	switch v := v.(type) {
	case nil:
		return "None"
	case bool:
		return "a boolean"
	case int64, bigInt:
		return "an integer"
	case float64:
		return "a number"
	case string:
		return "a string"
	case *tuple:
		return "a tuple"
	case *list:
		return "a list"
	case *dict:
		return "a dictionary"
	case *window:
		return "a storage"
	case *view:
		return "a tensor"
	case *global:
		return v.name
	case *opaque:
		return v.of
	}
	return "an unknown value"
}

// quote quotes a string of the file for a message, shortened if long.
func quote(s string) string {
	if len(s) > maxName {
		return strconv.Quote(s[:maxName]) + "..."
	}
	return strconv.Quote(s)
}
