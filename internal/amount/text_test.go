package amount

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	for _, tc := range []struct {
		text string
		want Stroops
		why  string // of the refusal
	}{
		{text: "0", want: 0},
		{text: "1", want: 10_000_000},
		{text: "0.0000001", want: 1},
		{text: "12.5", want: 125_000_000},
		{text: "007.10", want: 71_000_000},
		{text: "922337203685.4775807", want: MaxStroops},
		{text: "922337203685.4775808", why: "more than 922337203685.4775807"},
		{text: "99999999999999999999999999", why: "more than 922337203685.4775807"},
		{text: "0.00000001", why: "8 decimals, the asset has 7"},
		{text: "1.00000000", why: "8 decimals, the asset has 7"},
		{text: "-1", why: "has a sign"},
		{text: "+1", why: "has a sign"},
		{text: "1-", why: "has a sign"},
		{text: "1e3", why: "has an exponent"},
		{text: "1E3", why: "has an exponent"},
		{text: "e3", why: `'e' is not a digit`},
		{text: "1,5", why: "has a separator ','"},
		{text: "1_000", why: "has a separator '_'"},
		{text: "1.5.0", why: "more than one point"},
		{text: ".5", why: "no digit before the point"},
		{text: "5.", why: "no digit after the point"},
		{text: ".", why: "no digit before the point"},
		{text: "", why: "empty"},
		{text: " 1", why: `' ' is not a digit`},
		{text: "1 ", why: `' ' is not a digit`},
		{text: "0x10", why: `'x' is not a digit`},
		{text: "NaN", why: `'N' is not a digit`},
		{text: "١٢", why: `'١' is not a digit`},
		{text: "1\x00", why: `'\x00' is not a digit`},
		{text: strings.Repeat("9", 129), why: "longer than 128 characters"},
		{text: strings.Repeat("0", 127) + "7", want: 70_000_000},
	} {
		got, err := Parse(tc.text)
		var refusal *ParseError
		switch {
		case tc.why == "":
			if err != nil || got != tc.want {
				t.Errorf("Parse(%q) = %d, %v; want %d", tc.text, got, err, tc.want)
			}
		case !errors.As(err, &refusal) || !strings.Contains(refusal.Why, tc.why):
			t.Errorf("Parse(%q) = %d, %v; want a refusal saying %q", tc.text, got, err, tc.why)
		}
	}
}

func TestDecimals(t *testing.T) {
	for _, tc := range []struct {
		text     string
		decimals int
		want     Stroops
		printed  string
	}{
		{"5", 0, 5, "5"},
		{"1.05", 2, 105, "1.05"},
		{"1", 18, 1_000_000_000_000_000_000, "1.000000000000000000"},
		{"9.223372036854775807", 18, MaxStroops, "9.223372036854775807"},
	} {
		got, err := ParseDecimals(tc.text, tc.decimals)
		if err != nil || got != tc.want || got.Format(tc.decimals) != tc.printed {
			t.Errorf("ParseDecimals(%q, %d) = %d (%s), %v; want %d (%s)", tc.text, tc.decimals, got, got.Format(tc.decimals), err, tc.want, tc.printed)
		}
	}
	for _, tc := range []struct {
		text     string
		decimals int
		want     string
	}{
		{"9.3", 18, "more than 9.223372036854775807"}, // an asset of 18 decimals carries 9.2 units (docs/contract.md, TotalTooLarge)
		{"1.5", 0, "the asset has none"},
		{"1", 39, "an asset has 0 to 38"},
		{"1", -1, "an asset has 0 to 38"},
	} {
		if got, err := ParseDecimals(tc.text, tc.decimals); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("ParseDecimals(%q, %d) = %d, %v; want %q", tc.text, tc.decimals, got, err, tc.want)
		}
	}
}

func TestPrint(t *testing.T) {
	for _, tc := range []struct {
		units, decimal string
	}{
		{"0", "0.0000000"},
		{"1", "0.0000001"},
		{"-1", "-0.0000001"},
		{"125000000", "12.5000000"},
		{"-125000000", "-12.5000000"},
		{"170141183460469231731687303715884105727", "17014118346046923173168730371588.4105727"},
		{"-170141183460469231731687303715884105728", "-17014118346046923173168730371588.4105728"},
	} {
		a, err := ParseUnits(tc.units)
		if err != nil || a.Units() != tc.units || a.String() != tc.decimal {
			t.Errorf("ParseUnits(%q) = %s units, %s, %v; want %s", tc.units, a.Units(), a, err, tc.decimal)
		}
		if b, err := ParseInt128(tc.decimal); err != nil || b != a {
			t.Errorf("ParseInt128(%q) = %s, %v; want %s", tc.decimal, b, err, a)
		}
	}
	for _, text := range []string{"170141183460469231731687303715884105728", "-170141183460469231731687303715884105729", "1.0", "", "-", "--1", "1-"} {
		if a, err := ParseUnits(text); err == nil {
			t.Errorf("ParseUnits(%q) = %s, want a refusal", text, a.Units())
		}
	}
	if MaxInt128().Format(0) != "170141183460469231731687303715884105727" || MinInt128().Units() != "-170141183460469231731687303715884105728" {
		t.Errorf("the ends of i128 print as %s and %s", MaxInt128().Format(0), MinInt128().Units())
	}
}

func TestJSON(t *testing.T) {
	type money struct {
		A Stroops `json:"a"`
		B Int128  `json:"b"`
	}
	want := `{"a":"12.5000000","b":"-0.0000001"}`
	got, err := json.Marshal(money{A: 125_000_000, B: Int(-1)})
	if err != nil || string(got) != want {
		t.Errorf("marshalled %s, %v; want %s", got, err, want)
	}
	var back money
	if err := json.Unmarshal(got, &back); err != nil || back != (money{125_000_000, Int(-1)}) {
		t.Errorf("unmarshalled %+v, %v", back, err)
	}
	for _, bad := range []string{`{"a":12.5}`, `{"a":"-1"}`, `{"a":"1e3"}`, `{"b":7}`, `{"b":"1.00000000"}`, `{"b":"99999999999999999999999999999999999999"}`} {
		before := back
		if err := json.Unmarshal([]byte(bad), &back); err == nil || back != before {
			t.Errorf("unmarshalled %s to %+v, %v; want an error and nothing changed", bad, back, err)
		}
	}
	if text, err := json.Marshal(Stroops(-1)); err == nil {
		t.Errorf("marshalled a negative amount to %s, which could not be read back", text)
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"0", "12.5", "922337203685.4775807", "0.00000001", "-1", "1e3", ".5", "5.", "", "1.5.0"} {
		f.Add(seed, 7)
		f.Add(seed, 0)
	}
	f.Fuzz(func(t *testing.T, text string, decimals int) {
		got, err := ParseDecimals(text, decimals)
		if err != nil {
			if got != 0 {
				t.Errorf("ParseDecimals(%q, %d) = %d and %v", text, decimals, got, err)
			}
			return
		}
		back, err := ParseDecimals(got.Format(decimals), decimals)
		if err != nil || back != got || got < 0 {
			t.Errorf("ParseDecimals(%q, %d) = %d, printed %q, read back as %d, %v", text, decimals, got, got.Format(decimals), back, err)
		}
		for _, c := range text {
			if c != '.' && (c < '0' || c > '9') {
				t.Errorf("ParseDecimals(%q, %d) took %q", text, decimals, c)
			}
		}
	})
}

func FuzzParseInt128(f *testing.F) {
	for _, seed := range []string{"0", "-1", "-0", "170141183460469231731687303715884105727", "-17014118346046923173168730371588.4105728", "--1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if a, err := ParseInt128(text); err == nil {
			if back, err := ParseInt128(a.String()); err != nil || back != a {
				t.Errorf("ParseInt128(%q) = %s, read back as %s, %v", text, a, back, err)
			}
		}
		if a, err := ParseUnits(text); err == nil {
			if back, err := ParseUnits(a.Units()); err != nil || back != a {
				t.Errorf("ParseUnits(%q) = %s, read back as %s, %v", text, a.Units(), back.Units(), err)
			}
		}
	})
}
