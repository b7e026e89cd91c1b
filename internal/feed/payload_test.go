package feed

import (
	"encoding/json"
	"errors"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// An entry's text is what encoding/json makes of it: whoever checks the feed with any JSON library finds the same hashes.
func TestTheTextIsPlainJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		field := rapid.OneOf(rapid.Just(""), rapid.StringMatching(`[0-9a-f]{64}`), rapid.String(), rapid.SampledFrom([]string{`"`, `\`, "a<b>&", "\x00\x1f\x7f", "\u2028\u2029", "\xff"}))
		p := payload{Seq: rapid.Int64().Draw(t, "seq"), Note: Note{
			Kind: field.Draw(t, "kind"), Contract: field.Draw(t, "contract"), Trade: field.Draw(t, "trade"), Event: field.Draw(t, "event"),
			Ledger: rapid.Uint32().Draw(t, "ledger"), ClosedAt: rapid.Int64().Draw(t, "closed at"), Tx: field.Draw(t, "tx"),
			Data: rapid.SampledFrom([]json.RawMessage{nil, {}, []byte(`{"a": [1, "<"]}`), []byte(` null `), []byte(`{`), []byte("\"\u2028\"")}).Draw(t, "data"),
		}}
		copy(p.Prev[:], rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "prev"))
		want, wantErr := json.Marshal(p)
		for _, s := range []string{p.Kind, p.Contract, p.Trade, p.Event, p.Tx} {
			if !utf8.ValidString(s) {
				want, wantErr = nil, errors.New("not UTF-8")
			}
		}
		got, err := p.text()
		if string(got) != string(want) || (err == nil) != (wantErr == nil) {
			t.Errorf("got  %s, %v\nwant %s, %v", got, err, want, wantErr)
		}
	})
}
