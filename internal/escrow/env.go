package escrow

import (
	"fmt"

	"github.com/Abdullahi130/StellarEscrow/internal/amount"
)

// Env is the ledger a call stands on.
type Env struct {
	// Now is the ledger's close time, in unix seconds; from call to call it never goes back.
	Now uint64
	// Signed says whether an address signed this call.
	Signed func(Address) bool
	// ID computes the id of a trade from its terms.
	ID func(Terms) ID
	// Token moves the money. Where Apply returns an error, the caller undoes whatever the token did in the call, as the host does.
	Token Token
}

// SignedBy is an Env.Signed for exactly these addresses.
func SignedBy(who ...Address) func(Address) bool {
	set := make(map[Address]bool, len(who))
	for _, a := range who {
		set[a] = true
	}
	return func(a Address) bool { return set[a] }
}

// Token is the assets' side of a call. Amounts are above zero; the contract never moves nothing.
type Token interface {
	// Balance is what the contract holds of the asset now.
	Balance(asset Address) (amount.Int128, error)
	// Deposit transfers from somebody to the contract and returns by how much the contract's balance grew, which may differ from amount. An error
	// means that the token refused (ErrDepositNotReceived), or wraps ErrUnauthorized where the transfer was not signed.
	Deposit(asset, from Address, amount amount.Int128) (grew amount.Int128, err error)
	// Pay transfers from the contract and says whether the token did.
	Pay(asset, to Address, amount amount.Int128) bool
}

// Result is what a call did.
type Result struct {
	// Trade is the trade's id; zero for the platform's calls.
	Trade ID
	// Asset is the asset the call is about; "" for the admin's calls.
	Asset Address
	// Signer is whose signature was demanded; "" for nobody's.
	Signer Address
	// Events in the order written.
	Events []Event
	// Deposit is what came in, below the signer's signature; nil for nothing.
	Deposit *Payment
	// Payouts in the order of roles, the parked ones included; Collected's receiver has no role.
	Payouts []Payment
	// Fee is what was booked for the platform.
	Fee amount.Int128
}

// Payment is money in, out, or parked instead of out.
type Payment struct {
	Role   Role          `json:"role"`
	Who    Address       `json:"who"` // who paid, or was to be paid
	Amount amount.Int128 `json:"amount"`
	Parked bool          `json:"parked"`
}

// Contract is all the contract's state. Apply changes it; a trade in Trades is never changed in place, so copies may share them.
type Contract struct {
	Self   Address
	Config Config // as stored: Config.At gives what is in force
	Trades map[ID]Trade
	Owed   map[Address]Owed // by asset
}

// minFeeDelay is the shortest notice of a fee change, in seconds: a day. maxFeeBps caps the platform's fee.
const (
	minFeeDelay = 86_400
	maxFeeBps   = 100
)

// New deploys the contract: its constructor. It refuses with ErrFeeAboveCap, ErrForbiddenReceiver or ErrBadLimits.
func New(self, admin Address, feeBps uint32, receiver Address, limits Limits) (*Contract, error) {
	if err := checkFee(self, feeBps, receiver); err != nil {
		return nil, err
	}
	if err := limits.validate(); err != nil {
		return nil, err
	}
	return &Contract{
		Self:   self,
		Config: Config{Admin: admin, FeeBps: feeBps, FeeReceiver: receiver, Limits: limits},
		Trades: map[ID]Trade{},
		Owed:   map[Address]Owed{},
	}, nil
}

func (l *Limits) validate() error {
	pairs := []struct {
		name     string
		min, max uint64
	}{
		{"inspection", l.InspectionMin, l.InspectionMax},
		{"offers", l.OffersMin, l.OffersMax},
		{"ruling", l.RulingMin, l.RulingMax},
		{"appeal", l.AppealMin, l.AppealMax},
	}
	for _, p := range pairs {
		if p.min == 0 || p.min > p.max {
			return refuse(ErrBadLimits, "%s: minimum %d, maximum %d", p.name, p.min, p.max)
		}
	}
	if l.MinDelivery == 0 {
		return refuse(ErrBadLimits, "min_delivery is 0")
	}
	if l.FeeDelay < minFeeDelay {
		return refuse(ErrBadLimits, "fee_delay %d is below %d", l.FeeDelay, minFeeDelay)
	}
	return nil
}

// Around is a contract that knows one trade and nothing else: enough to try a call about it on. It owes what the trade holds.
func Around(self Address, config Config, id ID, t *Terms, trade Trade) *Contract {
	return &Contract{
		Self: self, Config: config,
		Trades: map[ID]Trade{id: trade},
		Owed:   map[Address]Owed{t.Asset: {Total: trade.Holds()}},
	}
}

// String names a payment for people who debug: who, how much, and whether it was parked.
func (p Payment) String() string {
	if p.Parked {
		return fmt.Sprintf("%s units for %s (role %d), parked", p.Amount.Units(), p.Who, p.Role)
	}
	return fmt.Sprintf("%s units, %s (role %d)", p.Amount.Units(), p.Who, p.Role)
}
