package tx

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/localnet/host"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/ledger"
)

// restored is an archived entry that the operation brings back.
type restored struct {
	entry []byte // as it was
	until uint32 // the lifetime that restoring gives
	out   bool   // of the live state, where it is again now
}

// note remembers that an entry is restored, and brings it back to the live state if it is not there.
func (c *contractCall) note(k ledger.Key, entry []byte) {
	if c.restored == nil {
		c.restored = map[ledger.Key]restored{}
	}
	_, live := c.d.Get(k)
	c.restored[k] = restored{entry, c.restoredUntil(), !live}
	if !live {
		c.back.Unarchive(k, c.restoredUntil())
	}
}

// restoredUntil is the lifetime of an entry that is restored now: the least one of a new persistent entry, this ledger included.
func (c *contractCall) restoredUntil() uint32 {
	return c.l.sequence() + c.l.Limits.MinPersistentTTL - 1
}

// extend lengthens the lifetimes of the read-only footprint to extendTo ledgers from now. What does not exist, is archived or lives
// longer is passed over.
func (c *contractCall) extend(ctx context.Context, op *xdr.ExtendFootprintTtlOp) (opCode, error) {
	until := c.l.sequence() + uint32(op.ExtendTo)
	var rents []host.RentChange
	for _, lk := range c.data.Resources.Footprint.ReadOnly {
		k := ledger.KeyOf(lk)
		now, ok := ledger.LiveUntil(c.d, k)
		if !ok || now < c.l.sequence() || now >= until {
			continue
		}
		entry, _ := c.d.Get(k)
		if code := c.sized(lk, len(entry)); !code.ok() {
			return own(xdr.ExtendFootprintTtlResultCodeExtendFootprintTtlResourceLimitExceeded), nil
		}
		rents = append(rents, host.RentChange{EntryXDR: entry, Before: now, After: until})
		c.d.SetLiveUntil(k, until)
	}
	ok, err := c.chargeRent(ctx, rents)
	if err == nil && !ok {
		return own(xdr.ExtendFootprintTtlResultCodeExtendFootprintTtlInsufficientRefundableFee), nil
	}
	return opCode{}, err
}

// restore brings the archived entries of the read-write footprint back.
func (c *contractCall) restore(ctx context.Context) (opCode, error) {
	exceeded := own(xdr.RestoreFootprintResultCodeRestoreFootprintResourceLimitExceeded)
	until := c.restoredUntil()
	var rents []host.RentChange
	for _, lk := range c.data.Resources.Footprint.ReadWrite {
		k := ledger.KeyOf(lk)
		entry, now, ok := ledger.Find(c.d, k)
		if !ok || now >= c.l.sequence() {
			continue
		}
		if code := c.fromDisk(lk, len(entry)); !code.ok() {
			return exceeded, nil
		}
		c.used.writeBytes += uint64(len(entry))
		if declared := uint64(c.data.Resources.WriteBytes); c.used.writeBytes > declared {
			c.g.exceeded(xdr.ScErrorTypeSceBudget, "operation byte-write resources exceeds amount specified", c.used.writeBytes, declared)
			return exceeded, nil
		}
		rents = append(rents, host.RentChange{EntryXDR: entry, After: until})
		c.note(k, entry)
		if c.restored[k].out {
			c.d.Put(ledger.Decode(entry))
		}
		c.d.SetLiveUntil(k, until)
	}
	ok, err := c.chargeRent(ctx, rents)
	if err == nil && !ok {
		return own(xdr.RestoreFootprintResultCodeRestoreFootprintInsufficientRefundableFee), nil
	}
	return opCode{}, err
}

func (c *contractCall) chargeRent(ctx context.Context, rents []host.RentChange) (bool, error) {
	var rent int64
	if len(rents) > 0 {
		var err error
		if rent, err = c.l.Host(c.d).RentFee(ctx, c.l.sequence(), rents); err != nil {
			return false, err
		}
	}
	return c.charge(ctx, rent)
}

// changes lists what the operation did. What was archived and is written again shows as restored (CAP-66), then as updated if it
// also changed.
func (c *contractCall) changes() xdr.LedgerEntryChanges {
	list := c.d.Meta()
	if len(c.restored) == 0 {
		return list
	}
	var out xdr.LedgerEntryChanges
	seen := map[ledger.Key]bool{}
	for i := 0; i < len(list); i++ {
		if list[i].Type != xdr.LedgerEntryChangeTypeLedgerEntryState || i+1 == len(list) {
			out = append(out, list[i])
			continue
		}
		before, after := list[i].State, list[i+1]
		owner, was := c.restoredAs(*before)
		if !was {
			out = append(out, list[i])
			continue
		}
		seen[owner] = true
		if unchanged := after.Updated != nil && c.onlyRestored(owner, *before, *after.Updated); unchanged {
			out = append(out, xdr.LedgerEntryChange{Type: xdr.LedgerEntryChangeTypeLedgerEntryRestored, Restored: after.Updated})
			i++
			continue
		}
		old := *before
		old.LastModifiedLedgerSeq = xdr.Uint32(c.l.sequence())
		out = append(out, xdr.LedgerEntryChange{Type: xdr.LedgerEntryChangeTypeLedgerEntryRestored, Restored: &old})
	}
	if c.op.Body.Type == xdr.OperationTypeRestoreFootprint { // which leaves entries in the live state alone
		for _, k := range slices.SortedFunc(maps.Keys(c.restored), cmp.Compare[ledger.Key]) {
			if c.restored[k].out {
				continue
			}
			out = append(out, xdr.LedgerEntryChange{Type: xdr.LedgerEntryChangeTypeLedgerEntryRestored, Restored: ledger.Decode(c.restored[k].entry)})
		}
	}
	return out
}

// restoredAs returns the key of the restored entry that e is, or is the lifetime of.
func (c *contractCall) restoredAs(e xdr.LedgerEntry) (ledger.Key, bool) {
	lk, err := e.LedgerKey()
	if err != nil {
		return "", false
	}
	k := ledger.KeyOf(lk)
	for r := range c.restored {
		if k == r || k == r.TTLKey() {
			return r, true
		}
	}
	return "", false
}

// onlyRestored tells whether after is what restoring alone gives.
func (c *contractCall) onlyRestored(k ledger.Key, before, after xdr.LedgerEntry) bool {
	if after.Data.Type == xdr.LedgerEntryTypeTtl {
		return uint32(after.Data.Ttl.LiveUntilLedgerSeq) == c.restored[k].until
	}
	return string(encode(before.Data)) == string(encode(after.Data))
}
