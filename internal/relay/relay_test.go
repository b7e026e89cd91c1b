package relay_test

import (
	"encoding/json"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/Abdullahi130/StellarEscrow/internal/relay"
)

// The types will travel over HTTP: each field has a name of its own, survives JSON, and no amount becomes a JSON number, which JavaScript
// and others would round.
func TestTypesTravelAsJSON(t *testing.T) {
	for _, v := range []any{
		relay.Network{}, relay.Ledger{}, relay.Simulation{}, relay.Cost{}, relay.Restore{}, relay.Failure{}, relay.Reading{}, relay.Submission{},
		relay.Transaction{}, relay.Account{}, relay.Holding{}, relay.Asset{}, relay.SponsorRequest{}, relay.Sponsorship{}, relay.FeeStats{},
	} {
		typ := reflect.TypeOf(v)
		full := reflect.New(typ)
		fill(t, typ.Name(), full.Elem())
		raw, err := json.Marshal(full.Interface())
		if err != nil {
			t.Fatalf("%s: %v", typ, err)
		}
		back := reflect.New(typ)
		if err := json.Unmarshal(raw, back.Interface()); err != nil {
			t.Fatalf("%s: %s: %v", typ, raw, err)
		}
		if !reflect.DeepEqual(full.Interface(), back.Interface()) {
			t.Errorf("%s: %+v\nbecame %+v\nby %s", typ, full.Elem(), back.Elem(), raw)
		}
	}
}

func fill(t *testing.T, path string, v reflect.Value) {
	t.Helper()
	switch v.Kind() {
	case reflect.String:
		v.SetString("text of " + path)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Uint32:
		v.SetUint(math.MaxUint32)
	case reflect.Uint64:
		v.SetUint(1 << 50) // a time; numbers up to 2^53 are safe in JSON
	case reflect.Int64:
		v.SetInt(math.MaxInt64)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(t, path, v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range v.Len() {
			fill(t, path, v.Index(i))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			field := v.Type().Field(i)
			name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
			if name == "" || name != strings.ToLower(name) {
				t.Errorf("%s.%s is called %q in JSON", path, field.Name, name)
			}
			if field.Type.Kind() == reflect.Int64 && !strings.Contains(options, "string") {
				t.Errorf("%s.%s is an amount, and a number in JSON", path, field.Name)
			}
			fill(t, path+"."+field.Name, v.Field(i))
		}
	default:
		t.Fatalf("%s is a %s, which this test does not know", path, v.Type())
	}
}

func TestWhatIsFinal(t *testing.T) {
	for state, want := range map[relay.TransactionState]bool{
		relay.TransactionNotFound: false, relay.TransactionPending: false, relay.TransactionExpired: true, relay.TransactionIncluded: true,
		relay.TransactionFailed: true,
	} {
		if state.Final() != want {
			t.Errorf("%s is final: %v", state, state.Final())
		}
	}
}
