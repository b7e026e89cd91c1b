package escrow

// TermsOf are the terms that a call carries; false for a call without.
func TermsOf(call Call) (Terms, bool) {
	switch c := call.(type) {
	case CallOpen:
		return c.Terms, true
	case CallAccept:
		return c.Terms, true
	case CallFund:
		return c.Terms, true
	case CallCancel:
		return c.Terms, true
	case CallDeliver:
		return c.Terms, true
	case CallRelease:
		return c.Terms, true
	case CallRefund:
		return c.Terms, true
	case CallSettle:
		return c.Terms, true
	case CallDispute:
		return c.Terms, true
	case CallOffer:
		return c.Terms, true
	case CallAcceptOffer:
		return c.Terms, true
	case CallEvidence:
		return c.Terms, true
	case CallRule:
		return c.Terms, true
	case CallAppeal:
		return c.Terms, true
	case CallClaim:
		return c.Terms, true
	}
	return Terms{}, false
}
