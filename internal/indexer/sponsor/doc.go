// Package sponsor has the platform pay for what traders do, so that they need no XLM. A call that its trader has authorised apart is sent by one
// of a pool of channel accounts, each used by one call at a time among all replicas, so that many run at once and no two want the same
// sequence number; a transaction that a trader has signed is sent as it is. The fee account pays for both by fee bumps.
//
// It pays for functions that traders call, of followed contracts, in assets that are listed, never where an account of the platform's
// takes part (docs/contract-attacks.md E1), and within limits: a ceiling for each transaction, rent included, and for each day in all, for
// whoever authorises the call, and for calls that nobody authorises together (docs/contract-attacks.md E9).
//
// What may be paid is taken from the day's limits before anything is sent, and corrected when a ledger has charged it. What a process that
// died has not corrected stays taken at its most until the day is over; so does the channel account it used until its lease ends, a little
// after the transaction's time.
package sponsor
