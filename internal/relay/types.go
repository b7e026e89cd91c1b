package relay

// Ledger is one closed ledger.
type Ledger struct {
	Sequence  uint32 `json:"sequence"`
	CloseTime uint64 `json:"close_time"` // unix seconds; the contract's clock
}

// Network is which network the relay speaks to.
type Network struct {
	Passphrase string `json:"passphrase"`
	Protocol   uint32 `json:"protocol"`
	Latest     Ledger `json:"latest"`
	// Oldest is the first ledger whose transactions and events the node still has.
	Oldest Ledger `json:"oldest"`
	// InclusionFee is what a transaction has lately bid in stroops above its resources, to be included with certainty (the 95th of a
	// hundred), at least the network's minimum of 100.
	InclusionFee int64 `json:"inclusion_fee,string"`
}

// Simulation is what a transaction would do on the ledger it was tried on.
type Simulation struct {
	// Ledger is the newest one then; by a moment CloseTime can be of the next.
	Ledger Ledger `json:"ledger"`
	// Failure says why it would fail; every field below is then empty.
	Failure *Failure `json:"failure,omitempty"`
	// TransactionData is what the transaction must declare to be executed: its footprint and resources (SorobanTransactionData).
	TransactionData string `json:"transaction_data,omitempty"`
	// MinResourceFee is the least that pays for these resources.
	MinResourceFee int64 `json:"min_resource_fee,string,omitempty"`
	// Auth are the authorisations that the call asks for (SorobanAuthorizationEntry), not signed. They are what the called contracts
	// want, not what anyone should sign: stellar.CheckTree decides that.
	Auth []string `json:"auth,omitempty"`
	// Value is what the call returned (ScVal).
	Value string `json:"value,omitempty"`
	// Events are those of the call in order (ContractEvent), without diagnostics.
	Events []string `json:"events,omitempty"`
	// Restore is set if archived entries must be restored by a transaction of its own first.
	Restore *Restore `json:"restore,omitempty"`
	Cost    Cost     `json:"cost"`
}

// Cost is what a call uses of the network.
type Cost struct {
	Instructions   uint32 `json:"instructions"`
	DiskReadBytes  uint32 `json:"disk_read_bytes"`
	WriteBytes     uint32 `json:"write_bytes"`
	ReadEntries    uint32 `json:"read_entries"`  // named by the footprint as read only
	WriteEntries   uint32 `json:"write_entries"` // named by the footprint as written
	RestoreEntries uint32 `json:"restore_entries"`
}

// Restore is the transaction that has to come first.
type Restore struct {
	TransactionData string `json:"transaction_data"`
	MinResourceFee  int64  `json:"min_resource_fee,string"`
}

// Failure is why a contract call failed.
type Failure struct {
	Kind FailureKind `json:"kind"`
	// Contract and Code name the refusal of a contract: the contract that refused first, and its own number for the reason. The same
	// number means something else in another contract. Contract is empty if the network did not say.
	Contract string `json:"contract,omitempty"`
	Code     uint32 `json:"code,omitempty"`
	// Detail is the network's own text, of at most 2,000 characters. It is for logs and for people who know the network.
	Detail string `json:"detail"`
}

// FailureKind is why a call failed, as far as it matters to who made it.
type FailureKind string

// The kinds of failure.
const (
	FailedByContract FailureKind = "contract" // a contract refused, with a code
	FailedByAuth     FailureKind = "auth"     // an authorisation is missing, wrong or used up
	FailedByBudget   FailureKind = "budget"   // more instructions, memory or bytes than the network allows or the transaction declared
	FailedByArchive  FailureKind = "archive"  // an entry is archived or outside the footprint: simulate again
	FailedByHost     FailureKind = "host"     // anything else: no such contract or function, wrong arguments, a trap
)

// Reading is the answer of a contract function.
type Reading struct {
	Ledger  Ledger   `json:"ledger"`
	Failure *Failure `json:"failure,omitempty"`
	Value   string   `json:"value,omitempty"` // ScVal
}

// SubmissionState is what the network said to a transaction.
type SubmissionState string

// The states of a submission.
const (
	SubmissionPending   SubmissionState = "pending"   // taken; it is handed to the network until a ledger includes it or its time is over
	SubmissionDuplicate SubmissionState = "duplicate" // taken before
	SubmissionRejected  SubmissionState = "rejected"  // not taken: Code says why; it may be submitted again while its time lasts
)

// Submission is what the network said to a transaction.
type Submission struct {
	Hash   string          `json:"hash"`
	State  SubmissionState `json:"state"`
	Code   string          `json:"code,omitempty"` // of a rejected one, as in XDR-JSON (SEP-51): tx_bad_auth, tx_bad_seq, tx_too_late …
	Detail string          `json:"detail,omitempty"`
	Ledger Ledger          `json:"ledger"` // the newest one then
}

// SponsorRequest is what a trader wants the platform to pay for: either a call with its authorisations, or a transaction.
type SponsorRequest struct {
	// Call is what to call (InvokeContractArgs), and Auth what its signer has signed for it (SorobanAuthorizationEntry), apart from any
	// transaction: exactly the expected one, and none where nobody signs.
	Call string   `json:"call,omitempty"`
	Auth []string `json:"auth,omitempty"`
	// Envelope is a transaction that makes the call, complete and signed by the key of the account that sends it (TransactionEnvelope).
	Envelope string `json:"envelope,omitempty"`
	// Account is for whom the caller believes this to be: who authorises the call. Empty does not say; another one than who does is refused.
	Account string `json:"account,omitempty"`
}

// Sponsorship is what the platform and the network said to a SponsorRequest.
type Sponsorship struct {
	// Failure says why the call would fail; nothing was then submitted, and the other fields are empty.
	Failure *Failure `json:"failure,omitempty"`
	// Hash names what was submitted: of a fee bump its own hash.
	Hash   string          `json:"hash,omitempty"`
	State  SubmissionState `json:"state,omitempty"`
	Code   string          `json:"code,omitempty"`   // of a rejected one, as Submission's
	Detail string          `json:"detail,omitempty"` // the same
	Ledger Ledger          `json:"ledger"`
}

// FeeStats are the bids, in stroops above resources, of the contract calls in the last ledgers: the lowest, those that so many of a hundred did not
// exceed, and the highest. All are 0 if there were none.
type FeeStats struct {
	Min    int64  `json:"min,string"`
	P50    int64  `json:"p50,string"`
	P90    int64  `json:"p90,string"`
	P95    int64  `json:"p95,string"`
	P99    int64  `json:"p99,string"`
	Max    int64  `json:"max,string"`
	Ledger Ledger `json:"ledger"` // the newest one then
}

// TransactionState is what became of a transaction.
type TransactionState string

// The states of a transaction.
const (
	TransactionNotFound TransactionState = "not_found" // unknown: never submitted, or older than what the node keeps
	TransactionPending  TransactionState = "pending"   // submitted here, in no ledger yet
	TransactionExpired  TransactionState = "expired"   // submitted here, and its time is over: no ledger can include it any more
	TransactionIncluded TransactionState = "included"  // in a ledger, and it did what it should
	TransactionFailed   TransactionState = "failed"    // in a ledger, paid for, without effect
)

// Final tells whether the state can still change.
func (s TransactionState) Final() bool {
	return s == TransactionIncluded || s == TransactionFailed || s == TransactionExpired
}

// Transaction is what is known of a transaction.
type Transaction struct {
	Hash  string           `json:"hash"`
	State TransactionState `json:"state"`
	// Ledger is the one that includes it; zero in the other states.
	Ledger Ledger `json:"ledger"`
	// Order is its place among the transactions of that ledger, from 1.
	Order uint32 `json:"order,omitempty"`
	// FeeCharged is what it cost in stroops after the refund.
	FeeCharged int64 `json:"fee_charged,string,omitempty"`
	// Code is the result of a failed one: the transaction's, or of its operation: invoke_host_function_trapped …
	Code    string   `json:"code,omitempty"`
	Failure *Failure `json:"failure,omitempty"` // of a failed one, as far as the node tells
	Value   string   `json:"value,omitempty"`   // what the call returned (ScVal)
	Events  []string `json:"events,omitempty"`  // of the call (ContractEvent)
	Latest  Ledger   `json:"latest"`            // the newest ledger when this was asked
	// Oldest is the first ledger that whoever was asked still knows the transactions of: one that an earlier ledger has looks as if none had it.
	Oldest Ledger `json:"oldest"`
}

// Account is an account as a source of transactions.
type Account struct {
	Address  string `json:"address"`
	Exists   bool   `json:"exists"`
	Sequence int64  `json:"sequence,string"` // the last one used; the next transaction carries one more
	Balance  int64  `json:"balance,string"`  // XLM in stroops
	// Spendable is the balance without the reserve that must stay and what is promised in offers.
	Spendable int64  `json:"spendable,string"`
	Ledger    Ledger `json:"ledger"`
}

// HoldingKind is how an address holds an asset.
type HoldingKind string

// The ways to hold an asset.
const (
	HoldingNative    HoldingKind = "native"    // XLM of an account
	HoldingTrustline HoldingKind = "trustline" // an issued asset, by an account that trusts it
	HoldingIssuer    HoldingKind = "issuer"    // the asset's own issuer: it can always be paid, which destroys what is paid
	HoldingContract  HoldingKind = "contract"  // an entry of the asset's contract: contracts, and every holder of a token of another kind
)

// Holding tells whether an address can be paid in an asset.
type Holding struct {
	Asset  string      `json:"asset"`
	Holder string      `json:"holder"`
	Kind   HoldingKind `json:"kind"`
	// Exists is false for an account that does not exist or trusts no such asset: it cannot be paid until it does. A contract without
	// an entry can be paid: the payment makes the entry.
	Exists bool `json:"exists"`
	// Authorized is false while the issuer has frozen the holding (or has not yet allowed it).
	Authorized bool `json:"authorized"`
	// Clawback tells whether the issuer can take the holding back.
	Clawback bool `json:"clawback"`
	// Balance is the holding; Spendable what of it may leave; Receivable how much more fits. Of an asset of another kind than a Stellar
	// asset only Balance is known; Receivable is then the largest amount. All are in the asset's smallest part.
	Balance    string `json:"balance"`
	Spendable  string `json:"spendable"`
	Receivable string `json:"receivable"`
	Ledger     Ledger `json:"ledger"`
}

// AssetKind is what stands behind an asset's address.
type AssetKind string

// The kinds of asset.
const (
	AssetNone    AssetKind = "none"    // no contract is there, or none that answers as a token (SEP-41) does
	AssetStellar AssetKind = "stellar" // the built-in contract of an issued asset or of XLM: its behaviour is the network's
	AssetToken   AssetKind = "token"   // a contract of somebody: it may behave as it likes
)

// Asset is what stands behind an asset's address.
type Asset struct {
	Address  string    `json:"address"`
	Kind     AssetKind `json:"kind"`
	Code     string    `json:"code,omitempty"`   // USDC; XLM for the native one
	Issuer   string    `json:"issuer,omitempty"` // of an issued asset
	Name     string    `json:"name,omitempty"`   // what the contract calls itself; anyone can write anything here
	Symbol   string    `json:"symbol,omitempty"` // the same
	Decimals uint32    `json:"decimals"`
	// Of an issued asset, what its issuer may do at present: hold payments back until it has allowed the holder, freeze, take back.
	AuthRequired  bool `json:"auth_required"`
	AuthRevocable bool `json:"auth_revocable"`
	Clawback      bool `json:"clawback"`
	// Problem says why Kind is none.
	Problem string `json:"problem,omitempty"`
	Ledger  Ledger `json:"ledger"`
}
