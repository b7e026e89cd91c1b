package api

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/relay"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
)

// assets asks the relay what an asset's address stands for, and remembers what cannot change: kind and decimals of the network's own asset
// contracts. A contract of somebody may change its mind, so it is asked each time.
type assets struct {
	relay relay.Relay
	mu    sync.Mutex
	known map[string]relay.Asset
}

func newAssets(r relay.Relay) *assets { return &assets{relay: r, known: map[string]relay.Asset{}} }

// get answers for any address; one of no token has kind none.
func (a *assets) get(ctx context.Context, address escrow.Address) (relay.Asset, error) {
	a.mu.Lock()
	asset, ok := a.known[string(address)]
	a.mu.Unlock()
	if ok {
		return asset, nil
	}
	asset, err := a.relay.Asset(ctx, string(address))
	if err != nil {
		return relay.Asset{}, fmt.Errorf("look at asset %s: %w", address, err)
	}
	if asset.Decimals > maxDecimals { // it would make every amount that long
		asset = relay.Asset{Address: asset.Address, Kind: relay.AssetNone, Problem: fmt.Sprintf("it claims %d decimals, more than %d", asset.Decimals, maxDecimals)}
	}
	if asset.Kind == relay.AssetStellar {
		asset.AuthRequired, asset.AuthRevocable, asset.Clawback = false, false, false // these change: ask for them afresh
		a.mu.Lock()
		defer a.mu.Unlock()
		if len(a.known) >= maxAssets {
			clear(a.known) // asked again, that is all
		}
		a.known[string(address)] = asset
	}
	return asset, nil
}

// assetAddress reads the address of an asset's contract. Codes name no asset, as anybody can issue another USDC: whoever writes one is told which contract is meant here.
func (s *server) assetAddress(ctx context.Context, f *fieldErrors, location, text string) escrow.Address {
	a, err := stellar.ParseAddress(text)
	if err == nil {
		return escrow.Address(a.String())
	}
	if likeAnAddress(text) { // its error repeats what was sent only if that is harmless
		f.add(location, "", "%v%s", err, s.recommended(ctx))
	} else {
		f.add(location, text, "not the address of an asset's contract (C…)%s", s.recommended(ctx))
	}
	return ""
}

// recommended names the platform's assets at the end of a message; without their codes if the network cannot be asked.
func (s *server) recommended(ctx context.Context) string {
	var names []string
	down := false
	for _, a := range s.Assets {
		name := a.String()
		if !down {
			asset, err := s.assets.get(ctx, escrow.Address(name))
			if down = err != nil; !down {
				name = strings.TrimSpace(unit{asset}.name() + " " + name)
			}
		}
		names = append(names, name)
	}
	if len(names) == 0 {
		return ""
	}
	return "; recommended here: " + strings.Join(names, ", ")
}

// AssetOut is an asset in answers.
type AssetOut struct {
	Contract string `json:"contract" doc:"Address of the asset's contract"`
	Kind     string `json:"kind" enum:"stellar,token,none" doc:"stellar: the network's own contract of an issued asset or XLM; token: a contract of somebody, which may behave as it likes; none: no token is there, or none that answers now"`
	Code     string `json:"code,omitempty" doc:"USDC, XLM … of a Stellar asset; what a token calls itself otherwise, which proves nothing"`
	Issuer   string `json:"issuer,omitempty"`
	Decimals uint32 `json:"decimals" doc:"How many decimals amounts have"`
}

// unit is an asset as amounts are written in it.
type unit struct {
	relay.Asset
}

// inTrade is where the asset of a trade that exists is named.
const inTrade = "trade.terms.asset"

// unit is an asset whose amounts are to be read or written. Without its decimals they would be off by a power of ten, so one that does not say them now is
// an error: where it was named, at.
func (s *server) unit(ctx context.Context, asset escrow.Address, at string) (unit, error) {
	a, err := s.assets.get(ctx, asset)
	if err == nil && a.Kind == relay.AssetNone {
		err = noAsset(a, at)
	}
	return unit{a}, err
}

// noAsset is the answer where amounts of an asset would have to be read or written, and it does not say its decimals.
func noAsset(a relay.Asset, at string) error {
	why := firstLine(a.Problem)
	next := kindAsset.Next + "; if this is one, it is archived or did not answer just now: try again"
	if at == inTrade {
		next = "do not agree to this trade or pay into it, it lapses by itself: open one whose asset is a token's contract (C…); if this is one, it is archived or did not answer just now: try again"
	}
	return &kindError{kind: kindAsset, detail: fmt.Sprintf("asset %s: %s", a.Address, why), fields: []FieldError{{Location: at, Message: "not an asset: " + why, Value: a.Address}},
		add: func(p *Problem) { p.NextStep = next }}
}

// blind tells whether the asset does not say its decimals: amounts of it cannot be read, and are left out of answers.
func (u unit) blind() bool { return u.Kind == relay.AssetNone }

// withoutAmounts tells whether an action can be prepared in an asset that does not say its decimals: it names no amount, and nobody pays or agrees to
// anything by it. A trade that another client opened in what is no token can so be got rid of.
func withoutAmounts(action string) bool {
	switch action {
	case "cancel", "deliver", "settle", "evidence", "rule", "extend":
		return true
	}
	return false
}

// aboutAsset warns of an asset that does not say its decimals.
func (u unit) aboutAsset() []Warning {
	if !u.blind() {
		return nil
	}
	return []Warning{{"not-an-asset", fmt.Sprintf("the asset %s is no token, or does not answer as one now (%s): amounts are left out; do not agree to such a trade or pay into it", u.Address, firstLine(u.Problem))}}
}

// units looks at each asset of one answer once.
type units struct {
	s     *server
	known map[escrow.Address]unit
	down  bool // the network cannot be asked: it need not be asked again
}

// get is blind for an asset that does not say its decimals now, or cannot be asked; what else an answer holds is not refused for it.
func (l *units) get(ctx context.Context, asset escrow.Address) unit {
	u, ok := l.known[asset]
	if ok {
		return u
	}
	u = unit{relay.Asset{Address: string(asset), Kind: relay.AssetNone}}
	if l.down {
		return u
	}
	if got, err := l.s.assets.get(ctx, asset); err == nil {
		u = unit{got}
	} else {
		l.down = errors.Is(err, relay.ErrUnavailable) || ctx.Err() != nil
		l.s.Log.WarnContext(ctx, "an asset's decimals are not known", "request", requestID(ctx), "err", err)
	}
	l.known[asset] = u
	return u
}

func (u unit) out() AssetOut {
	return AssetOut{Contract: u.Address, Kind: string(u.Kind), Code: u.name(), Issuer: u.Issuer, Decimals: u.Decimals}
}

// name is the asset in a sentence. What a token calls itself is cut short and may not look like more than a name.
func (u unit) name() string {
	if u.Kind == relay.AssetStellar {
		return u.Code
	}
	return plain(u.Symbol)
}

// amount writes an amount in units of the asset; empty, which leaves its field out, if those are not known.
func (u unit) amount(a amount.Int128) Amount {
	if u.blind() {
		return ""
	}
	return Amount(a.Format(int(u.Decimals)))
}

// optional is amount for a field that a nil leaves out.
func (u unit) optional(a amount.Int128) *Amount {
	if u.blind() {
		return nil
	}
	out := u.amount(a)
	return &out
}

// say is an amount in a sentence, "12.5 USDC".
func (u unit) say(a amount.Int128) string {
	if u.blind() {
		return a.Units() + " of the smallest parts of " + u.Address
	}
	name := u.name()
	if name == "" {
		name = "units of " + u.Address
	}
	return trimZeros(a.Format(int(u.Decimals))) + " " + name
}

// parse reads a positive or zero amount that a client wrote.
func (u unit) parse(text string) (amount.Int128, error) {
	n, err := amount.ParseDecimals(text, int(u.Decimals))
	return n.Int128(), err
}

// plain is what a stranger wrote, fit for a sentence: printable ASCII, and not much of it.
func plain(s string) string {
	const longest = 20
	s = strings.Map(func(r rune) rune {
		if r < '!' || r > '~' {
			return -1
		}
		return r
	}, s)
	return s[:min(len(s), longest)]
}

func trimZeros(s string) string {
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	return s
}

// Amount is an amount in units of its asset, all decimals written out: "12.5000000".
type Amount string
