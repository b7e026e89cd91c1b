package api

import (
	"net/http"
	"strings"
	"unicode"
)

// refusal is one error code of the contract (docs/contract.md, Errors) as this API says it.
type refusal struct {
	Code  uint32
	Name  string
	Title string
	Next  string
}

// refusals is the contract's table, in its order. A test compares numbers and names with the page.
func refusals() []refusal {
	const outside = "read limits in /v1/platform and choose a value inside them"
	return []refusal{
		{1, "NotFound", "no trade has these terms", "use the exact terms from /v1/trades/{id}/terms"},
		{2, "AlreadyOpened", "these terms have been opened before", "read that trade; for another trade with equal terms leave the salt out, so that a new one is made"},
		{3, "NotParty", "this address or role may not do this", "act as a party of the trade: its roles stand in /v1/trades/{id}"},
		{4, "WrongStage", "this is not possible in the present stage", "read next in /v1/trades/{id}: what can be done now, and by whom"},
		{5, "NotDue", "nothing is due yet", "read deadlines in /v1/trades/{id}: what the clock does next, and when"},
		{6, "NoSuchMilestone", "the trade has no such milestone", "name a milestone from 0 to one less than their number"},
		{7, "AmountOutOfRange", "the amount is out of range", "choose an amount up to what is left or parked: an offer from 0, everything else from the asset's smallest part"},
		{8, "PartInDispute", "in a dispute parts are neither released nor refunded", "give all that is left; until it is due a split can be offered"},
		{9, "LeftChanged", "what is left has changed", "read left of the milestone in /v1/trades/{id}, and offer or accept with that"},
		{10, "NoOffer", "the other side has no standing offer that says exactly this", "read offers of the milestone in /v1/trades/{id}: one ends with the phase it was made in, and when something else is left"},
		{11, "NotArbitrator", "this address holds no seat on the panel that hears this", "vote with a seat of the panel named by the milestone's phase"},
		{12, "AlreadyVoted", "this seat has voted on this milestone", "nothing is left to do: a vote is cast once"},
		{13, "EmptyList", "no milestone is named", "name at least one milestone"},
		{14, "DepositNotReceived", "the deposit did not arrive in full", "see that who deposits has enough of the asset, is not frozen and has signed; if so, the asset's contract pays less than it says: trade in another"},
		{15, "Shortage", "the contract holds less of this asset than it owes", "wait until the shortage is healed; no new money comes in before"},
		{16, "TransferFailed", "the asset's contract refused the payment", "check that the receiver can hold the asset (trustline, not frozen), or claim to another address"},
		{17, "NothingToCollect", "no fees are booked in this asset", "nothing is left to do"},
		{18, "ForbiddenTarget", "payments to the contract or to the asset itself are refused", "claim to an address of yours; fees in an asset that is their receiver wait for another receiver"},
		{19, "Paused", "the platform takes no new trades or deposits now", "wait; cancelling, and everything after funding, goes on as before"},
		{20, "SameRole", "an address holds two roles", "name a different address for each role"},
		{21, "ForbiddenRole", "a role is held by the contract or by the asset", "name the people who trade and judge"},
		{22, "MilestoneCount", "a trade has 1 to 20 milestones", "merge or split the milestones"},
		{23, "BadAmount", "a milestone's amount is below 1", "choose a positive amount"},
		{24, "BadBond", "the bond is negative", "choose a bond of 0 or more"},
		{25, "BadArbitrationFee", "the arbitration fee is negative or above the bond", "choose a fee from 0 to the bond"},
		{26, "TotalTooLarge", "amounts and bond together are too large", "trade less than 2^63 of the asset's smallest parts"},
		{27, "PanelSize", "a panel has 0, 1, 3, 5 or 7 arbitrators", "add or remove arbitrators"},
		{28, "BadQuorum", "the quorum is not a majority of its panel", "leave quorum out: it is then the smallest majority"},
		{29, "AppealWithoutPanel", "an appeal panel needs a panel", "name a panel, or drop the appeal panel"},
		{30, "BadPpm", "more than 1,000,000 ppm", "choose 0 to 1,000,000; it is the seller's part"},
		{31, "FeeMismatch", "the fee is not the platform's current one", "leave fee_bps out, or take it from /v1/platform"},
		{32, "FundByPast", "fund_by is not in the future", "choose a later fund_by"},
		{33, "DeliverByTooNear", "a deliver_by is too near to fund_by", "choose a later deliver_by: min_delivery stands in /v1/platform"},
		{34, "BadInspection", "the inspection time is out of bounds", outside},
		{35, "BadOffersWindow", "the window for offers is out of bounds", outside},
		{36, "BadRulingWindow", "the window for rulings is out of bounds", outside},
		{37, "BadAppealWindow", "the window for appeals is out of bounds", outside},
		{38, "LifeTooLong", "the last deadline is too far away", "choose earlier deadlines or shorter windows: longest_life stands in /v1/platform"},
		{40, "FeeAboveCap", "the fee is above 100 bps", "an admin's call: use escrowctl"},
		{41, "BadLimits", "the limits contradict each other", "an operator's call: use escrowctl"},
		{42, "NoPendingFee", "no fee change is pending", "an admin's call: use escrowctl"},
		{43, "NoPendingAdmin", "no new admin is proposed", "an admin's call: use escrowctl"},
		{44, "NoAnchorKey", "no anchor key is named", "an admin's call: use escrowctl"},
		{45, "AnchorNotNewer", "the sequence is not above the last one", "an operator's call: use escrowctl"},
		{46, "ForbiddenReceiver", "the fee's receiver would be the contract itself", "an admin's call: use escrowctl, and name somebody who can be paid"},
		{47, "WrongRulebook", "another contract's code stands at the rulebook's address than the escrow names", "an operator's call: use escrowctl contract deploy"},
	}
}

// kind is the problem that says this refusal.
func (r refusal) kind() kind { return kind{kebab(r.Name), http.StatusConflict, r.Title, r.Next} }

func refusalByCode(code uint32) (refusal, bool) {
	for _, r := range refusals() {
		if r.Code == code {
			return r, true
		}
	}
	return refusal{}, false
}

// kebab writes WrongStage as wrong-stage.
func kebab(name string) string {
	var b strings.Builder
	for i, r := range name {
		if unicode.IsUpper(r) && i > 0 {
			b.WriteByte('-')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}
