package api

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/relay"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
)

// PreparedOut is a transaction to be signed, and everything needed to decide whether to.
type PreparedOut struct {
	Hash           string             `json:"hash" doc:"Of the transaction: what its source signs, and its name on the network. It changes if authorisations are added"`
	Action         string             `json:"action"`
	Transaction    string             `json:"transaction" doc:"Unsigned TransactionEnvelope, base64 of its XDR"`
	Source         escrow.Address     `json:"source" doc:"Signs the transaction and pays the fee"`
	Sequence       string             `json:"sequence" doc:"The sequence number it carries"`
	ValidUntil     Time               `json:"valid_until" doc:"No later ledger includes it"`
	Contract       escrow.Address     `json:"contract" doc:"The contract it calls"`
	Authorisations []AuthorisationOut `json:"authorisations" nullable:"false" doc:"What others than the source must sign apart, before the transaction is signed; empty: the source's signature is enough"`
	Summary        SummaryOut         `json:"summary"`
	Warnings       []Warning          `json:"warnings" nullable:"false"`
	Fee            FeeOut             `json:"fee"`
	Resources      ResourcesOut       `json:"resources"`
	Restore        bool               `json:"restore" doc:"true: this transaction only brings archived entries back; submit it, then prepare the action again"`
	NextActions    []NextAction       `json:"next_actions" nullable:"false"`
	Ledger         Ledger             `json:"ledger" doc:"The ledger on which it was tried"`
}

// AuthorisationOut is what somebody else than the transaction's source must sign.
type AuthorisationOut struct {
	Signer     escrow.Address `json:"signer"`
	Role       string         `json:"role" doc:"The signer's role in the trade"`
	Entry      string         `json:"entry" doc:"SorobanAuthorizationEntry, not signed, base64 of its XDR"`
	Payload    string         `json:"payload" doc:"The 32 bytes to sign, in hex: an account signs them with its ed25519 key"`
	LastLedger uint32         `json:"last_ledger" doc:"The last ledger in which the signature counts"`
}

// FeeOut is what the transaction costs its source at most. What resources do not use of it comes back.
type FeeOut struct {
	Max       string `json:"max" doc:"Stroops of XLM"`
	MaxXLM    string `json:"max_xlm"`
	Resources string `json:"resources" doc:"Of that, stroops for resources"`
	Inclusion string `json:"inclusion" doc:"Of that, the bid in stroops to be included"`
}

// ResourcesOut is what the call uses of the network.
type ResourcesOut struct {
	Instructions   uint32 `json:"instructions"`
	DiskReadBytes  uint32 `json:"disk_read_bytes"`
	WriteBytes     uint32 `json:"write_bytes"`
	ReadEntries    uint32 `json:"read_entries"`
	WriteEntries   uint32 `json:"write_entries"`
	RestoreEntries uint32 `json:"restore_entries"`
}

// NextAction is what to do next.
type NextAction struct {
	Action string `json:"action" doc:"sign_authorisation, assemble, sign, submit, wait, prepare, read_trade or none"`
	Detail string `json:"detail"`
	Path   string `json:"path,omitempty"`
}

// order is one call that somebody wants to make, with what is known of the chain.
type order struct {
	contract stellar.Address
	call     escrow.Call
	trade    *Trade // nil for the platform's calls; before open its state is empty
	config   escrow.Config
	owed     escrow.Owed // needed by collect
	at       Ledger      // of the state
	u        unit
	source   string // as the client wrote it
	by       escrow.Role
	validFor time.Duration
	body     *ActionIn // that asked for it; nil for what was asked for otherwise
}

// prepare builds the transaction for an order, or says why it cannot be. The rules speak first, since they explain; the simulation on the newest ledger decides.
func (s *server) prepare(ctx context.Context, o order) (*PreparedOut, error) {
	preview, err := s.preview(o)
	if err != nil {
		return nil, s.refused(o, err)
	}
	state := stellar.State{Config: &o.config}
	if o.trade != nil {
		state.Trade = &o.trade.State
	}
	want, err := stellar.ExpectedTree(o.contract, o.call, state)
	if err != nil {
		return nil, fmt.Errorf("prepare %s: %w", o.call.Function(), err)
	}
	source, account, err := s.source(ctx, o, want)
	if err != nil {
		return nil, err
	}
	net, err := s.network(ctx)
	if err != nil {
		return nil, err
	}
	envelope := stellar.Envelope{
		Source: source, Sequence: account.Sequence, InclusionFee: net.InclusionFee,
		NotAfter: max(net.Latest.CloseTime, uint64(max(s.Now().Unix(), 0))) + uint64(o.validFor.Seconds()),
	}
	tx, err := stellar.Invoke(envelope, want.Call)
	if err != nil {
		return nil, fmt.Errorf("build %s: %w", o.call.Function(), err)
	}
	sim, err := s.simulate(ctx, tx)
	if err != nil {
		return nil, err
	}
	if sim.Failure != nil {
		return nil, s.failed(ctx, o, want, *sim.Failure, false)
	}
	if sim.Restore != nil {
		return s.restore(ctx, o, tx, envelope, sim, net.Latest.CloseTime)
	}
	lastLedger := net.Latest.Sequence + uint32(o.validFor.Seconds()) // no ledger is shorter than a second
	if tx, err = assemble(tx, sim, want, lastLedger); err != nil {
		return nil, err
	}
	return s.prepared(ctx, o, tx, sim, preview, net.Latest.CloseTime, lastLedger)
}

// assemble completes tx with a simulation's answer, if what that asks to be signed is exactly what want says.
func assemble(tx stellar.Transaction, sim relay.Simulation, want stellar.Tree, lastLedger uint32) (stellar.Transaction, error) {
	auth, err := decodeAll("authorisation", sim.Auth, tx.Auth())
	if err != nil {
		return tx, err
	}
	if err := stellar.CheckTree(want, tx.Source(), auth); err != nil {
		return tx, &kindError{kind: kindTree, detail: err.Error(), err: err}
	}
	for i := range auth {
		auth[i] = stellar.WithExpiry(auth[i], lastLedger)
	}
	data, err := decodeLike("transaction data", sim.TransactionData, tx.Data())
	if err != nil {
		return tx, err
	}
	return tx.Assemble(data, sim.MinResourceFee, auth)
}

// prepared is the answer for a complete transaction; it is kept, so that its hash has a state.
func (s *server) prepared(ctx context.Context, o order, tx stellar.Transaction, sim relay.Simulation, p preview, now uint64, lastLedger uint32) (*PreparedOut, error) {
	text, err := tx.Base64()
	if err != nil {
		return nil, fmt.Errorf("write the transaction: %w", err)
	}
	out := &PreparedOut{
		Hash: tx.Hash(s.Network).String(), Action: o.call.Function(), Transaction: text, Source: escrow.Address(tx.Source().String()),
		Sequence: strconv.FormatInt(tx.Sequence(), 10), ValidUntil: Time(tx.NotAfter()), Contract: escrow.Address(o.contract.String()),
		Authorisations: []AuthorisationOut{}, Fee: feeOf(tx), Resources: ResourcesOut(sim.Cost), Ledger: ledgerOf(sim.Ledger),
	}
	if err := p.parkedIn(o.contract, sim.Events); err != nil {
		return nil, fmt.Errorf("read the simulation of %s: %w", o.call.Function(), err)
	}
	if out.Summary, out.Warnings, err = s.summary(ctx, o, p); err != nil {
		return nil, err
	}
	if n := sim.Cost.RestoreEntries; n > 0 {
		// The contract's code is the dearest of all entries, and anybody's to keep alive: one trader must not pay for it unawares.
		out.Warnings = append(out.Warnings, Warning{"restores-archived", fmt.Sprintf(
			"%d entries of the ledger were archived and are restored by this: their rent is most of the fee of up to %s XLM; whoever sends it pays for everyone", n, out.Fee.MaxXLM)})
		if tx.ResourceFee() > smallChange {
			out.Summary.add(fmt.Sprintf("Sending it costs up to %s XLM, most of that to bring %d archived entries of the ledger back.", out.Fee.MaxXLM, n))
		}
	}
	for _, entry := range tx.Auth() {
		if stellar.IsSigned(entry) {
			continue
		}
		text, err := stellar.Encode(entry)
		if err != nil {
			return nil, fmt.Errorf("write an authorisation: %w", err)
		}
		payload, err := stellar.AuthPayload(s.Network, entry)
		if err != nil {
			return nil, fmt.Errorf("write an authorisation: %w", err)
		}
		one := AuthorisationOut{Signer: p.result.Signer, Entry: text, Payload: payload.String(), LastLedger: lastLedger}
		if o.trade != nil {
			if role, ok := o.trade.Terms.RoleOf(p.result.Signer); ok {
				one.Role = roleName(&o.trade.Terms, role)
			}
		}
		out.Authorisations = append(out.Authorisations, one)
	}
	out.NextActions = nextOfPrepared(out)
	return s.keep(ctx, o, out, now)
}

// actionRestore is what a transaction does that only brings archived entries back.
const actionRestore = "restore"

// keep remembers what is about to be handed out.
func (s *server) keep(ctx context.Context, o order, out *PreparedOut, now uint64) (*PreparedOut, error) {
	kept := Transaction{Hash: out.Hash, Action: out.Action, Source: out.Source, Envelope: out.Transaction, PreparedAt: now, ValidUntil: uint64(out.ValidUntil)}
	if out.Restore { // the action itself is not in it: nobody should read that it was carried out
		kept.Action = actionRestore
	}
	if o.trade != nil {
		kept.Trade = &o.trade.ID
	}
	if err := s.Transactions.Put(ctx, kept); err != nil {
		return nil, fmt.Errorf("remember transaction %s: %w", out.Hash, err)
	}
	return out, nil
}

// source is the account that sends the transaction: the one named, else who acts, else who has to sign.
func (s *server) source(ctx context.Context, o order, want stellar.Tree) (stellar.Address, relay.Account, error) {
	none := stellar.Address{}
	text, from := o.source, "body.source"
	if text == "" && o.trade != nil {
		if who, ok := o.trade.Terms.AddressOf(o.by); ok {
			text, from = string(who), "body.by"
		}
	}
	if text == "" && want.Signer != nil {
		text = want.Signer.String()
	}
	if text == "" {
		return none, relay.Account{}, invalid([]FieldError{{Location: "body.source", Message: "missing: the account (G…) that sends the transaction and pays its fee"}})
	}
	source, err := stellar.ParseAccount(text)
	if err != nil {
		message := err.Error()
		if o.source == "" {
			message = "missing: who acts is a contract, which cannot send a transaction; name an account (G…) that does"
		}
		return none, relay.Account{}, invalid([]FieldError{{Location: "body.source", Message: message}})
	}
	account, err := s.Relay.Account(ctx, source.String())
	if err != nil {
		return none, account, fmt.Errorf("look at account %s: %w", source, err)
	}
	if !account.Exists {
		return none, account, &kindError{kind: kindNoAccount, detail: fmt.Sprintf("%s: account %s does not exist on %s", from, source, s.Network.Passphrase()),
			fields: []FieldError{{Location: from, Message: "no such account on this network", Value: source.String()}}}
	}
	return source, account, nil
}

// network asks the relay about its network, which must be ours.
func (s *server) network(ctx context.Context) (relay.Network, error) {
	net, err := s.Relay.Network(ctx)
	if err != nil {
		return net, fmt.Errorf("ask about the network: %w", err)
	}
	if net.Passphrase != s.Network.Passphrase() {
		return net, fmt.Errorf("the relay speaks to %q: %w", net.Passphrase, relay.ErrWrongNetwork)
	}
	return net, nil
}

func (s *server) simulate(ctx context.Context, tx stellar.Transaction) (relay.Simulation, error) {
	text, err := tx.Base64()
	if err != nil {
		return relay.Simulation{}, fmt.Errorf("write the transaction: %w", err)
	}
	sim, err := s.Relay.Simulate(ctx, text)
	if err != nil {
		return sim, fmt.Errorf("simulate: %w", err)
	}
	return sim, nil
}

// restore prepares the transaction that has to come before the one wanting it; now is the newest ledger's close time.
func (s *server) restore(ctx context.Context, o order, wanting stellar.Transaction, envelope stellar.Envelope, sim relay.Simulation, now uint64) (*PreparedOut, error) {
	data, err := decodeLike("transaction data", sim.Restore.TransactionData, wanting.Data())
	if err != nil {
		return nil, err
	}
	tx, err := stellar.Restore(envelope, data, sim.Restore.MinResourceFee)
	if err != nil {
		return nil, fmt.Errorf("build the transaction that restores: %w", err)
	}
	text, err := tx.Base64()
	if err != nil {
		return nil, err
	}
	line := "Brings back entries of the ledger that were archived. No money moves but the fee. Then prepare " + o.call.Function() + " again."
	out := &PreparedOut{
		Hash: tx.Hash(s.Network).String(), Action: o.call.Function(), Transaction: text, Source: escrow.Address(tx.Source().String()),
		Sequence: strconv.FormatInt(tx.Sequence(), 10), ValidUntil: Time(tx.NotAfter()), Contract: escrow.Address(o.contract.String()),
		Authorisations: []AuthorisationOut{}, Summary: SummaryOut{Text: line, Lines: []string{line}, Payments: []PaymentOut{}, After: []AfterOut{}}, Warnings: []Warning{},
		Fee: feeOf(tx), Resources: ResourcesOut(sim.Cost), Restore: true, Ledger: ledgerOf(sim.Ledger),
		NextActions: []NextAction{signNext(tx.Source().String()), submitNext, {Action: "prepare", Detail: "then prepare " + o.call.Function() + " again"}},
	}
	if tx.ResourceFee() > smallChange {
		out.Summary.add(fmt.Sprintf("Sending it costs up to %s XLM.", out.Fee.MaxXLM))
	}
	return s.keep(ctx, o, out, now)
}

func feeOf(tx stellar.Transaction) FeeOut {
	stroops := func(n int64) string { return strconv.FormatInt(n, 10) }
	return FeeOut{Max: stroops(tx.MaxFee()), MaxXLM: amount.Stroops(tx.MaxFee()).String(), Resources: stroops(tx.ResourceFee()), Inclusion: stroops(tx.InclusionFee())}
}

var submitNext = NextAction{Action: "submit", Detail: "send the signed transaction", Path: "/v1/transactions"}

func signNext(source string) NextAction {
	return NextAction{Action: "sign", Detail: "sign the transaction (its hash) with the key of " + source}
}

func nextOfPrepared(p *PreparedOut) []NextAction {
	var out []NextAction
	for _, a := range p.Authorisations {
		out = append(out, NextAction{Action: "sign_authorisation", Detail: "sign the authorisation's payload as " + string(a.Signer)})
	}
	if len(out) > 0 {
		out = append(out, NextAction{Action: "assemble", Detail: "put the signed authorisations in; the transaction and its hash change", Path: "/v1/transactions/assemble"})
	}
	return append(out, signNext(string(p.Source)), submitNext)
}

func sortedKeys(m map[string]bool) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
