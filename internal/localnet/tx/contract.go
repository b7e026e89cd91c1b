package tx

import (
	"context"
	"errors"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/localnet/host"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/ledger"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/scval"
)

// runContract runs the operation on changes of its own, which are in d only if it succeeds.
func (a *application) runContract(ctx context.Context, d *ledger.Delta, op *operation) (opCode, error) {
	c := &contractCall{application: a, op: op, back: d.Nested(), data: a.f.Data()}
	c.d = c.back.Nested()
	var code opCode
	var err error
	switch op.Body.Type {
	case xdr.OperationTypeInvokeHostFunction:
		code, err = c.invoke(ctx)
		c.metrics(code.ok())
	case xdr.OperationTypeExtendFootprintTtl:
		code, err = c.extend(ctx, op.Body.ExtendFootprintTtlOp)
	case xdr.OperationTypeRestoreFootprint:
		code, err = c.restore(ctx)
	}
	if err != nil || !code.ok() {
		return code, err
	}
	a.meta.Operations = []xdr.OperationMetaV2{{Changes: c.changes(), Events: c.events}}
	c.d.Commit()
	c.back.Commit()
	return code, nil
}

// contractCall is one operation on contract entries.
type contractCall struct {
	*application
	op       *operation
	back     *ledger.Delta // brings back to the live state what the operation restores
	d        *ledger.Delta // on top of that
	data     xdr.SorobanTransactionData
	restored map[ledger.Key]restored
	events   []xdr.ContractEvent
	used     usage
}

// usage is what an operation took of its declared resources. Code is contract code, data every other entry.
type usage struct {
	readEntries, writeEntries uint64
	readBytes, writeBytes     uint64 // from and to disk
	readKeys                  uint64 // bytes
	readData, readCode        uint64
	writeData, writeCode      uint64
	events, eventBytes        uint64
	instructions, memory      uint64
	maxKey, maxData, maxCode  uint64
	maxEvent                  uint64
}

// fromDisk counts an entry that is read from disk.
func (u *usage) fromDisk(k xdr.LedgerKey, size uint64) {
	key := uint64(len(encode(k)))
	u.readKeys += key
	u.readBytes += size
	u.maxKey = max(u.maxKey, key)
	if k.Type == xdr.LedgerEntryTypeContractCode {
		u.readCode, u.maxCode = u.readCode+size, max(u.maxCode, size)
	} else {
		u.readData, u.maxData = u.readData+size, max(u.maxData, size)
	}
}

// toDisk counts an entry that is written.
func (u *usage) toDisk(k xdr.LedgerKey, size uint64) {
	u.writeEntries++
	u.writeBytes += size
	u.maxKey = max(u.maxKey, uint64(len(encode(k))))
	if k.Type == xdr.LedgerEntryTypeContractCode {
		u.writeCode, u.maxCode = u.writeCode+size, max(u.maxCode, size)
	} else {
		u.writeData, u.maxData = u.writeData+size, max(u.maxData, size)
	}
}

// metrics tells the usage as a real node does, in its order. write_key_byte is always 0 there. Its invoke_time_nsecs is missing here: it is
// a time of the machine, and the same transactions make the same ledgers on this network.
func (c *contractCall) metrics(ok bool) {
	u := c.used
	for _, m := range []struct {
		name string
		n    uint64
	}{
		{"read_entry", u.readEntries}, {"write_entry", u.writeEntries}, {"ledger_read_byte", u.readBytes},
		{"ledger_write_byte", u.writeBytes}, {"read_key_byte", u.readKeys}, {"write_key_byte", 0},
		{"read_data_byte", u.readData}, {"write_data_byte", u.writeData}, {"read_code_byte", u.readCode}, {"write_code_byte", u.writeCode},
		{"emit_event", u.events}, {"emit_event_byte", u.eventBytes}, {"cpu_insn", u.instructions}, {"mem_byte", u.memory},
		{"max_rw_key_byte", u.maxKey}, {"max_rw_data_byte", u.maxData}, {"max_rw_code_byte", u.maxCode}, {"max_emit_event_byte", u.maxEvent},
	} {
		c.g.metric(ok, m.name, m.n)
	}
}

var (
	trapped        = own(xdr.InvokeHostFunctionResultCodeInvokeHostFunctionTrapped)
	limitExceeded  = own(xdr.InvokeHostFunctionResultCodeInvokeHostFunctionResourceLimitExceeded)
	entryArchived  = own(xdr.InvokeHostFunctionResultCodeInvokeHostFunctionEntryArchived)
	feeNotCovering = own(xdr.InvokeHostFunctionResultCodeInvokeHostFunctionInsufficientRefundableFee)
)

// invoke runs a host function and takes over what it did.
func (c *contractCall) invoke(ctx context.Context) (opCode, error) {
	if code := c.readFootprint(); !code.ok() {
		return code, nil
	}
	fn := c.op.Body.InvokeHostFunctionOp
	res, err := c.l.Host(c.d).Invoke(ctx, host.InvokeRequest{Info: c.l.Info(), Seed: c.seed, Source: c.op.source(),
		Function: fn.HostFunction, Auth: fn.Auth, Data: c.restoring(), Diagnostics: true})
	if refused := (*host.Refused)(nil); errors.As(err, &refused) {
		// What the host cannot even read fails on a real node before the contract starts.
		c.g.fault(xdr.ScErrorTypeSceValue, xdr.ScErrorCodeScecInvalidInput, refused.Reason)
		return trapped, nil
	}
	if err != nil {
		return opCode{}, err
	}
	c.g.list = append(c.g.list, res.Diagnostics...)
	c.used.instructions, c.used.memory = res.Instructions, res.MemoryBytes
	if res.Failure != nil {
		// A node says so behind the host's own events (stellar-core, run_invoke_and_build_output).
		c.g.push(false, xdr.ScVal{Type: xdr.ScValTypeScvVoid}, scval.Symbol("host_fn_failed"), xdr.ScVal{Type: xdr.ScValTypeScvError, Error: &res.Failure.Error})
		return c.failed(res), nil
	}
	if code := c.write(res.Changes); !code.ok() {
		return code, nil
	}
	if code := c.emit(res); !code.ok() {
		return code, nil
	}
	if ok, err := c.charge(ctx, res.RentFee); !ok || err != nil {
		return feeNotCovering, err
	}
	c.events, c.returned = res.Events, res.Value
	result := opResult(c.op.Body.Type, opCode{})
	*result.Tr.InvokeHostFunctionResult.Success = hashOf(&xdr.InvokeHostFunctionSuccessPreImage{ReturnValue: *res.Value, Events: res.Events})
	c.o.ops[0] = result
	return opCode{}, nil
}

// restoring is what is declared, with those entries alone as archived that are: who has restored one meanwhile pays no rent for it again.
func (c *contractCall) restoring() xdr.SorobanTransactionData {
	data := c.data
	var still []xdr.Uint32
	for _, i := range archivedIndices(data) {
		if _, ok := c.restored[ledger.KeyOf(data.Resources.Footprint.ReadWrite[i])]; ok {
			still = append(still, i)
		}
	}
	data.Ext = xdr.SorobanTransactionDataExt{V: 1, ResourceExt: &xdr.SorobanResourcesExtV0{ArchivedSorobanEntries: still}}
	return data
}

func (c *contractCall) failed(res host.InvokeResult) opCode {
	declared := uint64(c.data.Resources.Instructions)
	switch {
	case res.Instructions > declared:
		c.g.exceeded(xdr.ScErrorTypeSceBudget, "operation instructions exceeds amount specified", res.Instructions, declared)
		return limitExceeded
	case res.MemoryBytes > c.l.Limits.TxMemoryBytes:
		c.g.exceeded(xdr.ScErrorTypeSceBudget, "operation memory usage exceeds network config limit", res.MemoryBytes, c.l.Limits.TxMemoryBytes)
		return limitExceeded
	}
	return trapped
}

// readFootprint counts what is read from disk, and sees to it that what is archived is to be restored.
func (c *contractCall) readFootprint() opCode {
	listed := map[int]bool{}
	for _, i := range archivedIndices(c.data) {
		listed[int(i)] = true
	}
	fp := c.data.Resources.Footprint
	for _, k := range fp.ReadOnly {
		if code := c.read(k, false); !code.ok() {
			return code
		}
	}
	for i, k := range fp.ReadWrite {
		if code := c.read(k, listed[i]); !code.ok() {
			return code
		}
	}
	return opCode{}
}

func (c *contractCall) read(lk xdr.LedgerKey, restore bool) opCode {
	k := ledger.KeyOf(lk)
	entry, until, exists := ledger.Find(c.d, k)
	c.used.readEntries++
	if !contractEntry(lk) {
		return c.fromDisk(lk, len(entry))
	}
	switch {
	case !exists, until >= c.l.sequence():
		return c.sized(lk, len(entry))
	case k.Temporary():
		return opCode{} // gone, only not yet taken away
	case !restore:
		c.g.fault(xdr.ScErrorTypeSceValue, xdr.ScErrorCodeScecInvalidInput, archivedText(lk), archivedArgs(lk)...)
		return entryArchived
	}
	c.note(k, entry)
	return c.fromDisk(lk, len(entry))
}

func archivedText(k xdr.LedgerKey) string {
	if k.Type == xdr.LedgerEntryTypeContractCode {
		return "trying to access an archived contract code entry"
	}
	return "trying to access an archived contract data entry"
}

func archivedArgs(k xdr.LedgerKey) []xdr.ScVal {
	if k.Type == xdr.LedgerEntryTypeContractCode {
		return []xdr.ScVal{scval.Bytes(k.ContractCode.Hash[:])}
	}
	return []xdr.ScVal{scval.Address(k.ContractData.Contract), k.ContractData.Key}
}

func (c *contractCall) fromDisk(lk xdr.LedgerKey, size int) opCode {
	if code := c.sized(lk, size); !code.ok() {
		return code
	}
	c.used.fromDisk(lk, uint64(size))
	if declared := uint64(c.data.Resources.DiskReadBytes); c.used.readBytes > declared {
		c.g.exceeded(xdr.ScErrorTypeSceBudget, "operation byte-read resources exceeds amount specified", c.used.readBytes, declared)
		return limitExceeded
	}
	return opCode{}
}

// sized refuses contract entries above the network's sizes.
func (c *contractCall) sized(lk xdr.LedgerKey, size int) opCode {
	switch {
	case lk.Type == xdr.LedgerEntryTypeContractCode && size > int(c.l.Limits.ContractBytes):
		c.g.exceeded(xdr.ScErrorTypeSceBudget, "Wasm size exceeds network config maximum contract size", uint64(size), uint64(c.l.Limits.ContractBytes))
	case lk.Type == xdr.LedgerEntryTypeContractData && size > c.l.Limits.DataEntryBytes:
		c.g.exceeded(xdr.ScErrorTypeSceBudget, "ContractData size exceeds network config maximum size", uint64(size), uint64(c.l.Limits.DataEntryBytes))
	default:
		return opCode{}
	}
	return limitExceeded
}

// write takes over the changes, within the declared bytes.
func (c *contractCall) write(changes []host.Change) opCode {
	for _, ch := range changes {
		k := ledger.Key(ch.KeyXDR)
		if ch.Entry != nil {
			size := len(encode(ch.Entry))
			if code := c.sized(ch.Key, size); !code.ok() {
				return code
			}
			c.used.toDisk(ch.Key, uint64(size))
			if declared := uint64(c.data.Resources.WriteBytes); c.used.writeBytes > declared {
				c.g.exceeded(xdr.ScErrorTypeSceBudget, "operation byte-write resources exceeds amount specified", c.used.writeBytes, declared)
				return limitExceeded
			}
			c.d.Put(ch.Entry)
		}
		if ch.Removed() {
			c.d.Remove(k)
			continue
		}
		if ch.TTL == nil {
			continue
		}
		if until, ok := ledger.LiveUntil(c.d, k); !ok || until != ch.TTL.After || c.restored[k].out {
			c.d.SetLiveUntil(k, ch.TTL.After)
		}
	}
	return opCode{}
}

// emit counts the events and the returned value against the network's limit.
func (c *contractCall) emit(res host.InvokeResult) opCode {
	limit := uint64(c.l.Limits.TxEventBytes)
	for _, e := range res.Events {
		size := uint64(len(encode(e)))
		c.used.events++
		c.used.eventBytes += size
		c.used.maxEvent = max(c.used.maxEvent, size)
		if c.used.eventBytes > limit {
			c.g.exceeded(xdr.ScErrorTypeSceBudget, "total events size exceeds network config maximum", c.used.eventBytes, limit)
			return limitExceeded
		}
	}
	if c.used.eventBytes += uint64(len(encode(res.Value))); c.used.eventBytes > limit {
		c.g.exceeded(xdr.ScErrorTypeSceBudget, "return value pushes events size above network config maximum", c.used.eventBytes, limit)
		return limitExceeded
	}
	return opCode{}
}

// charge takes rent and events out of the refundable fee. It answers false when that is not enough.
func (c *contractCall) charge(ctx context.Context, rent int64) (bool, error) {
	if rent > c.bill.most {
		c.g.exceeded(xdr.ScErrorTypeSceBudget, "refundable resource fee was not sufficient to cover the ledger storage rent: {} > {}", uint64(rent), uint64(max(c.bill.most, 0)))
		return false, nil
	}
	_, events, err := c.l.resourceFee(ctx, c.d, c.f, uint32(c.used.eventBytes))
	if err != nil {
		return false, err
	}
	if rent+events > c.bill.most {
		c.g.exceeded(xdr.ScErrorTypeSceBudget, "refundable resource fee was not sufficient to cover the events fee after paying for ledger storage rent: {} > {}", uint64(events), uint64(c.bill.most-rent))
		return false, nil
	}
	c.bill.rent, c.bill.consumed = rent, rent+events
	return true, nil
}
