package ctl

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/Abdullahi130/StellarEscrow/internal/cli"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
)

// mergeLimits reads a JSON object of bounds, in seconds, over those in l. A deployed contract keeps them for ever, so nothing is passed over:
// not a name that is unknown or mistyped by a capital, not one that stands there twice, and not a null, which encoding/json would all take.
func mergeLimits(l *escrow.Limits, text string) error {
	bounds := boundsOf(l)
	known := "known are " + strings.Join(slices.Sorted(maps.Keys(bounds)), ", ") + ", each a whole number of seconds"
	wrong := func(format string, args ...any) error {
		return fmt.Errorf("%w: --limits: %s; %s", cli.ErrUsage, fmt.Sprintf(format, args...), known)
	}
	if strings.TrimSpace(text) == "" {
		return wrong("it is empty: leave it out for the defaults")
	}
	// With that the text is known to be one JSON value, and the walk through it meets no other errors.
	var value json.RawMessage
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		return wrong("not JSON: %v", err)
	}
	d := json.NewDecoder(bytes.NewReader(value))
	d.UseNumber()
	if first, err := d.Token(); err != nil || first != json.Delim('{') {
		return wrong("%s is not an object", value)
	}
	seen := map[string]bool{}
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return wrong("not JSON: %v", err)
		}
		name := fmt.Sprint(token)
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			return wrong("not JSON: %v", err)
		}
		bound, ok := bounds[name]
		switch {
		case !ok:
			return wrong("%q is unknown", name)
		case seen[name]:
			return wrong("%q stands there twice", name)
		}
		seen[name] = true
		if *bound, err = strconv.ParseUint(string(raw), 10, 64); err != nil {
			return wrong("%q is %s, which is no whole number of seconds from 0 on that the contract can keep", name, raw)
		}
	}
	return nil
}

// boundsOf are the fields of the limits, by their names in JSON.
func boundsOf(l *escrow.Limits) map[string]*uint64 {
	v := reflect.ValueOf(l).Elem()
	bounds := make(map[string]*uint64, v.NumField())
	for i := range v.NumField() {
		bounds[v.Type().Field(i).Tag.Get("json")] = v.Field(i).Addr().Interface().(*uint64)
	}
	return bounds
}
