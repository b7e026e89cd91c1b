package api

import (
	"context"
	"fmt"
	"slices"

	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/relay"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
)

// OpenIn asks for a new trade.
type OpenIn struct {
	Terms       TermsIn `json:"terms"`
	By          string  `json:"by" maxLength:"100" doc:"Who opens it: buyer, seller, or the address of one of them. A seller deposits the bond with it"`
	Source      string  `json:"source,omitempty" minLength:"1" maxLength:"100" doc:"The account (G…) that sends the transaction and pays its fee; left out: by"`
	AcceptToken bool    `json:"accept_token,omitempty" doc:"Must be true for an asset that is not one of the network's own asset contracts: such a contract may do as it likes"`
	ValidFor    *int64  `json:"valid_for,omitempty" doc:"Seconds until the prepared transaction expires, 30 to 3600; left out: 600"`
}

// OpenOut is a trade ready to be opened.
type OpenOut struct {
	ID       string      `json:"id" doc:"The trade's id: a hash of the terms, the contract and the network"`
	Terms    TermsOut    `json:"terms" doc:"The terms as they would be agreed, complete; keep them"`
	TermsXDR string      `json:"terms_xdr" doc:"The same as the contract takes them: ScVal, base64 of its XDR"`
	Prepared PreparedOut `json:"prepared"`
}

type openIn struct {
	AtLeast
	Body OpenIn
}

func (s *server) prepareOpen(ctx context.Context, in *openIn) (*Answer[OpenOut], error) {
	if _, err := s.head(ctx, in.AtLeast); err != nil {
		return nil, err
	}
	latest, err := s.Relay.LatestLedger(ctx)
	if err != nil {
		return nil, fmt.Errorf("ask for the newest ledger: %w", err)
	}
	config, _, err := s.config(ctx, s.Contract)
	if err != nil {
		return nil, err
	}
	now := latest.CloseTime
	u, wrong, err := s.tradedAsset(ctx, in.Body.Terms.Asset, in.Body.AcceptToken)
	if err != nil {
		return nil, err
	}
	const at = "body.terms"
	terms, unreadable, err := readTerms(&in.Body.Terms, at, u, config.At(now).FeeBps, s.Rand)
	if err != nil {
		return nil, err
	}
	wrong = append(wrong, unreadable...)
	bad := func(location string) bool {
		return slices.ContainsFunc(wrong, func(f FieldError) bool { return f.Location == location })
	}
	self := escrow.Address(s.Contract.String())
	wrong = append(wrong, checkTerms(&terms, at, self, &config, now, u, bad)...)
	by := s.opener(&in.Body, &terms, &wrong)
	if in.Body.Source != "" {
		if _, err := stellar.ParseAccount(in.Body.Source); err != nil {
			wrong.add("body.source", "", "%v", err)
		}
	}
	wait := wrong.validFor(in.Body.ValidFor)
	if err := invalid(wrong); err != nil {
		return nil, err
	}
	id, err := stellar.TermsID(s.Network, s.Contract, terms)
	if err != nil {
		return nil, fmt.Errorf("id of the terms: %w", err)
	}
	v, err := stellar.EncodeTerms(terms)
	if err != nil {
		return nil, fmt.Errorf("write the terms: %w", err)
	}
	text, err := stellar.Encode(v)
	if err != nil {
		return nil, fmt.Errorf("write the terms: %w", err)
	}
	prepared, err := s.prepare(ctx, order{
		contract: s.Contract, call: escrow.CallOpen{Terms: terms, By: by}, trade: &Trade{ID: id, Contract: self, Terms: terms},
		config: config, at: ledgerOf(latest), u: u, source: in.Body.Source, by: by, validFor: wait,
	})
	if err != nil {
		return nil, err
	}
	return &Answer[OpenOut]{OpenOut{ID: id.String(), Terms: u.terms(&terms), TermsXDR: text, Prepared: *prepared}}, nil
}

// tradedAsset looks at the asset of new terms. If there is none, amounts are read with a classic asset's decimals, so that what is wrong with them is told too.
func (s *server) tradedAsset(ctx context.Context, text string, acceptToken bool) (unit, fieldErrors, error) {
	const at = "body.terms.asset"
	classic := unit{relay.Asset{Address: text, Decimals: 7}}
	var f fieldErrors
	who := s.assetAddress(ctx, &f, at, text)
	if who == "" {
		return classic, f, nil
	}
	a, err := s.assets.get(ctx, who)
	u := unit{a}
	if err != nil {
		return classic, f, err
	}
	switch u.Kind {
	case relay.AssetNone:
		f.add(at, text, "not an asset: %s%s", u.Problem, s.recommended(ctx))
		return classic, f, nil
	case relay.AssetToken:
		if !acceptToken {
			f.add(at, text, "this asset (it calls itself %q) is a contract of somebody, not one of the network's own; say accept_token: true if you know it", plain(u.Symbol))
		}
	}
	return u, f, nil
}

// opener reads who opens the trade.
func (s *server) opener(in *OpenIn, t *escrow.Terms, wrong *fieldErrors) escrow.Role {
	switch {
	case in.By == buyerName, in.By == string(t.Buyer) && in.By != "":
		return escrow.Buyer
	case in.By == sellerName, in.By == string(t.Seller) && in.By != "":
		return escrow.Seller
	}
	wrong.refuse(escrow.ErrNotParty, "body.by", in.By, "neither buyer nor seller, nor the address of one of them")
	return escrow.Buyer
}
