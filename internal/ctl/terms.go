package ctl

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/cli"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
)

// termsCommand finds the terms of a trade in what the contract published when it was opened. It needs neither the api nor the store, and with
// --ledgers no node either.
type termsCommand struct {
	passphraseFlag `embed:""`
	contractFlag   `embed:""`
	ID             string   `arg:"" help:"The trade's id, 64 hex digits."`
	RPC            string   `name:"rpc" env:"STELLAR_RPC_URL" help:"URL of a Stellar RPC node; not needed with --ledgers." placeholder:"URL"`
	From           uint32   `help:"Ledger to begin with; the oldest that the node keeps if it is not given."`
	Ledgers        []string `help:"Files of ledgers (LedgerCloseMeta, as a core streams them) to read instead of asking the node." type:"existingfile" placeholder:"FILE"`
}

// shownTerms are terms in both forms: to be read, and to be passed on to the contract.
type shownTerms struct {
	ID    escrow.ID    `json:"id"`
	Terms escrow.Terms `json:"terms"`
	XDR   string       `json:"xdr"`
}

var (
	errNoTerms = errors.New("no such trade was opened there")
	// errFuture: nothing was looked at, so nothing is known of the trade.
	errFuture = errors.New("in the future")
)

func (c *termsCommand) run(ctx context.Context, out io.Writer) error {
	contract, err := c.address()
	if err != nil {
		return err
	}
	id, err := stellar.ParseHash(c.ID)
	if err != nil {
		return fmt.Errorf("%w: the trade's id: %w", cli.ErrUsage, err)
	}
	network, err := c.network()
	if err != nil {
		return err
	}
	search := finding{network: network, contract: contract, id: escrow.ID(id)}
	if err := c.search(ctx, &search); err != nil {
		return fmt.Errorf("terms of trade %s: %w", id, err)
	}
	value, err := stellar.EncodeTerms(*search.terms)
	if err != nil {
		return err
	}
	text, err := stellar.Encode(value)
	if err != nil {
		return err
	}
	enc := json.NewEncoder(out)
	enc.SetIndent("", "  ")
	return enc.Encode(shownTerms{search.id, *search.terms, text})
}

func (c *termsCommand) search(ctx context.Context, f *finding) error {
	if len(c.Ledgers) > 0 {
		return f.files(c.Ledgers)
	}
	if c.RPC == "" {
		return fmt.Errorf("%w: name a node (--rpc) or ledger files (--ledgers)", cli.ErrUsage)
	}
	client, err := connect(ctx, c.passphraseFlag, c.RPC)
	if err != nil {
		return err
	}
	return f.node(ctx, client, c.From)
}

// finding looks for terms whose hash is the id: an event that lies about its terms is passed over.
type finding struct {
	network  stellar.Network
	contract stellar.Address
	id       escrow.ID
	terms    *escrow.Terms
}

func (f *finding) take(e xdr.ContractEvent) bool {
	event, err := stellar.DecodeEvent(f.contract, e)
	if err != nil {
		return false // another contract's, or of a newer one: not what is looked for
	}
	opened, ok := event.Event.(escrow.Opened)
	if !ok || event.Trade == nil || *event.Trade != f.id {
		return false
	}
	id, err := stellar.TermsID(f.network, f.contract, opened.Terms)
	if err != nil || id != f.id {
		return false
	}
	f.terms = &opened.Terms
	return true
}

func (f *finding) node(ctx context.Context, c *rpc.Client, from uint32) error {
	kept, err := c.Range(ctx)
	if err != nil {
		return err
	}
	if from > kept.Latest.Sequence {
		return fmt.Errorf("--from: ledger %d is %w, the node's latest is %d", from, errFuture, kept.Latest.Sequence)
	}
	from = max(from, kept.Oldest.Sequence)
	at := rpc.From{Ledger: from}
	for {
		page, err := c.Events(ctx, at, []stellar.Address{f.contract}, rpc.MaxEvents)
		if err != nil {
			return err
		}
		for _, e := range page.Events {
			if f.take(e.Event) {
				return nil
			}
		}
		if page.Cursor == "" || page.Cursor == at.Cursor || len(page.Events) == 0 && passed(page.Cursor, page.Kept.Latest.Sequence) {
			return fmt.Errorf("%w: ledgers %d to %d were read, the node keeps those from %d on; older ones are in ledger files, see --ledgers",
				errNoTerms, from, page.Kept.Latest.Sequence, kept.Oldest.Sequence)
		}
		at = rpc.From{Cursor: page.Cursor}
	}
}

// passed tells whether a cursor has passed a ledger: the number of an id begins with it.
func passed(cursor string, ledger uint32) bool {
	var toid int64
	if _, err := fmt.Sscanf(cursor, "%d-", &toid); err != nil {
		return true
	}
	return uint32(toid>>32) >= ledger
}

// maxRecord bounds one ledger in a file, in bytes.
const maxRecord = 256 << 20

func (f *finding) files(paths []string) error {
	for _, path := range paths {
		if err := f.file(path); err != nil || f.terms != nil {
			return err
		}
	}
	// The files do not say of which network they are, and the trade's id is made of that.
	return fmt.Errorf("%w: %d files read, as ledgers of %q", errNoTerms, len(paths), f.network.Passphrase())
}

// file reads a stream of LedgerCloseMeta, each behind the four bytes of its length (RFC 5531 record marking, one fragment a record).
func (f *finding) file(path string) error {
	in, err := os.Open(path)
	if err != nil {
		return err
	}
	defer in.Close() // read only: nothing can be lost
	r := bufio.NewReader(in)
	for n := 1; ; n++ {
		var mark [4]byte
		if _, err := io.ReadFull(r, mark[:]); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("%s: record %d: %w", path, n, err)
		}
		size := binary.BigEndian.Uint32(mark[:])
		if size&(1<<31) == 0 || size&^(1<<31) > maxRecord {
			return fmt.Errorf("%s: record %d does not begin with its length: is it a stream of LedgerCloseMeta, not compressed?", path, n)
		}
		raw := make([]byte, size&^(1<<31))
		if _, err := io.ReadFull(r, raw); err != nil {
			return fmt.Errorf("%s: record %d: %w", path, n, err)
		}
		var meta xdr.LedgerCloseMeta
		if err := meta.UnmarshalBinary(raw); err != nil {
			return fmt.Errorf("%s: record %d is no LedgerCloseMeta: %w", path, n, err)
		}
		if f.ledger(meta) {
			return nil
		}
	}
}

// ledger looks at the events of every successful transaction of a ledger.
func (f *finding) ledger(meta xdr.LedgerCloseMeta) bool {
	for i := range meta.CountTransactions() {
		changes := meta.TxApplyProcessing(i)
		events, err := changes.GetContractEventsForOperation(0) // a Soroban transaction has one
		if err != nil {
			continue // no Soroban transaction
		}
		for _, e := range events {
			if f.take(e) {
				return true
			}
		}
	}
	return false
}
