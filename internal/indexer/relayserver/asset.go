package relayserver

import (
	"context"
	"fmt"
	"strings"

	"github.com/stellar/go-stellar-sdk/ingest/sac"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/relay"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
)

// Asset implements relay.Relay.
func (s *Server) Asset(ctx context.Context, address string) (relay.Asset, error) {
	a, err := s.asset(ctx, address)
	return a.Asset, err
}

// An asset is what is known of one, and for a Stellar asset the asset itself.
type asset struct {
	relay.Asset
	id      stellar.Address
	classic xdr.Asset
}

func (s *Server) asset(ctx context.Context, address string) (asset, error) {
	id, err := stellar.ParseAddress(address)
	if err != nil {
		return asset{}, invalid(fmt.Errorf("asset: %w", err))
	}
	out := asset{Asset: relay.Asset{Address: id.String(), Kind: relay.AssetNone}, id: id}
	if !id.Contract {
		out.Problem = "an account, not a contract: an asset is named by the address of its contract (C…)"
		return out, nil
	}
	key := stellar.InstanceKey(id)
	entries, latest, err := s.entries(ctx, key)
	if err != nil {
		return asset{}, err
	}
	out.Ledger = latest
	if len(entries) == 0 || entries[0].Data.ContractData == nil || entries[0].Data.ContractData.Val.Instance == nil {
		return s.archived(ctx, out)
	}
	entry := entries[0].Data
	if entry.ContractData.Val.Instance.Executable.Type != xdr.ContractExecutableTypeContractExecutableStellarAsset {
		return s.token(ctx, out)
	}
	classic, ok := sac.AssetFromContractData(xdr.LedgerEntry{Data: entry}, s.node().Network().Passphrase())
	if !ok {
		// The helper knows issued assets only: XLM has no issuer to derive the address of.
		native := xdr.MustNewNativeAsset()
		if address, err := stellar.AssetContract(s.node().Network(), native); err != nil || address != id {
			out.Problem = "a built-in asset contract whose asset is not to be found"
			return out, nil
		}
		classic = native
	}
	return s.stellarAsset(ctx, out, classic)
}

// archived looks at an address whose contract has no live entry. A simulation restores what was archived, so it still answers: its amounts have the decimals
// they had. What fails there is not there.
func (s *Server) archived(ctx context.Context, out asset) (asset, error) {
	name, problem, err := s.ask(ctx, out.id, "name")
	if err != nil {
		return asset{}, err
	}
	if problem != "" {
		out.Problem = "no contract has this address on this network, or it is archived"
		return out, nil
	}
	if name.Type == xdr.ScValTypeScvString {
		if classic, ok := s.behind(out.id, string(*name.Str)); ok {
			return s.stellarAsset(ctx, out, classic)
		}
	}
	return s.token(ctx, out)
}

// behind is the Stellar asset that the name of its contract tells. The address is made of the asset, so a contract cannot claim to be another's.
func (s *Server) behind(id stellar.Address, name string) (xdr.Asset, bool) {
	classic := xdr.MustNewNativeAsset()
	if name != "native" {
		code, issuer, _ := strings.Cut(name, ":")
		var err error
		if classic, err = xdr.NewCreditAsset(code, issuer); err != nil {
			return classic, false
		}
	}
	address, err := stellar.AssetContract(s.node().Network(), classic)
	return classic, err == nil && address == id
}

// classicDecimals is how many decimals every Stellar asset has.
const classicDecimals = 7

func (s *Server) stellarAsset(ctx context.Context, out asset, classic xdr.Asset) (asset, error) {
	out.Kind, out.Decimals, out.classic = relay.AssetStellar, classicDecimals, classic
	if classic.IsNative() {
		out.Code, out.Symbol, out.Name = "XLM", "XLM", "native"
		return out, nil
	}
	out.Code, out.Issuer = classic.GetCode(), classic.GetIssuer()
	out.Symbol, out.Name = out.Code, out.Code+":"+out.Issuer
	issuer, err := stellar.ParseAccount(out.Issuer)
	if err != nil {
		return asset{}, fmt.Errorf("issuer: %w", err)
	}
	entries, latest, err := s.entries(ctx, accountKey(issuer))
	if err != nil {
		return asset{}, err
	}
	out.Ledger = latest
	if a := accountIn(entries, issuer); a != nil { // an issuer may have closed its account: then it can do nothing any more
		flags := xdr.AccountFlags(a.Flags)
		out.AuthRequired, out.AuthRevocable, out.Clawback = flags.IsAuthRequired(), flags.IsAuthRevocable(), flags.IsAuthClawbackEnabled()
	}
	return out, nil
}

// token asks a contract of somebody's own making what every token answers (SEP-41).
func (s *Server) token(ctx context.Context, out asset) (asset, error) {
	decimals, problem, err := s.ask(ctx, out.id, "decimals")
	if err != nil || problem != "" {
		out.Problem = problem
		return out, err
	}
	symbol, problem, err := s.ask(ctx, out.id, "symbol")
	if err != nil || problem != "" {
		out.Problem = problem
		return out, err
	}
	if decimals.Type != xdr.ScValTypeScvU32 || symbol.Type != xdr.ScValTypeScvString {
		out.Problem = "not a token: its decimals are no u32 or its symbol no string"
		return out, nil
	}
	out.Kind, out.Decimals, out.Symbol = relay.AssetToken, uint32(*decimals.U32), text(*symbol.Str)
	name, problem, err := s.ask(ctx, out.id, "name")
	if err != nil {
		return asset{}, err
	}
	if problem == "" && name.Type == xdr.ScValTypeScvString {
		out.Name = text(*name.Str)
	}
	return out, nil
}

func (s *Server) ask(ctx context.Context, contract stellar.Address, function string) (value xdr.ScVal, problem string, err error) {
	answer, err := s.read(ctx, call(contract, function))
	if err != nil {
		return xdr.ScVal{}, "", err
	}
	if answer.Failure != nil {
		return xdr.ScVal{}, "not a token: " + function + " fails", nil
	}
	if err := stellar.Decode(function, answer.Value, &value); err != nil {
		return xdr.ScVal{}, "", err
	}
	return value, "", nil
}

// text keeps what anybody may have written into a token short and printable.
func text(s xdr.ScString) string {
	const most = 64
	return detail(string(s[:min(len(s), most)]))
}
