package stellar

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"

	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/binding"
)

// The types of internal/escrow and those generated from the contract say the same things under the same names, once for the rules and once
// for the wire. convert goes from either to the other, by name, so that the eighty of them need no code of their own; a test converts
// every pair there and back, and fails when one side has a field that the other lacks.
//
//	escrow                              binding
//	Address (text)                      Address (checked on the way)
//	Role, Phase, Stage, Outcome         uint32
//	Hash, ID                            [32]byte
//	[]Role, ascending                   uint32: bit r stands for role r
//	[2]T, structs of two (Vote …)       Pair
//	amount.Int128, bool, *T, []T        the same
func convert[D any](from any) (D, error) {
	var to D
	err := assign(reflect.ValueOf(&to).Elem(), reflect.ValueOf(from))
	return to, err
}

// FieldError says which part of something is wrong: "milestones[3].amount".
type FieldError = binding.FieldError

var (
	wireAddress = reflect.TypeFor[binding.Address]()
	ruleAddress = reflect.TypeFor[escrow.Address]()
	int128      = reflect.TypeFor[amount.Int128]()
	roles       = reflect.TypeFor[[]escrow.Role]()
	number      = reflect.TypeFor[uint32]()
)

func assign(to, from reflect.Value) error {
	switch {
	case from.Type() == wireAddress && to.Type() == ruleAddress:
		to.SetString(from.Interface().(binding.Address).String())
		return nil
	case from.Type() == ruleAddress && to.Type() == wireAddress:
		a, err := binding.ParseAddress(from.String())
		if err != nil {
			return &FieldError{Reason: err}
		}
		to.Set(reflect.ValueOf(a))
		return nil
	case from.Type() == number && to.Type() == roles:
		to.Set(reflect.ValueOf(rolesOf(uint32(from.Uint()))))
		return nil
	case from.Type() == roles && to.Type() == number:
		set, err := setOf(from.Interface().([]escrow.Role))
		to.SetUint(uint64(set))
		return err
	case from.Type() == int128 && to.Type() == int128:
		to.Set(from)
		return nil
	}
	switch from.Kind() {
	case reflect.Bool, reflect.Uint32, reflect.Uint64:
		if to.Kind() == from.Kind() {
			to.Set(from.Convert(to.Type()))
			return nil
		}
	case reflect.Pointer:
		if to.Kind() == reflect.Pointer {
			if from.IsNil() {
				to.SetZero()
				return nil
			}
			value := reflect.New(to.Type().Elem())
			to.Set(value)
			return assign(value.Elem(), from.Elem())
		}
	case reflect.Slice:
		if to.Kind() == reflect.Slice {
			list := reflect.MakeSlice(to.Type(), from.Len(), from.Len())
			for i := range from.Len() {
				if err := assign(list.Index(i), from.Index(i)); err != nil {
					return inside("["+strconv.Itoa(i)+"]", err)
				}
			}
			to.Set(list)
			return nil
		}
	case reflect.Array:
		if from.Type().ConvertibleTo(to.Type()) && to.Kind() == reflect.Array {
			to.Set(from.Convert(to.Type()))
			return nil
		}
		return assignPair(to, from)
	case reflect.Struct:
		if isPair(from.Type()) || isPair(to.Type()) {
			return assignPair(to, from)
		}
		return assignFields(to, from)
	}
	return fmt.Errorf("stellar: %s cannot become %s", from.Type(), to.Type()) // a drift between the two; the test of every pair finds it
}

// rolesOf are the roles in a set, ascending.
func rolesOf(set uint32) []escrow.Role {
	list := []escrow.Role{}
	for r := range escrow.Role(32) {
		if set&(1<<r) != 0 {
			list = append(list, r)
		}
	}
	return list
}

// setOf is the set of roles that rolesOf gives back.
func setOf(list []escrow.Role) (set uint32, err error) {
	for i, r := range list {
		if r >= 32 || i > 0 && r <= list[i-1] {
			return 0, &FieldError{Reason: fmt.Errorf("roles %v do not ascend to 31 at most", list)}
		}
		set |= 1 << r
	}
	return set, nil
}

// assignFields fills each field of to from the one of that name. An event's topic is a field on the wire only.
func assignFields(to, from reflect.Value) error {
	if to.Kind() != reflect.Struct {
		return fmt.Errorf("stellar: %s cannot become %s", from.Type(), to.Type())
	}
	for i := range to.NumField() {
		name := to.Type().Field(i).Name
		source := from.FieldByName(name)
		if !source.IsValid() {
			if topic := reflect.Zero(to.Type()).Interface(); isEvent(topic) && (name == "Trade" || name == "Asset") {
				continue
			}
			return fmt.Errorf("stellar: %s has no field %s for %s", from.Type(), name, to.Type())
		}
		if err := assign(to.Field(i), source); err != nil {
			return inside(wireName(to.Type(), from.Type(), name), err)
		}
	}
	return nil
}

func isEvent(v any) bool {
	switch v.(type) {
	case escrow.Event:
		return true
	default:
		_, ok := reflect.New(reflect.TypeOf(v)).Interface().(binding.Event)
		return ok
	}
}

// isPair tells a tuple of two from other structs: that of binding has these two fields and no others.
func isPair(t reflect.Type) bool {
	return t.Kind() == reflect.Struct && t.NumField() == 2 && t.Field(0).Name == "First" && t.Field(1).Name == "Second"
}

// assignPair goes by position: a Pair is filled from an array or a struct of two, and the other way round.
func assignPair(to, from reflect.Value) error {
	at := func(v reflect.Value, i int) reflect.Value {
		switch {
		case v.Kind() == reflect.Array && v.Len() == 2:
			return v.Index(i)
		case v.Kind() == reflect.Struct && v.NumField() == 2:
			return v.Field(i)
		}
		return reflect.Value{}
	}
	for i := range 2 {
		target, source := at(to, i), at(from, i)
		if !target.IsValid() || !source.IsValid() {
			return fmt.Errorf("stellar: %s cannot become %s", from.Type(), to.Type())
		}
		if err := assign(target, source); err != nil {
			return inside("["+strconv.Itoa(i)+"]", err)
		}
	}
	return nil
}

// wireName is the name of a field on the page, which the rules' types carry for JSON.
func wireName(a, b reflect.Type, name string) string {
	for _, t := range []reflect.Type{a, b} {
		if f, ok := t.FieldByName(name); ok && f.Tag.Get("json") != "" {
			return f.Tag.Get("json")
		}
	}
	return name
}

// inside puts a step in front of the path of err, if err is about the value rather than about the types.
func inside(step string, err error) error {
	var inner *FieldError
	if !errors.As(err, &inner) {
		return err
	}
	switch {
	case inner.Path == "" || inner.Path[0] == '[':
		step += inner.Path
	default:
		step += "." + inner.Path
	}
	return &FieldError{Path: step, Reason: inner.Reason}
}
