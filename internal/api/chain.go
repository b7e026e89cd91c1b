package api

import (
	"context"
	"fmt"

	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/relay"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
)

// What is asked of the contract itself, as of the network's newest ledger: actions are prepared on that, not on what has been projected so far.

// view asks one of the contract's views and decodes its answer. The ledger is the one it speaks for.
func view[T any](ctx context.Context, s *server, name string, call func() (string, error), decode func(text string) (T, error)) (T, Ledger, error) {
	var none T
	text, err := call()
	if err != nil {
		return none, Ledger{}, fmt.Errorf("ask the view %s: %w", name, err)
	}
	reading, err := s.Relay.Read(ctx, text)
	if err != nil {
		return none, Ledger{}, fmt.Errorf("ask the view %s: %w", name, err)
	}
	if f := reading.Failure; f != nil {
		return none, Ledger{}, fmt.Errorf("the view %s failed (%s, code %d): %s", name, f.Kind, f.Code, f.Detail)
	}
	out, err := decode(reading.Value)
	if err != nil {
		return none, Ledger{}, fmt.Errorf("answer of the view %s: %w", name, err)
	}
	return out, ledgerOf(reading.Ledger), nil
}

// config is the configuration of a contract, with what is in force now.
func (s *server) config(ctx context.Context, contract stellar.Address) (escrow.Config, Ledger, error) {
	return view(ctx, s, "config", func() (string, error) { return stellar.Encode(stellar.ViewConfig(contract)) },
		func(text string) (escrow.Config, error) { return decode("config", text, stellar.DecodeConfig) })
}

// state is a trade as the contract has it; nil if it has none with that id.
func (s *server) state(ctx context.Context, contract stellar.Address, id escrow.ID) (*escrow.Trade, Ledger, error) {
	return view(ctx, s, "trade", func() (string, error) { return stellar.Encode(stellar.ViewTrade(contract, id)) },
		func(text string) (*escrow.Trade, error) { return decode("trade", text, stellar.DecodeTrade) })
}

// owed is what the contract owes in an asset.
func (s *server) owed(ctx context.Context, contract, asset stellar.Address) (escrow.Owed, Ledger, error) {
	return view(ctx, s, "owed", func() (string, error) { return stellar.Encode(stellar.ViewOwed(contract, asset)) },
		func(text string) (escrow.Owed, error) { return decode("owed", text, stellar.DecodeOwed) })
}

// tradeID is escrow's way to ask for a trade's id. Terms that reach it have valid addresses: they come from the chain or were checked.
func (s *server) tradeID(contract stellar.Address) func(escrow.Terms) escrow.ID {
	return func(t escrow.Terms) escrow.ID {
		id, err := stellar.TermsID(s.Network, contract, t)
		if err != nil {
			return escrow.ID{} // no trade has it: the call is then refused as NotFound
		}
		return id
	}
}

func ledgerOf(l relay.Ledger) Ledger {
	return Ledger{Sequence: l.Sequence, ClosedAt: Time(l.CloseTime)}
}
