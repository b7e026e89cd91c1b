package indexer

import (
	"encoding/hex"
	"encoding/json"
	"fmt"

	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/feed"
)

// note is what the feed says of an event: its fields, or why it had no effect.
func (f fact) note(unread error) (n feed.Note, err error) {
	n = feed.Note{
		Kind: f.raw.Kind, Contract: f.raw.Contract, Event: string(f.raw.ID), Ledger: f.raw.ID.Ledger(), ClosedAt: int64(f.raw.ClosedAt), Tx: hex.EncodeToString(f.raw.Tx[:]),
	}
	if unread != nil {
		n.Kind = feed.KindUnread
		n.Data, err = json.Marshal(map[string]string{"kind": f.raw.Kind, "why": unread.Error()})
	} else {
		n.Data, err = json.Marshal(f.event.Event)
	}
	if err != nil {
		return n, fmt.Errorf("describe %s: %w", f.raw.Kind, err)
	}
	if f.raw.Trade != nil {
		n.Trade = escrow.ID(*f.raw.Trade).String()
	}
	return n, nil
}
