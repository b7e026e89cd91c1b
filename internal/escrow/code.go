package escrow

import (
	"errors"
	"fmt"
)

// Code is the contract's number for why it refused, and a sentinel: errors.Is(err, escrow.ErrNotParty). Numbers are never reused.
type Code uint32

// The codes, as docs/contract.md says when each is given.
const (
	ErrNotFound           Code = 1
	ErrAlreadyOpened      Code = 2
	ErrNotParty           Code = 3
	ErrWrongStage         Code = 4
	ErrNotDue             Code = 5
	ErrNoSuchMilestone    Code = 6
	ErrAmountOutOfRange   Code = 7
	ErrPartInDispute      Code = 8
	ErrLeftChanged        Code = 9
	ErrNoOffer            Code = 10
	ErrNotArbitrator      Code = 11
	ErrAlreadyVoted       Code = 12
	ErrEmptyList          Code = 13
	ErrDepositNotReceived Code = 14
	ErrShortage           Code = 15
	ErrTransferFailed     Code = 16
	ErrNothingToCollect   Code = 17
	ErrForbiddenTarget    Code = 18
	ErrPaused             Code = 19
	ErrSameRole           Code = 20
	ErrForbiddenRole      Code = 21
	ErrMilestoneCount     Code = 22
	ErrBadAmount          Code = 23
	ErrBadBond            Code = 24
	ErrBadArbitrationFee  Code = 25
	ErrTotalTooLarge      Code = 26
	ErrPanelSize          Code = 27
	ErrBadQuorum          Code = 28
	ErrAppealWithoutPanel Code = 29
	ErrBadPpm             Code = 30
	ErrFeeMismatch        Code = 31
	ErrFundByPast         Code = 32
	ErrDeliverByTooNear   Code = 33
	ErrBadInspection      Code = 34
	ErrBadOffersWindow    Code = 35
	ErrBadRulingWindow    Code = 36
	ErrBadAppealWindow    Code = 37
	ErrLifeTooLong        Code = 38
	ErrFeeAboveCap        Code = 40
	ErrBadLimits          Code = 41
	ErrNoPendingFee       Code = 42
	ErrNoPendingAdmin     Code = 43
	ErrNoAnchorKey        Code = 44
	ErrAnchorNotNewer     Code = 45
	ErrForbiddenReceiver  Code = 46
	ErrWrongRulebook      Code = 47
)

// String is the code's name on the page, "NotParty".
func (c Code) String() string {
	if e, ok := codes[c]; ok {
		return e.name
	}
	return fmt.Sprintf("Code(%d)", uint32(c))
}

// Error says in lower case what was wrong.
func (c Code) Error() string {
	if e, ok := codes[c]; ok {
		return e.says
	}
	return fmt.Sprintf("unknown code %d", uint32(c))
}

// Codes returns every code there is, in order.
func Codes() []Code {
	out := make([]Code, 0, len(codes))
	for c := ErrNotFound; c <= ErrWrongRulebook; c++ {
		if _, ok := codes[c]; ok {
			out = append(out, c)
		}
	}
	return out
}

// Refusal is the contract's answer to a call it does not carry out; nothing has changed. It unwraps to its Code.
type Refusal struct {
	Code Code
	Why  string // what was wrong in this call, for people; may be empty
}

func (r *Refusal) Error() string {
	if r.Why == "" {
		return r.Code.Error()
	}
	return r.Code.Error() + ": " + r.Why
}

// Unwrap returns the Code.
func (r *Refusal) Unwrap() error { return r.Code }

// ErrUnauthorized is what the host answers for the contract where somebody's signature is missing. It has no code.
var ErrUnauthorized = errors.New("unauthorized: a signature is missing")

// refuse builds a refusal; the format may be empty.
func refuse(c Code, format string, args ...any) error {
	return &Refusal{Code: c, Why: fmt.Sprintf(format, args...)}
}

type codeText struct{ name, says string }

var codes = map[Code]codeText{
	ErrNotFound:           {"NotFound", "no trade has been opened with exactly these terms"},
	ErrAlreadyOpened:      {"AlreadyOpened", "these terms have been opened before: take another salt"},
	ErrNotParty:           {"NotParty", "this role may not do this"},
	ErrWrongStage:         {"WrongStage", "not at this stage of the trade"},
	ErrNotDue:             {"NotDue", "nothing is due yet"},
	ErrNoSuchMilestone:    {"NoSuchMilestone", "the terms have no such milestone"},
	ErrAmountOutOfRange:   {"AmountOutOfRange", "the amount is out of range"},
	ErrPartInDispute:      {"PartInDispute", "in a dispute only all that is left can be given: offer a part instead"},
	ErrLeftChanged:        {"LeftChanged", "what is left is not what the offer names"},
	ErrNoOffer:            {"NoOffer", "the other side has no standing offer that says exactly this"},
	ErrNotArbitrator:      {"NotArbitrator", "no seat on the panel that is hearing"},
	ErrAlreadyVoted:       {"AlreadyVoted", "this seat has voted on this milestone"},
	ErrEmptyList:          {"EmptyList", "no milestone was named"},
	ErrDepositNotReceived: {"DepositNotReceived", "the deposit did not arrive in full"},
	ErrShortage:           {"Shortage", "the contract holds less of the asset than it owes: no new money is taken"},
	ErrTransferFailed:     {"TransferFailed", "the token refused to pay"},
	ErrNothingToCollect:   {"NothingToCollect", "no fees are booked in this asset"},
	ErrForbiddenTarget:    {"ForbiddenTarget", "money cannot be sent there"},
	ErrPaused:             {"Paused", "new trades are paused"},
	ErrSameRole:           {"SameRole", "an address holds two roles"},
	ErrForbiddenRole:      {"ForbiddenRole", "the contract and the asset can hold no role"},
	ErrMilestoneCount:     {"MilestoneCount", "a trade has 1 to 20 milestones"},
	ErrBadAmount:          {"BadAmount", "a milestone's amount is below 1"},
	ErrBadBond:            {"BadBond", "the bond is negative"},
	ErrBadArbitrationFee:  {"BadArbitrationFee", "the arbitration fee is negative or above the bond"},
	ErrTotalTooLarge:      {"TotalTooLarge", "amounts and bond together are above 2^63-1"},
	ErrPanelSize:          {"PanelSize", "a panel has 0, 1, 3, 5 or 7 arbitrators"},
	ErrBadQuorum:          {"BadQuorum", "the quorum is not a majority of its panel"},
	ErrAppealWithoutPanel: {"AppealWithoutPanel", "an appeal panel needs a panel"},
	ErrBadPpm:             {"BadPpm", "more than 1,000,000 parts per million"},
	ErrFeeMismatch:        {"FeeMismatch", "the fee is not the platform's current one"},
	ErrFundByPast:         {"FundByPast", "fund_by is not in the future"},
	ErrDeliverByTooNear:   {"DeliverByTooNear", "a deliver_by is too near to fund_by"},
	ErrBadInspection:      {"BadInspection", "the inspection is outside its limits"},
	ErrBadOffersWindow:    {"BadOffersWindow", "the offers window is outside its limits"},
	ErrBadRulingWindow:    {"BadRulingWindow", "the ruling window is outside its limits"},
	ErrBadAppealWindow:    {"BadAppealWindow", "the appeal window is outside its limits"},
	ErrLifeTooLong:        {"LifeTooLong", "the last deadline is too far away"},
	ErrFeeAboveCap:        {"FeeAboveCap", "the fee is above 100 basis points"},
	ErrBadLimits:          {"BadLimits", "the limits contradict themselves"},
	ErrNoPendingFee:       {"NoPendingFee", "no fee is pending"},
	ErrNoPendingAdmin:     {"NoPendingAdmin", "no handover is pending"},
	ErrNoAnchorKey:        {"NoAnchorKey", "no anchor key has been named"},
	ErrAnchorNotNewer:     {"AnchorNotNewer", "the sequence is not above the last one anchored"},
	ErrForbiddenReceiver:  {"ForbiddenReceiver", "the contract cannot be the receiver of its own fees"},
	ErrWrongRulebook:      {"WrongRulebook", "another contract's code stands at the rulebook's address than the escrow names"},
}
