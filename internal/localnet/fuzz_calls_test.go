package localnet_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/stellar/go-stellar-sdk/xdr"
)

// FuzzCalls: calls of every method that the real server has, mostly well made, as single ones and in batches. fuzz_answers_test.go says what an answer
// has to be like, and FuzzJSONRPC beside it posts what is no call.
func FuzzCalls(f *testing.F) {
	w := newAsked(f)
	for seed := range uint64(12) {
		f.Add(callPlan(seed))
	}
	f.Fuzz(func(t *testing.T, plan []byte) { w.play(t, plan) })
}

// TestCalls is FuzzCalls' slice in every run of the tests. Each method has to be answered with a result and with an error, or it shows nothing.
func TestCalls(t *testing.T) {
	const plans = 400
	w := newAsked(t)
	for i := range uint64(plans) {
		seed := 100 + i // others than those that FuzzCalls begins with
		w.play(t, callPlan(seed))
		if t.Failed() {
			t.Fatalf("in callPlan(%d)", seed)
		}
	}
	for _, method := range methods {
		if w.results[method] == 0 || w.errors[method] == 0 && !noParams[method] {
			t.Errorf("%s was answered %d times with a result, %d times with an error", method, w.results[method], w.errors[method])
		}
	}
	if w.followed == 0 || w.batches == 0 {
		t.Errorf("%d cursors were followed, %d batches answered", w.followed, w.batches)
	}
	t.Logf("%d calls, %d cursors followed, %d batches", w.calls, w.followed, w.batches)
}

func callPlan(seed uint64) []byte {
	r := rand.New(rand.NewPCG(seed, 5))
	plan := make([]byte, 400)
	for i := range plan {
		plan[i] = byte(r.Uint32())
	}
	return plan
}

// methods are those of the real server.
var methods = []string{"getHealth", "getNetwork", "getVersionInfo", "getLatestLedger", "getLedgers", "getLedgerEntries", "getTransaction", "getTransactions",
	"getEvents", "getFeeStats", "simulateTransaction", "sendTransaction"}

// noParams are those that look at none, and so refuse none that are an object.
var noParams = map[string]bool{"getHealth": true, "getNetwork": true, "getVersionInfo": true, "getLatestLedger": true, "getFeeStats": true}

// call is one that is asked.
type call struct {
	text   string
	id     string // as it stands in the text; empty for none
	method string
	fields map[string]string // of the parameters, where they are well made: JSON by name
}

// deck turns bytes into decisions. When they are used up, every decision is the first one.
type deck struct {
	left []byte
	w    *asked
}

func (d *deck) byte() byte {
	if len(d.left) == 0 {
		return 0
	}
	b := d.left[0]
	d.left = d.left[1:]
	return b
}

func (d *deck) of(n int) int { return int(d.byte()) % n }

func (d *deck) one(from ...string) string { return from[d.of(len(from))] }

// mostly is what should be asked for seven times in eight, or else what should not.
func (d *deck) mostly(good string, other ...string) string {
	if d.rarely(8) {
		return d.one(other...)
	}
	return good
}

// rarely is one time in n, and not when the bytes are used up.
func (d *deck) rarely(n int) bool { return d.of(n) == n-1 }

// wild is JSON that somebody may send in place of any other.
func (d *deck) wild() string {
	return d.one(`null`, `true`, `0`, `-1`, `0.5`, `1e400`, `18446744073709551616`, `4294967296`, `9223372036854775807`, `-9223372036854775808`, `""`, `"\u0000"`, `"\ud800"`,
		`[]`, `{}`, `[[[[]]]]`, `{"a":{"a":{}}}`, `"`+strings.Repeat("9", 400)+`"`, strings.Repeat("9", 400), strings.Repeat("[", 200)+strings.Repeat("]", 200))
}

func quoted(s string) string {
	text, _ := json.Marshal(s) // a string always encodes
	return string(text)
}

// ledger is a number of one: those there are, their neighbours, and the ends of types.
func (d *deck) ledger() string {
	return d.mostly(strconv.Itoa(2+d.of(int(d.w.last)-1)), strconv.Itoa(int(d.w.last)+1), "0", "1", "2147483647", "2147483648", "4294967295")
}

func (d *deck) limit() string {
	return d.mostly(d.one("1", "2", "3", "5", "50", "200"), "201", "10000", "10001", "0", "4294967295", "18446744073709551615")
}

func (d *deck) hash() string {
	there := d.w.hashes[d.of(len(d.w.hashes))]
	return quoted(d.one(there, there, there, strings.Repeat("0", 64), strings.ToUpper(there), there[1:], strings.Repeat("g", 64), ""))
}

func (d *deck) format() string {
	return d.mostly(d.one(`"base64"`, `""`), `"json"`, `"yaml"`, `"BASE64"`)
}

// toid is a place in the ledgers as a number.
func (d *deck) toid() string {
	at := uint64(d.of(14))<<32 | uint64(d.of(4))<<12 | uint64(d.of(3))
	return d.mostly(strconv.FormatUint(at, 10), "0", "-1", "9223372036854775807", "9223372036854775808", "4294967295", "0x10", " 1", "1_0")
}

func (d *deck) topic() string {
	v := xdr.ScSymbol(d.one("transfer", "mint", "fee", "", "none"))
	text, err := xdr.MarshalBase64(xdr.ScVal{Type: xdr.ScValTypeScvSymbol, Sym: &v})
	if err != nil {
		panic(err) // a symbol always encodes
	}
	if d.rarely(30) {
		return quoted(d.one("***", "", "AAAA", text[:len(text)-4]))
	}
	return quoted(d.one(text, "*"))
}

// topics are those of one filter: up to four, and any behind them.
func (d *deck) topics() string {
	list := []string{d.topic()}
	for range d.of(4) {
		list = append(list, d.topic())
	}
	if d.of(2) == 1 {
		list = append(list, `"**"`)
	}
	return "[" + strings.Join(list, ",") + "]"
}

// list is up to most of what item gives.
func (d *deck) list(most int, item func() string) string {
	var items []string
	for range d.of(most + 1) {
		items = append(items, item())
	}
	return "[" + strings.Join(items, ",") + "]"
}

func (d *deck) filter() string {
	return d.object(map[string]func() string{
		"type": func() string {
			return d.mostly(d.one(`"contract"`, `""`, `"contract,system"`), `"system"`, `"diagnostic"`, `"contract,"`)
		},
		"contractIds": func() string {
			return d.list(3, func() string {
				return quoted(d.mostly(d.one(d.w.contracts...), strings.ToLower(d.w.contracts[0]), "", d.w.contracts[0][:55]))
			})
		},
		"topics": func() string { return d.list(3, d.topics) },
	}, "type", "contractIds", "topics")
}

func (d *deck) key() string {
	return quoted(d.mostly(d.w.keys[d.of(len(d.w.keys))], base64.StdEncoding.EncodeToString(d.some(40)), "AAAACAAAAAA=", "AAAA", "", "AAAACQAAAAA=", "====", strings.Repeat("A", 30_000)))
}

func (d *deck) some(n int) []byte {
	raw := make([]byte, d.of(n))
	for i := range raw {
		raw[i] = d.byte()
	}
	return raw
}

// envelope is a transaction: one there was, with a byte changed or not, or what is none.
func (d *deck) envelope() string {
	raw, err := base64.StdEncoding.DecodeString(d.w.envelopes[d.of(len(d.w.envelopes))])
	if err != nil {
		panic(err) // the server encoded it
	}
	switch d.of(4) {
	case 1:
		raw[(int(d.byte())<<8|int(d.byte()))%len(raw)] ^= 1 << d.of(8)
	case 2:
		raw = raw[:len(raw)-d.of(len(raw))%256]
	case 3:
		return quoted(d.one("", "AAAA", strings.Repeat("AAAA", 50_000), base64.StdEncoding.EncodeToString(d.some(200))))
	}
	return quoted(base64.StdEncoding.EncodeToString(raw))
}

// object writes the fields named, each by its maker; now and then one is missing, wild, misspelled or there twice.
func (d *deck) object(makers map[string]func() string, names ...string) string {
	text, _ := d.fields(makers, names...)
	return text
}

func (d *deck) fields(makers map[string]func() string, names ...string) (text string, made map[string]string) {
	var list []string
	made = map[string]string{}
	for _, name := range names {
		if d.of(3) == 1 {
			continue
		}
		value := makers[name]()
		written := name
		switch {
		case d.rarely(24):
			value = d.wild()
		case d.rarely(60):
			written = strings.ToUpper(name)
		case d.rarely(60):
			list = append(list, quoted(written)+":"+d.wild())
		}
		made[name] = value
		list = append(list, quoted(written)+":"+value)
	}
	if d.rarely(30) {
		list = append(list, `"more":`+d.wild())
	}
	return "{" + strings.Join(list, ",") + "}", made
}

// params are those of a method, and its fields one by one.
func (d *deck) params(method string) (string, map[string]string) {
	page := func(cursor func() string) func() string {
		return func() string {
			return d.object(map[string]func() string{"cursor": cursor, "limit": d.limit}, "cursor", "limit")
		}
	}
	switch method {
	case "getLedgers":
		return d.fields(map[string]func() string{"startLedger": d.ledger, "xdrFormat": d.format, "pagination": page(func() string { return quoted(d.ledger()) })},
			"startLedger", "pagination", "xdrFormat")
	case "getLedgerEntries":
		return d.fields(map[string]func() string{"keys": func() string { return d.list(3, d.key) }, "xdrFormat": d.format}, "keys", "xdrFormat")
	case "getTransaction":
		return d.fields(map[string]func() string{"hash": d.hash, "xdrFormat": d.format}, "hash", "xdrFormat")
	case "getTransactions":
		return d.fields(map[string]func() string{"startLedger": d.ledger, "xdrFormat": d.format, "pagination": page(func() string { return quoted(d.toid()) })},
			"startLedger", "pagination", "xdrFormat")
	case "getEvents":
		cursor := func() string {
			return quoted(d.toid() + d.mostly("-", "", "--") + d.mostly("0000000000", "1", "4294967295", "4294967296", "-1", ""))
		}
		return d.fields(map[string]func() string{"startLedger": d.ledger, "endLedger": d.ledger, "filters": func() string { return d.list(3, d.filter) },
			"pagination": page(cursor), "xdrFormat": d.format}, "startLedger", "endLedger", "filters", "pagination", "xdrFormat")
	case "simulateTransaction":
		return d.fields(map[string]func() string{"transaction": d.envelope, "authMode": func() string { return d.one(`""`, `"record"`, `"enforce"`, `"record_allow_nonroot"`, `"none"`) },
			"resourceConfig": func() string { return `{"instructionLeeway":` + d.limit() + `}` }, "xdrFormat": d.format}, "transaction", "authMode", "resourceConfig", "xdrFormat")
	case "sendTransaction":
		return d.fields(map[string]func() string{"transaction": d.envelope, "xdrFormat": d.format}, "transaction", "xdrFormat")
	}
	return d.one("{}", "null", "", `{"more":1}`), nil
}

// call is one with this number for its id, which tells its answer from others.
func (d *deck) call(number int) call {
	c := call{method: methods[d.of(len(methods))], id: strconv.Itoa(number)}
	if d.rarely(16) {
		c.id = ""
	} else if d.rarely(8) {
		c.id = quoted(fmt.Sprint("n", number))
	}
	params, fields := d.params(c.method)
	c.fields = fields
	if d.rarely(30) {
		params, c.fields = d.wild(), nil
	}
	name := c.method
	if d.rarely(40) {
		name, c.method, c.fields = d.one("", "GETHEALTH", "getMoney", "rpc.serverInfo", "\x00"), "", nil
	}
	version := `"2.0"`
	if d.rarely(60) {
		version, c.method, c.fields = d.one(`"1.0"`, `2.0`, `null`, `""`), "", nil
	}
	list := []string{`"jsonrpc":` + version, `"method":` + quoted(name)}
	if c.id != "" {
		list = append(list, `"id":`+c.id)
	}
	if params != "" {
		list = append(list, `"params":`+params)
	}
	c.text = "{" + strings.Join(list, ",") + "}"
	return c
}
