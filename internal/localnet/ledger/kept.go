package ledger

import (
	"bytes"
	"fmt"

	"github.com/stellar/go-stellar-sdk/xdr"
)

// kept is an event in memory, in XDR: as the SDK's trees all events of a network took ten times as much, and the collector went through each of them again
// and again.
type kept struct {
	at         EventPlace
	closeTime  int64
	tx         xdr.Hash
	contract   xdr.ContractId
	successful bool
	anyone     bool // of no contract
	raw        []byte
}

// keep makes events small. Those of a ledger are in one piece of memory.
func keep(events []Event) []kept {
	all, ends := make([]kept, len(events)), make([]int, len(events))
	var b bytes.Buffer
	for i := range events {
		e := &events[i]
		k := kept{at: e.At, closeTime: e.CloseTime, tx: e.Tx, successful: e.Successful, anyone: e.Event.ContractId == nil}
		if !k.anyone {
			k.contract = *e.Event.ContractId
		}
		if _, err := xdr.Marshal(&b, &e.Event); err != nil {
			panic(fmt.Sprintf("event of ledger %d: %v", e.At.Ledger, err)) // it was decoded from, or is on its way into, the same form
		}
		all[i], ends[i] = k, b.Len()
	}
	raw, begin := bytes.Clone(b.Bytes()), 0
	for i, end := range ends {
		all[i].raw, begin = raw[begin:end:end], end
	}
	return all
}

// from is the contract that the event is of, nil for none.
func (k *kept) from() *xdr.ContractId {
	if k.anyone {
		return nil
	}
	return &k.contract
}

func (k *kept) event() (Event, error) {
	e := Event{At: k.at, CloseTime: k.closeTime, Tx: k.tx, Successful: k.successful}
	if err := xdr.SafeUnmarshal(k.raw, &e.Event); err != nil {
		return e, fmt.Errorf("read an event of ledger %d: %w", k.at.Ledger, err)
	}
	return e, nil
}
