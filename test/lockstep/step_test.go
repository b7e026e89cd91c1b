package lockstep

import (
	"crypto/sha256"

	"github.com/Abdullahi130/StellarEscrow/contract/vectors"
	"github.com/Abdullahi130/StellarEscrow/internal/amount"
)

// Ends of a call for which no story has a name.
const (
	trapped   = "trapped"   // a contract panicked
	exhausted = "exhausted" // the budget is gone
)

// coin is the network's own asset in a world, beside the stories' fixture token.
const coin = "coin"

// step is a call or an act of the world, at a second after the world's start.
type step struct {
	at   int64
	call *vectors.Call
	act  *act
}

// act is an act of the world. Those of the fixture token are the stories' (contract/vectors/README.md); besides them there are
//
//	mode          the fixture token misbehaves as mode says
//	coin-freeze   the issuer freezes an actor, or the contract, or no more
//	coin-take     the issuer takes that much back, from an actor or the contract
//	coin-issue    the issuer gives that much to an actor
//	coin-line     the actor's trustline gets this limit, made if it is not there; 0 gives what it holds back and removes it
type act struct {
	kind   string
	actor  string
	on     bool
	amount amount.Int128
	mode   string // with bps, amount and actor as the mode wants them
	bps    uint32
}

// plan is a world: what is deployed, who trades, and what is done.
type plan struct {
	seed     uint64
	feeBps   uint32
	purse    amount.Int128 // what traders hold at the start, of either token
	short    bool          // entries live for minutes, not months
	byProof  bool          // signers sign an authorisation; somebody else sends the transaction
	terms    map[string]vectors.Terms
	trades   []string // names of terms in order
	steps    []step
	duration int // steps at most
}

// People of every world. Who pays for the transactions of nobody, and for those that others authorise, is nobody in them; the outsider never signs.
var (
	traders  = []string{"buyer", "seller", "carol"}
	panelist = []string{"arb1", "arb2", "arb3", "arb4", "arb5"}
	judges   = []string{"jud1", "jud2", "jud3"}
)

const (
	stranger = "stranger"
	outsider = "outsider"
	payer    = "payer"
	issuer   = "issuer"
)

// people are all with an address but payer and issuer.
func people() []string {
	all := []string{vectors.Admin, vectors.Receiver, stranger, outsider}
	all = append(all, traders...)
	all = append(all, panelist...)
	return append(all, judges...)
}

// limits allow what is drawn, and are different for each window, so that none can be judged by another's unseen.
func limits() vectors.Limits {
	return vectors.Limits{
		AppealMax: 130_000, AppealMin: 4, FeeDelay: 86_400, InspectionMax: 100_000, InspectionMin: 3, LongestLife: 10_000_000, MinDelivery: 1,
		OffersMax: 110_000, OffersMin: 1, RulingMax: 120_000, RulingMin: 2,
	}
}

// hashOf makes a 32-byte value of a text, by which a story can name it.
func hashOf(text string) vectors.Hash { return sha256.Sum256([]byte(text)) }
