package rpc

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"

	protocol "github.com/stellar/go-stellar-sdk/protocols/rpc"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/localnet/host"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/node"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/tx"
)

// simulateTransaction answers what is wrong with a transaction in the Error field, as the real server does.
func (s *Server) simulateTransaction(ctx context.Context, q protocol.SimulateTransactionRequest) (protocol.SimulateTransactionResponse, error) {
	call, err := s.simulatedCall(q)
	if err != nil {
		return protocol.SimulateTransactionResponse{Error: err.Error()}, nil
	}
	var res protocol.SimulateTransactionResponse
	err = s.net.Simulate(ctx, func(sim node.Simulation) error {
		var err error
		switch call.op.Body.Type {
		case xdr.OperationTypeInvokeHostFunction:
			res, err = s.simulateInvoke(ctx, sim, call)
		case xdr.OperationTypeExtendFootprintTtl:
			res, err = simulateExtend(ctx, sim, call)
		default:
			res, err = simulateRestore(ctx, sim, call)
		}
		res.LatestLedger = sim.Last.Sequence()
		return err
	})
	var refused *host.Refused
	var trap *host.Trap
	switch {
	case errors.As(err, &refused):
		res.Error = refused.Reason
	case errors.As(err, &trap) && ctx.Err() == nil:
		res.Error = trap.Error()
	case err != nil:
		return res, err
	}
	return res, nil
}

// simulated is a call whose request has been checked.
type simulated struct {
	q      protocol.SimulateTransactionRequest
	frame  *tx.Frame
	op     xdr.Operation
	source xdr.AccountId
	auth   host.AuthMode
}

func (s *Server) simulatedCall(q protocol.SimulateTransactionRequest) (c simulated, err error) {
	if err := checkFormat(q.Format); err != nil {
		return c, err
	}
	f, err := tx.ParseBase64(q.Transaction, s.net.Passphrase())
	if err != nil {
		return c, errors.New("Could not unmarshal transaction") //lint:ignore ST1005 the real server's text
	}
	ops := f.Operations()
	if len(ops) != 1 {
		return c, errors.New("Transaction contains more than one operation") //lint:ignore ST1005 the real server's text
	}
	if f.Envelope.Memo().Type != xdr.MemoTypeMemoNone {
		return c, errors.New("Transaction contains a memo. Soroban transactions do not support memos.") //lint:ignore ST1005 the real server's text
	}
	c = simulated{q: q, frame: f, op: ops[0], source: f.Source()}
	if c.op.SourceAccount != nil {
		c.source = c.op.SourceAccount.ToAccountId()
	}
	if !authModes[q.AuthMode] {
		return c, fmt.Errorf("optional 'authMode' must be one of %s when included",
			strings.Join([]string{protocol.AuthModeEnforce, protocol.AuthModeRecord, protocol.AuthModeRecordAllowNonroot}, ","))
	}
	switch c.op.Body.Type {
	case xdr.OperationTypeInvokeHostFunction:
		c.auth, err = authMode(q.AuthMode, len(c.op.Body.InvokeHostFunctionOp.Auth) > 0)
	case xdr.OperationTypeExtendFootprintTtl, xdr.OperationTypeRestoreFootprint:
		switch {
		case q.AuthMode != "":
			err = errors.New("cannot set authMode with non-InvokeHostFunction operations")
		case !f.HasData():
			//lint:ignore ST1005 the real server's text
			err = errors.New("To perform a SimulateTransaction for ExtendFootprintTtl or RestoreFootprint operations, SorobanTransactionData must be provided")
		}
	default:
		err = fmt.Errorf("transaction contains unsupported operation type: %s", c.op.Body.Type)
	}
	return c, err
}

var authModes = map[string]bool{"": true, protocol.AuthModeEnforce: true, protocol.AuthModeRecord: true, protocol.AuthModeRecordAllowNonroot: true}

// authMode reads the mode: without one, given entries are enforced and missing ones recorded.
func authMode(mode string, hasAuth bool) (host.AuthMode, error) {
	switch mode {
	case "":
		if hasAuth {
			return host.EnforceAuth, nil
		}
		return host.RecordAuth, nil
	case protocol.AuthModeEnforce:
		return host.EnforceAuth, nil
	case protocol.AuthModeRecord, protocol.AuthModeRecordAllowNonroot:
		if hasAuth {
			return 0, fmt.Errorf("cannot set authMode to '%s' with an auth footprint", mode)
		}
		if mode == protocol.AuthModeRecord {
			return host.RecordAuth, nil
		}
		return host.RecordAuthNonRoot, nil
	}
	return 0, fmt.Errorf("authMode %q is none that is known", mode)
}

func (s *Server) simulateInvoke(ctx context.Context, sim node.Simulation, c simulated) (res protocol.SimulateTransactionResponse, err error) {
	seed, err := s.net.Seed()
	if err != nil {
		return res, err
	}
	var leeway uint64
	if c.q.ResourceConfig != nil {
		if leeway = c.q.ResourceConfig.InstructionLeeway; leeway > math.MaxUint32 {
			return res, &host.Refused{Reason: "out of range integral type conversion attempted"}
		}
	}
	op := c.op.Body.InvokeHostFunctionOp
	//lint:ignore SA1019 marked as transitional, and asked for by clients of today
	upgraded := c.q.UseUpgradedAuth
	out, err := sim.Host.Simulate(ctx, host.SimulateRequest{Info: sim.Info, Seed: seed, Source: c.source, Function: op.HostFunction,
		AuthMode: c.auth, Auth: op.Auth, InstructionLeeway: uint32(leeway), Diagnostics: true, AddressV2: upgraded})
	if err != nil {
		return res, err
	}
	if res.EventsXDR, err = base64List(out.Diagnostics); err != nil {
		return res, err
	}
	if out.Failure != nil {
		res.Error = failureText(out.Failure, out.Diagnostics)
		return res, nil
	}
	if res.StateChanges, err = stateChanges(out.Modified); err != nil {
		return res, err
	}
	value, err := xdr.MarshalBase64(*out.Value)
	if err != nil {
		return res, err
	}
	auth, err := base64List(out.Auth)
	if auth == nil {
		auth = []string{}
	}
	res.Results = []protocol.SimulateHostFunctionResult{{AuthXDR: &auth, ReturnValueXDR: &value}}
	return withData(res, *out.Data), err
}

func withData(res protocol.SimulateTransactionResponse, data xdr.SorobanTransactionData) protocol.SimulateTransactionResponse {
	text, err := xdr.MarshalBase64(data)
	if err != nil {
		res.Error = err.Error()
		return res
	}
	res.TransactionDataXDR, res.MinResourceFee = text, int64(data.ResourceFee)
	return res
}

func stateChanges(list []host.Modified) ([]protocol.LedgerEntryChange, error) {
	changes := []protocol.LedgerEntryChange{}
	for _, m := range list {
		c := protocol.LedgerEntryChange{Type: protocol.LedgerEntryChangeTypeUpdated}
		some := m.After
		switch {
		case m.Before == nil && m.After == nil:
			continue
		case m.Before == nil:
			c.Type = protocol.LedgerEntryChangeTypeCreated
		case m.After == nil:
			c.Type, some = protocol.LedgerEntryChangeTypeDeleted, m.Before
		}
		lk, err := some.LedgerKey()
		if err != nil {
			return nil, fmt.Errorf("the key of a changed entry: %w", err)
		}
		if c.KeyXDR, err = xdr.MarshalBase64(lk); err != nil {
			return nil, err
		}
		for _, side := range []struct {
			entry *xdr.LedgerEntry
			text  **string
		}{{m.Before, &c.BeforeXDR}, {m.After, &c.AfterXDR}} {
			if side.entry == nil {
				continue
			}
			text, err := xdr.MarshalBase64(*side.entry)
			if err != nil {
				return nil, err
			}
			*side.text = &text
		}
		changes = append(changes, c)
	}
	return changes, nil
}

// simulateExtend tells what to declare for all of the keys, archived ones as if they were restored; those the preamble restores, in a
// transaction that has to come first.
func simulateExtend(ctx context.Context, sim node.Simulation, c simulated) (res protocol.SimulateTransactionResponse, err error) {
	var data xdr.SorobanTransactionData
	archived, err := sim.AsRestored(func() (err error) {
		data, err = sim.Host.SimulateExtend(ctx, sim.Info, c.frame.Data().Resources.Footprint.ReadOnly, uint32(c.op.Body.ExtendFootprintTtlOp.ExtendTo))
		return err
	})
	if err != nil {
		return res, err
	}
	if len(archived) > 0 {
		first, err := sim.Host.SimulateRestore(ctx, sim.Info, archived)
		if err != nil {
			return res, err
		}
		text, err := xdr.MarshalBase64(first)
		if err != nil {
			return res, err
		}
		res.RestorePreamble = &protocol.RestorePreamble{TransactionDataXDR: text, MinResourceFee: int64(first.ResourceFee)}
	}
	return withData(res, data), nil
}

func simulateRestore(ctx context.Context, sim node.Simulation, c simulated) (res protocol.SimulateTransactionResponse, err error) {
	data, err := sim.Host.SimulateRestore(ctx, sim.Info, c.frame.Data().Resources.Footprint.ReadWrite)
	if err != nil {
		return res, err
	}
	return withData(res, data), nil
}
