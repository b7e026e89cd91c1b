package sponsor

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer/signer"
	"github.com/Abdullahi130/StellarEscrow/internal/relay"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

// wanted is a request that may be paid for, if it succeeds and the limits leave room.
type wanted struct {
	key     flightKey
	tree    stellar.Tree
	auth    []xdr.SorobanAuthorizationEntry
	signed  *stellar.Transaction // nil: a channel account sends the call
	account string               // whom it counts for: a strkey, or nobody
	trade   *store.Hash
}

// refusal is why a request is not paid for; reason is its label in the metrics.
type refusal struct {
	reason string
	err    error
}

func (r *refusal) Error() string { return r.err.Error() }
func (r *refusal) Unwrap() error { return r.err }

func refuse(reason string, kind error, format string, args ...any) error {
	return &refusal{reason, fmt.Errorf("%w: %w", kind, fmt.Errorf(format, args...))}
}

// read decodes a request and looks at all that can be judged before it is simulated. The keys judge again before they sign.
func (s *Sponsor) read(ctx context.Context, r relay.SponsorRequest) (wanted, error) {
	w, args, err := decode(r)
	if err != nil {
		return wanted{}, refuse(reasonInvalid, relay.ErrInvalid, "%w", err)
	}
	if w.signed != nil {
		w.key = keyOf("envelope", w.signed.Hash(s.c.Network).String())
	}
	contract, call, err := s.call(args)
	if err != nil {
		return wanted{}, err
	}
	if err := s.offered(call); err != nil {
		return wanted{}, err
	}
	state, err := s.state(ctx, contract, call, &w)
	if err != nil {
		return wanted{}, err
	}
	if w.tree, err = stellar.ExpectedTree(contract, call, state); err != nil {
		return wanted{}, refuse(reasonInvalid, relay.ErrInvalid, "%w", err)
	}
	w.account = nobody
	if w.tree.Signer != nil {
		w.account = w.tree.Signer.String()
	}
	if r.Account != "" && r.Account != w.account {
		return wanted{}, refuse(reasonInvalid, relay.ErrInvalid, "%s is authorised by %s, not by %.60q", call.Function(), w.account, r.Account)
	}
	return w, s.authorised(w)
}

// decode reads what came, without judging it.
func decode(r relay.SponsorRequest) (w wanted, args xdr.InvokeContractArgs, err error) {
	switch {
	case (r.Call == "") == (r.Envelope == ""):
		return w, args, errors.New("neither a call nor a transaction, or both: give one of them")
	case r.Envelope != "" && len(r.Auth) > 0:
		return w, args, errors.New("a transaction that is signed has its authorisations in it")
	case len(r.Auth) > 1:
		return w, args, fmt.Errorf("%d authorisations: no call needs more than one", len(r.Auth))
	case r.Envelope != "":
		tx, err := stellar.ParseTransaction(r.Envelope)
		if err != nil {
			return w, args, err
		}
		args, ok := tx.Call()
		if !ok {
			return w, args, errors.New("the transaction calls no contract")
		}
		if tx.Signatures() == 0 {
			return w, args, errors.New("nobody has signed the transaction")
		}
		w.signed = &tx
		return w, args, nil
	}
	for _, text := range r.Auth {
		var entry xdr.SorobanAuthorizationEntry
		if err := stellar.Decode("authorisation", text, &entry); err != nil {
			return w, args, err
		}
		w.auth = append(w.auth, entry)
	}
	w.key = keyOf(append([]string{"call", r.Call}, r.Auth...)...)
	err = stellar.Decode("call", r.Call, &args)
	return w, args, err
}

// call reads a call of one of the followed contracts.
func (s *Sponsor) call(args xdr.InvokeContractArgs) (stellar.Address, escrow.Call, error) {
	for _, contract := range s.c.Follows() {
		call, err := stellar.DecodeCall(contract, args)
		if errors.Is(err, stellar.ErrOtherContract) {
			continue
		}
		if err != nil {
			return stellar.Address{}, nil, refuse(reasonInvalid, relay.ErrInvalid, "%w", err)
		}
		return contract, call, nil
	}
	return stellar.Address{}, nil, refuse(reasonFunction, relay.ErrNotOffered, "it is a call of a contract that is not one of the platform's")
}

// offered refuses what is never paid for.
func (s *Sponsor) offered(call escrow.Call) error {
	if !signer.Fee.Signs(call.Function()) {
		return refuse(reasonFunction, relay.ErrNotOffered, "%s is not what traders call", call.Function())
	}
	named := signer.Named(call)
	for _, own := range s.own() {
		if slices.Contains(named, escrow.Address(own.String())) {
			return refuse(reasonOwn, relay.ErrNotOffered, "%s, an account of the platform's, takes part in the trade", own)
		}
	}
	if terms, ok := escrow.TermsOf(call); ok {
		asset, err := stellar.ParseAddress(string(terms.Asset))
		if err != nil || !slices.Contains(s.c.Assets, asset) {
			return refuse(reasonAsset, relay.ErrNotOffered, "the trade is in the asset %s, which is not among those whose trades are paid for", terms.Asset)
		}
	}
	return nil
}

// own are the platform's accounts.
func (s *Sponsor) own() []stellar.Address {
	own := s.c.Keys.Accounts()
	if s.c.Own != nil {
		own = append(own, s.c.Own()...)
	}
	return own
}

// state is what of the chain decides who signs the call, and notes which trade it is about.
func (s *Sponsor) state(ctx context.Context, contract stellar.Address, call escrow.Call, w *wanted) (stellar.State, error) {
	if extend, ok := call.(escrow.CallExtend); ok {
		id := store.Hash(extend.ID)
		w.trade = &id
		return stellar.State{}, nil
	}
	terms, ok := escrow.TermsOf(call)
	if !ok {
		return stellar.State{}, nil
	}
	id, err := stellar.TermsID(s.c.Network, contract, terms)
	if err != nil {
		return stellar.State{}, refuse(reasonInvalid, relay.ErrInvalid, "%w", err)
	}
	trade := store.Hash(id)
	w.trade = &trade
	switch call.(type) {
	case escrow.CallAccept, escrow.CallDispute:
	default:
		return stellar.State{}, nil
	}
	text, err := stellar.Encode(stellar.ViewTrade(contract, id))
	if err != nil {
		return stellar.State{}, err
	}
	reading, err := s.c.Relay.Read(ctx, text)
	if err != nil {
		return stellar.State{}, err
	}
	if reading.Failure != nil {
		return stellar.State{}, fmt.Errorf("%w: read the trade: %s", relay.ErrUnavailable, reading.Failure.Detail)
	}
	var value xdr.ScVal
	if err := stellar.Decode("trade", reading.Value, &value); err != nil {
		return stellar.State{}, err
	}
	stored, err := stellar.DecodeTrade(value)
	return stellar.State{Trade: stored}, err
}

// authorised wants exactly the expected authorisation, signed by somebody else than the account that sends the call.
func (s *Sponsor) authorised(w wanted) error {
	source, auth := stellar.Address{}, w.auth // of no channel account: what its signature authorises is refused
	if w.signed != nil {
		source, auth = w.signed.Source(), w.signed.Auth()
		if slices.Contains(s.own(), source) {
			return refuse(reasonOwn, relay.ErrNotOffered, "the transaction is sent by %s, an account of the platform's", source)
		}
	}
	if err := stellar.CheckTree(w.tree, source, auth); err != nil {
		return refuse(reasonInvalid, relay.ErrInvalid, "%w", err)
	}
	for _, entry := range auth {
		if !stellar.IsSigned(entry) {
			return refuse(reasonInvalid, relay.ErrInvalid, "the authorisation of %s is not signed", w.account)
		}
	}
	return nil
}
