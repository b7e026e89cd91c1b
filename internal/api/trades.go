package api

import (
	"context"
	"encoding/hex"
	"fmt"
	"regexp"

	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
)

// Page bounds a list.
type Page struct {
	Limit  int    `query:"limit" minimum:"1" maximum:"100" default:"20" doc:"How many at most"`
	Cursor string `query:"cursor" maxLength:"100" doc:"The next of the page before; left out: the first page"`
}

// eventID is the form of ids of events, which order as events do: they serve as cursors.
var eventID = regexp.MustCompile(`^[0-9]{19}-[0-9]{10}$`)

func (p Page) cursor() (string, error) {
	if p.Cursor != "" && !eventID.MatchString(p.Cursor) {
		return "", invalid([]FieldError{{Location: "query.cursor", Message: "not a cursor: take next of the page before", Value: echo(p.Cursor)}})
	}
	return p.Cursor, nil
}

// ByID names a trade.
type ByID struct {
	ID string `path:"id" maxLength:"100" doc:"The trade's id, 64 hex digits"`
}

func (b ByID) id() (escrow.ID, error) {
	var id escrow.ID
	if err := id.UnmarshalText([]byte(b.ID)); err != nil {
		return id, invalid([]FieldError{{Location: "path.id", Message: "not the id of a trade: 64 hex digits", Value: echo(b.ID)}})
	}
	return id, nil
}

// trade reads a trade and the unit of its amounts, which is blind for one in no asset.
func (s *server) trade(ctx context.Context, id escrow.ID) (Trade, unit, error) {
	tr, err := s.Trades.Trade(ctx, id)
	if err != nil {
		return tr, unit{}, fmt.Errorf("read trade %s: %w", id, err)
	}
	a, err := s.assets.get(ctx, tr.Terms.Asset)
	return tr, unit{a}, err
}

type listTradesIn struct {
	AtLeast
	Page
	Party string `query:"party" maxLength:"100" doc:"Address of somebody who takes part"`
	Role  string `query:"role" enum:"buyer,seller,arbitrator" doc:"In which role; needs party"`
	Stage string `query:"stage" enum:"open,agreed,funded,ended,cancelled"`
	Asset string `query:"asset" maxLength:"100" doc:"Contract of the asset"`
}

// TradesOut is a page of trades.
type TradesOut struct {
	Trades []TradeRow `json:"trades" nullable:"false"`
	Next   string     `json:"next,omitempty" doc:"Cursor of the next page; left out: this was the last"`
	Ledger Ledger     `json:"ledger"`
}

func (s *server) listTrades(ctx context.Context, in *listTradesIn) (*Answer[TradesOut], error) {
	var f fieldErrors
	filter := TradeFilter{Role: in.Role, Limit: in.Limit + 1}
	if in.Party != "" {
		filter.Party = f.address("query.party", in.Party)
	} else if in.Role != "" {
		f.add("query.role", in.Role, "a role of whom? name a party too")
	}
	if in.Asset != "" {
		filter.Asset = s.assetAddress(ctx, &f, "query.asset", in.Asset)
	}
	if stage, ok := stageNamed(in.Stage); ok {
		filter.Stage = &stage
	}
	if err := invalid(f); err != nil {
		return nil, err
	}
	var err error
	if filter.Before, err = in.cursor(); err != nil {
		return nil, err
	}
	looked := units{s: s, known: map[escrow.Address]unit{}}
	out, err := atHead(ctx, s, in.AtLeast, func(at Ledger) (TradesOut, error) {
		out := TradesOut{Trades: []TradeRow{}, Ledger: at}
		list, err := s.Trades.List(ctx, filter)
		if err != nil {
			return out, fmt.Errorf("list trades: %w", err)
		}
		if len(list) > in.Limit {
			list = list[:in.Limit]
			out.Next = list[in.Limit-1].Opened.Event
		}
		for i := range list {
			out.Trades = append(out.Trades, rowOf(&list[i], looked.get(ctx, list[i].Terms.Asset), uint64(at.ClosedAt)))
		}
		return out, nil
	})
	return &Answer[TradesOut]{out}, err
}

type readTradeIn struct {
	ByID
	AtLeast
}

func (s *server) readTrade(ctx context.Context, in *readTradeIn) (*Answer[TradeOut], error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	out, err := atHead(ctx, s, in.AtLeast, func(at Ledger) (TradeOut, error) {
		tr, u, err := s.trade(ctx, id)
		if err != nil {
			return TradeOut{}, err
		}
		return tradeOut(&tr, u, s.pausedFor(ctx, &tr), at), nil
	})
	return &Answer[TradeOut]{out}, err
}

// pausedFor tells whether what a pause reaches is paused, for a trade that it can reach. If the network cannot be asked now, a read is not refused for it:
// preparing asks again.
func (s *server) pausedFor(ctx context.Context, tr *Trade) bool {
	if tr.State.Stage != escrow.StageOpen && tr.State.Stage != escrow.StageAgreed {
		return false
	}
	contract, err := stellar.ParseAddress(string(tr.Contract))
	if err != nil {
		return false
	}
	config, _, err := s.config(ctx, contract)
	if err != nil {
		s.Log.WarnContext(ctx, "whether the platform is paused is not known", "request", requestID(ctx), "err", err)
		return false
	}
	return config.Paused
}

type listEventsIn struct {
	ByID
	AtLeast
	Page
}

// EventsOut is a page of a trade's events.
type EventsOut struct {
	Events   []EventOut `json:"events" nullable:"false"`
	Next     string     `json:"next,omitempty" doc:"Cursor of the next page; left out: these were the last so far"`
	Warnings []Warning  `json:"warnings,omitempty" nullable:"false" doc:"not-an-asset: no token answers at the asset's address, and no amounts are told"`
	Ledger   Ledger     `json:"ledger"`
}

// EventOut is one event of the contract (docs/contract.md, Events).
type EventOut struct {
	ID     string         `json:"id" doc:"Orders as events do; a cursor"`
	Kind   string         `json:"kind" example:"released"`
	At     Time           `json:"at"`
	Ledger uint32         `json:"ledger"`
	Tx     string         `json:"tx" doc:"Hash of the transaction"`
	Data   map[string]any `json:"data" doc:"The event's fields by name; amounts in units of the asset, roles, stages and phases by name, times as RFC 3339"`
}

func (s *server) listEvents(ctx context.Context, in *listEventsIn) (*Answer[EventsOut], error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	after, err := in.cursor()
	if err != nil {
		return nil, err
	}
	out, err := atHead(ctx, s, in.AtLeast, func(at Ledger) (EventsOut, error) {
		out := EventsOut{Events: []EventOut{}, Ledger: at}
		tr, u, err := s.trade(ctx, id)
		if err != nil {
			return out, err
		}
		out.Warnings = u.aboutAsset()
		list, err := s.Trades.Events(ctx, id, after, in.Limit+1)
		if err != nil {
			return out, fmt.Errorf("list events of trade %s: %w", id, err)
		}
		if len(list) > in.Limit {
			list = list[:in.Limit]
			out.Next = list[in.Limit-1].ID
		}
		for _, e := range list {
			out.Events = append(out.Events, eventOut(e, &tr.Terms, u))
		}
		return out, nil
	})
	return &Answer[EventsOut]{out}, err
}

func eventOut(e Event, t *escrow.Terms, u unit) EventOut {
	out := EventOut{ID: e.ID, Kind: e.EventName(), At: Time(e.At), Ledger: e.Ledger, Tx: e.Tx, Data: map[string]any{}}
	for _, field := range escrow.Fields(e.Event) {
		if value := eventValue(field.Value, t, u); value != Amount("") { // left out as everywhere
			out.Data[field.Name] = value
		}
	}
	return out
}

// eventValue writes a field of an event in this API's words. Every type that escrow.Event names is here.
func eventValue(v any, t *escrow.Terms, u unit) any {
	switch v := v.(type) {
	case amount.Int128:
		return u.amount(v)
	case *amount.Int128:
		if v == nil {
			return nil
		}
		return u.amount(*v)
	case escrow.Role:
		return roleName(t, v)
	case *escrow.Role:
		if v == nil {
			return nil
		}
		return roleName(t, *v)
	case []escrow.Role:
		names := make([]string, len(v))
		for i, r := range v {
			names[i] = roleName(t, r)
		}
		return names
	case escrow.Stage:
		return v.String()
	case escrow.Phase:
		return token(v)
	case escrow.Outcome:
		return token(v)
	case uint64: // the only ones a trade's events have are times
		return Time(v)
	case escrow.Terms:
		return u.terms(&v)
	}
	return v // numbers, flags, hashes and addresses are what they are
}

// ExactTermsOut is what a party needs to move the money without this platform.
type ExactTermsOut struct {
	ID         string         `json:"id"`
	Contract   escrow.Address `json:"contract"`
	Passphrase string         `json:"passphrase"`
	Terms      TermsOut       `json:"terms"`
	XDR        string         `json:"xdr" doc:"The terms as the contract's functions take them: ScVal, base64 of its XDR"`
	Preimage   string         `json:"preimage" doc:"How the id comes about: SHA-256 of the XDR of the tuple (Symbol trade1, network id, contract, terms)"`
	Warnings   []Warning      `json:"warnings,omitempty" nullable:"false" doc:"not-an-asset: no token answers at the asset's address, and no amounts are told; the XDR has them in its smallest parts"`
}

func (s *server) readTerms(ctx context.Context, in *readTradeIn) (*Answer[ExactTermsOut], error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	if _, err := s.head(ctx, in.AtLeast); err != nil {
		return nil, err
	}
	tr, u, err := s.trade(ctx, id)
	if err != nil {
		return nil, err
	}
	v, err := stellar.EncodeTerms(tr.Terms)
	if err != nil {
		return nil, fmt.Errorf("terms of trade %s: %w", id, err)
	}
	text, err := stellar.Encode(v)
	if err != nil {
		return nil, fmt.Errorf("terms of trade %s: %w", id, err)
	}
	networkID := s.Network.ID()
	return &Answer[ExactTermsOut]{ExactTermsOut{
		ID: id.String(), Contract: tr.Contract, Passphrase: s.Network.Passphrase(), Terms: u.terms(&tr.Terms), XDR: text, Warnings: u.aboutAsset(),
		Preimage: fmt.Sprintf("SHA-256(XDR(vec[symbol trade1, bytes %s, address %s, terms]))", hex.EncodeToString(networkID[:]), tr.Contract),
	}}, nil
}
