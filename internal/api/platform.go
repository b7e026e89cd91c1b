package api

import (
	"context"
	"fmt"
	"slices"

	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
)

// Answer is an answer with a JSON body and no headers of its own.
type Answer[T any] struct {
	Body T
}

// PlatformOut is what this platform is.
type PlatformOut struct {
	Passphrase    string         `json:"passphrase" doc:"Names the network; signatures are bound to it"`
	Protocol      uint32         `json:"protocol"`
	Contract      escrow.Address `json:"contract" doc:"New trades are opened in this contract"`
	Contracts     []FollowedOut  `json:"contracts" nullable:"false" doc:"Every contract whose trades can be read here"`
	Assets        []AssetOut     `json:"assets" nullable:"false" doc:"Assets the platform recommends; others are possible"`
	FeeBps        uint32         `json:"fee_bps" doc:"In force now, of 10,000, of what a seller receives"`
	FeeReceiver   escrow.Address `json:"fee_receiver"`
	PendingFee    *PendingFeeOut `json:"pending_fee,omitempty" doc:"A fee that has been announced; a trade keeps the fee of its terms"`
	Limits        escrow.Limits  `json:"limits" doc:"What terms may say, in seconds"`
	Paused        bool           `json:"paused" doc:"true: no new trades and deposits; everything else goes on"`
	InclusionFee  string         `json:"inclusion_fee" doc:"What transactions bid at present above their resources, in stroops of XLM"`
	Ledger        Ledger         `json:"ledger" doc:"The ledger that fee, limits and pause speak for"`
	Projected     Ledger         `json:"projected" doc:"Everything up to this ledger can be read here"`
	NetworkLedger Ledger         `json:"network_ledger" doc:"The network's newest ledger"`
}

// FollowedOut is a contract whose events are read.
type FollowedOut struct {
	Contract escrow.Address `json:"contract"`
	Ledger   uint32         `json:"ledger" doc:"Its events are complete up to this ledger"`
	Gap      bool           `json:"gap" doc:"true: the ledgers that come next cannot be had at present"`
}

// PendingFeeOut is a fee that is not in force yet.
type PendingFeeOut struct {
	Bps       uint32         `json:"bps"`
	Receiver  escrow.Address `json:"receiver"`
	Effective Time           `json:"effective"`
}

func (s *server) platform(ctx context.Context, in *struct{ AtLeast }) (*Answer[PlatformOut], error) {
	projected, err := s.head(ctx, in.AtLeast)
	if err != nil {
		return nil, err
	}
	net, err := s.network(ctx)
	if err != nil {
		return nil, err
	}
	config, at, err := s.config(ctx, s.Contract)
	if err != nil {
		return nil, err
	}
	followed, err := s.Trades.Contracts(ctx)
	if err != nil {
		return nil, fmt.Errorf("list contracts: %w", err)
	}
	config = config.At(uint64(at.ClosedAt))
	out := PlatformOut{
		Passphrase: net.Passphrase, Protocol: net.Protocol, Contract: escrow.Address(s.Contract.String()), Contracts: []FollowedOut{}, Assets: []AssetOut{},
		FeeBps: config.FeeBps, FeeReceiver: config.FeeReceiver, Limits: config.Limits, Paused: config.Paused, InclusionFee: fmt.Sprint(net.InclusionFee),
		Ledger: at, Projected: projected, NetworkLedger: ledgerOf(net.Latest),
	}
	if p := config.PendingFee; p != nil {
		out.PendingFee = &PendingFeeOut{p.Bps, p.Receiver, Time(p.Effective)}
	}
	for _, f := range followed {
		out.Contracts = append(out.Contracts, FollowedOut(f))
	}
	for _, a := range s.Assets {
		found, err := s.assets.get(ctx, escrow.Address(a.String()))
		if err != nil {
			return nil, err
		}
		out.Assets = append(out.Assets, unit{found}.out())
	}
	return &Answer[PlatformOut]{out}, nil
}

// ProblemKind is one kind of problem.
type ProblemKind struct {
	Code     string         `json:"code"`
	Type     string         `json:"type"`
	Status   int            `json:"status"`
	Title    string         `json:"title"`
	NextStep string         `json:"next_step"`
	Contract *ContractError `json:"contract_error,omitempty" doc:"Of a refusal of the contract"`
}

// ProblemsOut is every kind.
type ProblemsOut struct {
	Problems []ProblemKind `json:"problems" nullable:"false"`
}

func allProblems() []ProblemKind {
	var out []ProblemKind
	add := func(k kind, c *ContractError) {
		out = append(out, ProblemKind{k.Code, problemPath + k.Code, k.Status, k.Title, k.Next, c})
	}
	for _, k := range kinds() {
		add(k, nil)
	}
	for _, r := range refusals() {
		add(r.kind(), &ContractError{r.Code, r.Name})
	}
	return out
}

func (s *server) listProblems(context.Context, *struct{}) (*Answer[ProblemsOut], error) {
	return &Answer[ProblemsOut]{ProblemsOut{allProblems()}}, nil
}

func (s *server) readProblem(_ context.Context, in *struct {
	Code string `path:"code" maxLength:"100"`
}) (*Answer[ProblemKind], error) {
	all := allProblems()
	i := slices.IndexFunc(all, func(p ProblemKind) bool { return p.Code == in.Code })
	if i < 0 {
		return nil, problemf(kindNoProblem, "%s", echo(in.Code))
	}
	return &Answer[ProblemKind]{all[i]}, nil
}

// HealthOut says that the process answers.
type HealthOut struct {
	OK bool `json:"ok"`
}

func (s *server) health(context.Context, *struct{}) (*Answer[HealthOut], error) {
	return &Answer[HealthOut]{HealthOut{true}}, nil
}
