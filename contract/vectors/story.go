package vectors

// Names of addresses that stand in every story without being listed among its actors.
const (
	Admin    = "admin"
	Receiver = "receiver" // of the fees
	Contract = "contract"
	Token    = "token"
	Nobody   = "nobody" // signs nothing
)

// Answers that are not names of errors.
const (
	OK           = "ok"
	Unauthorized = "unauthorized"
)

// Story is one parsed file, defaults filled in.
type Story struct {
	Name     string // GROUP/NAME
	About    string
	Covers   []string
	Actors   []string // Admin and Receiver included
	Platform Platform
	Balances map[string]Amount // at the start; who is not named has 0
	Terms    map[string]Terms
	Steps    []Step
}

// Platform is what the contract is deployed with; its admin is Admin, its receiver Receiver.
type Platform struct {
	FeeBps uint32 `json:"fee_bps"`
	Limits Limits `json:"limits"`
}

// Limits are the page's, in seconds.
type Limits struct {
	AppealMax     uint64 `json:"appeal_max"`
	AppealMin     uint64 `json:"appeal_min"`
	FeeDelay      uint64 `json:"fee_delay"`
	InspectionMax uint64 `json:"inspection_max"`
	InspectionMin uint64 `json:"inspection_min"`
	LongestLife   uint64 `json:"longest_life"`
	MinDelivery   uint64 `json:"min_delivery"`
	OffersMax     uint64 `json:"offers_max"`
	OffersMin     uint64 `json:"offers_min"`
	RulingMax     uint64 `json:"ruling_max"`
	RulingMin     uint64 `json:"ruling_min"`
}

// Terms are the page's; addresses are names.
type Terms struct {
	Buyer, Seller, Asset string
	Milestones           []Milestone
	FundBy               Time
	Inspection           uint64
	Windows              Windows
	Panel, AppealPanel   Panel
	Bond, ArbitrationFee Amount
	FallbackPpm, FeeBps  uint32
	TermsHash, Salt      Hash
}

// Milestone is the page's.
type Milestone struct {
	Amount      Amount
	DeliverBy   Time
	Description Hash
}

// Windows are the page's, in seconds.
type Windows struct {
	Offers uint64 `json:"offers"`
	Ruling uint64 `json:"ruling"`
	Appeal uint64 `json:"appeal"`
}

// Panel is the page's; arbitrators are names.
type Panel struct {
	Arbitrators []string
	Quorum      uint32
}

// Step is a call or an act of the world: exactly one of Call and World is set.
type Step struct {
	Note  string
	At    Time
	Call  *Call
	World *World
	Want  Want
}

// Call is one call of the contract.
type Call struct {
	At      uint64 // unix seconds; set by Run, from the step's time and the driver's start
	As      string // who signs, or Nobody
	Name    string // the function
	Trade   string // the trade's name, "" for functions without one
	Terms   *Terms // that trade's terms
	Args    Args
	Deposit Amount // the transfer to the contract that As signs below the call; "" is none
}

// Args are the arguments of all functions; a call uses those that the README lists for it, and no others are set.
type Args struct {
	By           *uint32     `json:"by"` // nil is None, for cancel
	Milestone    uint32      `json:"milestone"`
	Milestones   []uint32    `json:"milestones"`
	Amount       Amount      `json:"amount"`
	Of           Amount      `json:"of"`
	SellerAmount Amount      `json:"seller_amount"`
	Proof        Hash        `json:"proof"`
	Reason       Hash        `json:"reason"`
	Hash         Hash        `json:"hash"`
	Rulings      [][2]uint32 `json:"rulings"` // milestone, seller_ppm
	Push         bool        `json:"push"`
	Role         uint32      `json:"role"`
	To           string      `json:"to"`
	Asset        string      `json:"asset"`
	Bps          uint32      `json:"bps"`
	Receiver     string      `json:"receiver"`
	Key          string      `json:"key"`
	Seq          uint64      `json:"seq"`
	Deploy       Platform    `json:"-"` // of deploy: the story's platform with the call's changes
	FeeReceiver  string      `json:"-"` // of deploy: Receiver unless said; Contract is the one that is deployed
}

// World is an act outside the contract, done by the fixture token.
type World struct {
	At     uint64 // unix seconds; set by Run
	Act    string // block, freeze, tax, seize or mint
	Actor  string
	On     bool
	Bps    uint32
	Amount Amount
}

// Want is what must be seen after a step. What is not said has not changed; no events are said means none were written.
type Want struct {
	Answer   string
	Returns  any // nil when the story does not say
	Balances map[string]Amount
	Owed     *Owed
	Events   [][]any // as written in the story
}

// Owed is the contract's owed(token).
type Owed struct {
	Total Amount `json:"total"`
	Fees  Amount `json:"fees"`
}
