package reconcile

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
)

// differences names each field in which two states of a trade differ, by its path in the contract's words.
func differences(projected, stored escrow.Trade) []string {
	var a, b any
	for _, side := range []struct {
		trade escrow.Trade
		into  *any
	}{{projected, &a}, {stored, &b}} {
		raw, err := json.Marshal(side.trade)
		if err == nil {
			dec := json.NewDecoder(bytes.NewReader(raw))
			dec.UseNumber() // times and counts beyond 2^53 stay what they are
			err = dec.Decode(side.into)
		}
		if err != nil {
			return []string{fmt.Sprintf("its state cannot be written: %v", err)}
		}
	}
	var out []string
	walk("", a, b, func(path string, a, b any) {
		out = append(out, fmt.Sprintf("%s: projected %s, stored %s", path, short(a), short(b)))
	})
	return out
}

// walk calls differ for each leaf that is not the same on both sides. A list that is empty and one that is not there are the same.
func walk(path string, a, b any, differ func(path string, a, b any)) {
	switch left := a.(type) {
	case map[string]any:
		right, ok := b.(map[string]any)
		if !ok {
			differ(path, a, b)
			return
		}
		names := make([]string, 0, len(left))
		for name := range left {
			names = append(names, name)
		}
		slices.Sort(names)
		for _, name := range names {
			below := name
			if path != "" {
				below = path + "." + name
			}
			walk(below, left[name], right[name], differ)
		}
	case []any:
		right, ok := b.([]any)
		if len(left) == 0 && b == nil {
			return
		}
		if !ok || len(left) != len(right) {
			differ(path, a, b)
			return
		}
		for i := range left {
			walk(path+"["+strconv.Itoa(i)+"]", left[i], right[i], differ)
		}
	default:
		if list, ok := b.([]any); ok && a == nil && len(list) == 0 {
			return
		}
		switch b.(type) {
		case map[string]any, []any:
			differ(path, a, b)
		default:
			if a != b {
				differ(path, a, b)
			}
		}
	}
}

// short is a value as it is shown in a finding.
func short(v any) string {
	const most = 200
	raw, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	if len(raw) > most {
		return string(raw[:most]) + "…"
	}
	return string(raw)
}
