package relayserver

import (
	"context"
	"fmt"
	"math"
	"strconv"

	"github.com/stellar/go-stellar-sdk/ingest/sac"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/relay"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
)

// baseReserve is what an account must keep per entry it owns, in stroops: 0.5 XLM, on the main and test networks since protocol 11.
const baseReserve = 5_000_000

// Account implements relay.Relay.
func (s *Server) Account(ctx context.Context, address string) (relay.Account, error) {
	a, err := stellar.ParseAccount(address)
	if err != nil {
		return relay.Account{}, invalid(err)
	}
	entries, latest, err := s.entries(ctx, accountKey(a))
	if err != nil {
		return relay.Account{}, err
	}
	out := relay.Account{Address: a.String(), Ledger: latest}
	if entry := accountIn(entries, a); entry != nil {
		out.Exists, out.Sequence, out.Balance = true, int64(entry.SeqNum), int64(entry.Balance)
		out.Spendable = spendable(entry)
	}
	return out, nil
}

// spendable is an account's XLM without its reserve and what it offers for sale.
func spendable(a *xdr.AccountEntry) int64 {
	held := 2 + int64(a.NumSubEntries) + int64(a.NumSponsoring()) - int64(a.NumSponsored())
	return max(0, int64(a.Balance)-held*baseReserve-int64(a.Liabilities().Selling))
}

// entries asks for entries and the close time of the newest ledger.
func (s *Server) entries(ctx context.Context, keys ...xdr.LedgerKey) ([]rpc.Entry, relay.Ledger, error) {
	entries, seq, err := s.node().Entries(ctx, keys...)
	if err != nil {
		return nil, relay.Ledger{}, kind(err)
	}
	kept, err := s.node().Range(ctx)
	if err != nil {
		return nil, relay.Ledger{}, kind(err)
	}
	return entries, relay.Ledger{Sequence: seq, CloseTime: kept.Latest.CloseTime}, nil
}

func accountKey(a stellar.Address) xdr.LedgerKey {
	return xdr.LedgerKey{Type: xdr.LedgerEntryTypeAccount, Account: &xdr.LedgerKeyAccount{AccountId: a.AccountID()}}
}

func accountIn(entries []rpc.Entry, a stellar.Address) *xdr.AccountEntry {
	for _, e := range entries {
		if e.Data.Account != nil && e.Data.Account.AccountId.Equals(a.AccountID()) {
			return e.Data.Account
		}
	}
	return nil
}

// Holding implements relay.Relay.
func (s *Server) Holding(ctx context.Context, asset, holder string) (relay.Holding, error) {
	who, err := stellar.ParseAddress(holder)
	if err != nil {
		return relay.Holding{}, invalid(fmt.Errorf("holder: %w", err))
	}
	what, err := s.asset(ctx, asset)
	if err != nil {
		return relay.Holding{}, err
	}
	if what.Kind == relay.AssetNone {
		return relay.Holding{}, invalid(fmt.Errorf("asset %s: %s", what.Address, what.Problem))
	}
	out := relay.Holding{Asset: what.Address, Holder: who.String(), Balance: "0", Spendable: "0", Receivable: "0", Ledger: what.Ledger}
	switch {
	case what.Kind == relay.AssetToken:
		return s.tokenHolding(ctx, what, who, out)
	case who.Contract:
		return s.contractHolding(ctx, what, who, out)
	case what.classic.IsNative():
		return s.nativeHolding(ctx, who, out)
	case what.Issuer == out.Holder:
		out.Kind, out.Exists, out.Authorized = relay.HoldingIssuer, true, true
		out.Receivable = strconv.FormatInt(math.MaxInt64, 10)
		out.Spendable = out.Receivable // it makes what it pays
		return out, nil
	}
	return s.trustlineHolding(ctx, what, who, out)
}

func (s *Server) nativeHolding(ctx context.Context, who stellar.Address, out relay.Holding) (relay.Holding, error) {
	entries, latest, err := s.entries(ctx, accountKey(who))
	if err != nil {
		return relay.Holding{}, err
	}
	out.Kind, out.Ledger = relay.HoldingNative, latest
	if a := accountIn(entries, who); a != nil {
		out.Exists, out.Authorized = true, true
		out.Balance, out.Spendable = units(a.Balance), strconv.FormatInt(spendable(a), 10)
		out.Receivable = units(math.MaxInt64 - a.Balance - a.Liabilities().Buying)
	}
	return out, nil
}

func (s *Server) trustlineHolding(ctx context.Context, what asset, who stellar.Address, out relay.Holding) (relay.Holding, error) {
	key := xdr.LedgerKey{
		Type:      xdr.LedgerEntryTypeTrustline,
		TrustLine: &xdr.LedgerKeyTrustLine{AccountId: who.AccountID(), Asset: what.classic.ToTrustLineAsset()},
	}
	entries, latest, err := s.entries(ctx, key)
	if err != nil {
		return relay.Holding{}, err
	}
	out.Kind, out.Ledger = relay.HoldingTrustline, latest
	for _, e := range entries {
		line := e.Data.TrustLine
		if line == nil {
			continue
		}
		flags := xdr.TrustLineFlags(line.Flags)
		out.Exists, out.Authorized, out.Clawback = true, flags.IsAuthorized(), flags.IsClawbackEnabledFlag()
		out.Balance = units(line.Balance)
		out.Spendable = units(max(0, line.Balance-line.Liabilities().Selling))
		out.Receivable = units(max(0, line.Limit-line.Balance-line.Liabilities().Buying))
	}
	return out, nil
}

// contractHolding is a contract's balance entry in the built-in contract of a Stellar asset.
func (s *Server) contractHolding(ctx context.Context, what asset, who stellar.Address, out relay.Holding) (relay.Holding, error) {
	entries, latest, err := s.entries(ctx, sac.ContractBalanceLedgerKey(what.id.Key, who.Key))
	if err != nil {
		return relay.Holding{}, err
	}
	// Without an entry, the first payment makes one with the issuer's flags of then.
	out.Kind, out.Exists, out.Authorized, out.Clawback, out.Ledger = relay.HoldingContract, true, !what.AuthRequired, what.Clawback, latest
	out.Receivable = amount.MaxInt128().Units()
	for _, e := range entries {
		if e.Data.ContractData == nil {
			continue
		}
		balance, authorized, clawback, err := balanceEntry(e.Data.ContractData.Val)
		if err != nil {
			return relay.Holding{}, fmt.Errorf("balance of %s: %w: %w", who, rpc.ErrAnswer, err)
		}
		room, err := amount.MaxInt128().Sub(balance)
		if err != nil {
			return relay.Holding{}, fmt.Errorf("balance of %s: %w: %w", who, rpc.ErrAnswer, err)
		}
		out.Authorized, out.Clawback = authorized, clawback
		out.Balance, out.Spendable, out.Receivable = balance.Units(), balance.Units(), room.Units()
	}
	return out, nil
}

// balanceEntry reads {amount: i128, authorized: bool, clawback: bool}, the form of the built-in contract.
func balanceEntry(v xdr.ScVal) (balance amount.Int128, authorized, clawback bool, err error) {
	if v.Type != xdr.ScValTypeScvMap || v.Map == nil || *v.Map == nil {
		return amount.Int128{}, false, false, fmt.Errorf("not a map")
	}
	seen := 0
	for _, field := range **v.Map {
		if field.Key.Type != xdr.ScValTypeScvSymbol {
			continue
		}
		switch name := *field.Key.Sym; {
		case name == "amount" && field.Val.I128 != nil:
			balance = amount.FromParts(int64(field.Val.I128.Hi), uint64(field.Val.I128.Lo))
			seen++
		case name == "authorized" && field.Val.B != nil:
			authorized = *field.Val.B
			seen++
		case name == "clawback" && field.Val.B != nil:
			clawback = *field.Val.B
			seen++
		}
	}
	if seen != 3 {
		return amount.Int128{}, false, false, fmt.Errorf("a map without amount, authorized and clawback")
	}
	return balance, authorized, clawback, nil
}

// tokenHolding asks a token of somebody's own making for a balance; more it does not tell.
func (s *Server) tokenHolding(ctx context.Context, what asset, who stellar.Address, out relay.Holding) (relay.Holding, error) {
	answer, err := s.read(ctx, call(what.id, "balance", who.ScVal()))
	if err != nil {
		return relay.Holding{}, err
	}
	out.Kind, out.Exists, out.Authorized, out.Ledger = relay.HoldingContract, true, true, answer.Ledger
	out.Receivable = amount.MaxInt128().Units()
	var v xdr.ScVal
	if answer.Failure != nil {
		return out, nil // it may answer so for those who have nothing
	}
	if err := stellar.Decode("balance", answer.Value, &v); err != nil {
		return relay.Holding{}, fmt.Errorf("%w: %w", rpc.ErrAnswer, err)
	}
	if v.Type == xdr.ScValTypeScvI128 {
		balance := amount.FromParts(int64(v.I128.Hi), uint64(v.I128.Lo))
		out.Balance, out.Spendable = balance.Units(), balance.Units()
	}
	return out, nil
}

func call(contract stellar.Address, function string, args ...xdr.ScVal) xdr.InvokeContractArgs {
	return xdr.InvokeContractArgs{ContractAddress: contract.ScAddress(), FunctionName: xdr.ScSymbol(function), Args: args}
}

func units[T ~int64](n T) string { return strconv.FormatInt(int64(n), 10) }
