package feed

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"unicode/utf8"
)

// payload is what an entry's text holds, in this order.
type payload struct {
	Seq  int64 `json:"seq"`
	Prev Hash  `json:"prev"`
	Note
}

// maxBegin is how many bytes appendBegin appends at most.
const maxBegin = len(`{"seq":-9223372036854775808,"prev":"",`) + 2*len(Hash{})

// appendBegin appends how the text of the entry that follows h begins.
func (h Head) appendBegin(text []byte) []byte {
	text = strconv.AppendInt(append(text, `{"seq":`...), h.Seq+1, 10)
	text = hex.AppendEncode(append(text, `,"prev":"`...), h.Hash[:])
	return append(text, '"', ',')
}

// text is what encoding/json writes of p, for a third of the time: each event that is ever read becomes an entry, and each reader of one makes it again to
// compare.
func (p payload) text() ([]byte, error) {
	const names = len(`"kind":"","contract":"","trade":"","event":"","ledger":4294967295,"closed_at":-9223372036854775808,"tx":"","data":}`)
	for _, s := range []string{p.Kind, p.Contract, p.Trade, p.Event, p.Tx} {
		if !utf8.ValidString(s) { // what is written for it would not be what is read
			return nil, fmt.Errorf("%q is not UTF-8", s)
		}
	}
	text := make([]byte, 0, maxBegin+names+len(p.Kind)+len(p.Contract)+len(p.Trade)+len(p.Event)+len(p.Tx)+len(p.Data))
	text = Head{Seq: p.Seq - 1, Hash: p.Prev}.appendBegin(text)
	text = appendString(append(text, `"kind":`...), p.Kind)
	for _, field := range []struct{ name, value string }{{`,"contract":`, p.Contract}, {`,"trade":`, p.Trade}, {`,"event":`, p.Event}} {
		if field.value != "" {
			text = appendString(append(text, field.name...), field.value)
		}
	}
	if p.Ledger != 0 {
		text = strconv.AppendUint(append(text, `,"ledger":`...), uint64(p.Ledger), 10)
	}
	if p.ClosedAt != 0 {
		text = strconv.AppendInt(append(text, `,"closed_at":`...), p.ClosedAt, 10)
	}
	if p.Tx != "" {
		text = appendString(append(text, `,"tx":`...), p.Tx)
	}
	if len(p.Data) > 0 {
		data, err := json.Marshal(p.Data)
		if err != nil {
			return nil, err
		}
		text = append(append(text, `,"data":`...), data...)
	}
	return append(text, '}'), nil
}

func appendString(text []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			escaped, _ := json.Marshal(s) // of a string it cannot fail
			return append(text, escaped...)
		}
	}
	return append(append(append(text, '"'), s...), '"')
}
