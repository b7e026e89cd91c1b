package relayserver

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	protocol "github.com/stellar/go-stellar-sdk/protocols/rpc"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/relay"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

// Config is what a server is made of. All fields but Log are required.
type Config struct {
	// Node is the one to ask now, of one network always; it may be another each time.
	Node         func() *rpc.Client
	Transactions Transactions
	Now          func() time.Time
	Log          *slog.Logger // nil logs nothing
}

// Server is a relay.Relay over the nodes of one network. It is safe for concurrent use. What it submits, Track follows.
type Server struct {
	node         func() *rpc.Client
	transactions Transactions
	now          func() time.Time
	log          *slog.Logger
}

var _ relay.Relay = (*Server)(nil)

// New makes a server; it asks nothing yet.
func New(c Config) *Server {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return &Server{node: c.Node, transactions: c.Transactions, now: c.Now, log: c.Log}
}

// Network implements relay.Relay.
func (s *Server) Network(ctx context.Context) (relay.Network, error) {
	version, err := s.node().CheckNetwork(ctx)
	if err != nil {
		return relay.Network{}, kind(err)
	}
	kept, err := s.node().Range(ctx)
	if err != nil {
		return relay.Network{}, kind(err)
	}
	fees, err := s.node().FeeStats(ctx)
	if err != nil {
		return relay.Network{}, kind(err)
	}
	return relay.Network{
		Passphrase: s.node().Network().Passphrase(), Protocol: version,
		Latest: relay.Ledger(kept.Latest), Oldest: relay.Ledger(kept.Oldest),
		InclusionFee: max(stellar.MinInclusionFee, int64(min(fees.SorobanInclusionFee.P95, maxBid))),
	}, nil
}

// maxBid bounds what is proposed as a bid, in stroops (0.1 XLM): a flooded or lying node must not empty anybody's account.
const maxBid = 1_000_000

// LatestLedger implements relay.Relay.
func (s *Server) LatestLedger(ctx context.Context) (relay.Ledger, error) {
	kept, err := s.node().Range(ctx)
	return relay.Ledger(kept.Latest), kind(err)
}

// Simulate implements relay.Relay.
func (s *Server) Simulate(ctx context.Context, envelope string) (relay.Simulation, error) {
	tx, err := stellar.ParseTransaction(envelope)
	if err != nil {
		return relay.Simulation{}, invalid(err)
	}
	return s.simulate(ctx, tx)
}

// Read implements relay.Relay.
func (s *Server) Read(ctx context.Context, call string) (relay.Reading, error) {
	var args xdr.InvokeContractArgs
	if err := stellar.Decode("call", call, &args); err != nil {
		return relay.Reading{}, invalid(err)
	}
	return s.read(ctx, args)
}

func (s *Server) read(ctx context.Context, args xdr.InvokeContractArgs) (relay.Reading, error) {
	// The source of a simulation need not exist, and nothing is charged; the zero account says that nobody stands behind it.
	tx, err := stellar.Invoke(stellar.Envelope{NotAfter: forEver, InclusionFee: stellar.MinInclusionFee}, args)
	if err != nil {
		return relay.Reading{}, invalid(err)
	}
	sim, err := s.simulate(ctx, tx)
	return relay.Reading{Ledger: sim.Ledger, Failure: sim.Failure, Value: sim.Value}, err
}

const forEver = 1<<63 - 1

func (s *Server) simulate(ctx context.Context, tx stellar.Transaction) (relay.Simulation, error) {
	envelope, err := tx.Base64()
	if err != nil {
		return relay.Simulation{}, invalid(err)
	}
	answer, err := s.node().Simulate(ctx, envelope)
	if err != nil {
		return relay.Simulation{}, kind(err)
	}
	call, _ := tx.Call() // without one there is no payout
	if err := s.headroom(ctx, called(call), &answer); err != nil {
		return relay.Simulation{}, kind(fmt.Errorf("simulate: %w", err))
	}
	kept, err := s.node().Range(ctx)
	if err != nil {
		return relay.Simulation{}, kind(err)
	}
	sim, err := translate(answer)
	if err != nil {
		return relay.Simulation{}, fmt.Errorf("simulate: %w: %w", rpc.ErrAnswer, err)
	}
	sim.Ledger = relay.Ledger{Sequence: answer.LatestLedger, CloseTime: kept.Latest.CloseTime}
	return sim, nil
}

func called(call xdr.InvokeContractArgs) xdr.ContractId {
	if call.ContractAddress.ContractId == nil {
		return xdr.ContractId{}
	}
	return *call.ContractAddress.ContractId
}

func translate(answer protocol.SimulateTransactionResponse) (relay.Simulation, error) {
	events, err := decodeAll[xdr.DiagnosticEvent](answer.EventsXDR)
	if err != nil {
		return relay.Simulation{}, fmt.Errorf("events: %w", err)
	}
	if answer.Error != "" {
		return relay.Simulation{Failure: failureOf(answer.Error, events)}, nil
	}
	var data xdr.SorobanTransactionData
	if err := stellar.Decode("transaction data", answer.TransactionDataXDR, &data); err != nil {
		return relay.Simulation{}, err
	}
	sim := relay.Simulation{TransactionData: answer.TransactionDataXDR, MinResourceFee: answer.MinResourceFee, Cost: costOf(data)}
	if len(answer.Results) > 0 {
		result := answer.Results[0]
		if result.AuthXDR != nil {
			sim.Auth = *result.AuthXDR
		}
		if result.ReturnValueXDR != nil {
			sim.Value = *result.ReturnValueXDR
		}
	}
	for _, e := range events {
		if e.Event.Type != xdr.ContractEventTypeContract || !e.InSuccessfulContractCall {
			continue
		}
		text, err := stellar.Encode(e.Event)
		if err != nil {
			return relay.Simulation{}, err
		}
		sim.Events = append(sim.Events, text)
	}
	if p := answer.RestorePreamble; p != nil {
		sim.Restore = &relay.Restore{TransactionData: p.TransactionDataXDR, MinResourceFee: p.MinResourceFee}
	}
	return sim, nil
}

func costOf(data xdr.SorobanTransactionData) relay.Cost {
	r := data.Resources
	cost := relay.Cost{
		Instructions: uint32(r.Instructions), DiskReadBytes: uint32(r.DiskReadBytes), WriteBytes: uint32(r.WriteBytes),
		ReadEntries: uint32(len(r.Footprint.ReadOnly)), WriteEntries: uint32(len(r.Footprint.ReadWrite)),
	}
	if data.Ext.ResourceExt != nil {
		cost.RestoreEntries = uint32(len(data.Ext.ResourceExt.ArchivedSorobanEntries))
	}
	return cost
}

// decodeAll decodes a list of base64 of XDR.
func decodeAll[T any](texts []string) ([]T, error) {
	out := make([]T, len(texts))
	for i, text := range texts {
		if err := xdr.SafeUnmarshalBase64(text, &out[i]); err != nil {
			return nil, fmt.Errorf("number %d: %w", i, err)
		}
	}
	return out, nil
}

// kind says what an error of the node or the store means to the api.
func kind(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, rpc.ErrWrongNetwork):
		return fmt.Errorf("%w: %w", relay.ErrWrongNetwork, err)
	case errors.Is(err, rpc.ErrUnavailable), errors.Is(err, store.ErrUnavailable):
		return fmt.Errorf("%w: %w", relay.ErrUnavailable, err)
	case errors.Is(err, rpc.ErrRefused):
		return invalid(err)
	}
	return err
}

func invalid(err error) error { return fmt.Errorf("%w: %w", relay.ErrInvalid, err) }
