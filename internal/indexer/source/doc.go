// Package source gives the indexer its events from whole ledgers, as Stellar RPC's getEvents would have given them: the same ids, bytes and
// pages. Where the ledgers come from is the business of whoever hands them in, a node (Ledgers) or recorded files (folder files); what to do
// when one node fails is that of folder pool.
//
// A ledger's header is hashed anew, and so are its transactions, their results and the events of contract calls, which the results hold a
// hash of. As each header names the one before, nothing can be left out, put in or changed without showing.
package source
