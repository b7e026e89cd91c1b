package api

import "time"

// Every queue, wait, list and body of this package ends at one of these, or at the bound in its field's tags (a page: 100), which the OpenAPI document shows.
const (
	maxBodyBytes = 1 << 20

	bodyReadTimeout = 15 * time.Second
	handleTimeout   = 30 * time.Second // the work itself, without the wait the client asked for

	maxWait     = 30 * time.Second // of ?wait= and Prefer: wait=
	defaultWait = 5 * time.Second  // of ?min_ledger= without Prefer
	pollEvery   = 50 * time.Millisecond

	maxBehind = 12 // ledgers that reads may be behind the network without being unready: a minute's

	maxPrepared = 10_000 // transactions remembered by this process
	maxAssets   = 1_000  // whose decimals are remembered
	maxDecimals = 38     // of an asset: what an amount has digits for

	defaultValid = 10 * time.Minute // of a prepared transaction
	minValid     = 30 * time.Second
	maxValid     = time.Hour

	smallChange = 1_0000000 // stroops of XLM for resources that a summary need not speak of

	maxDepth       = 16  // of lists and objects in a body
	maxFieldErrors = 50  // of one problem
	maxEchoBytes   = 100 // of a bad value repeated in a problem
)
