package sim

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"time"

	protocol "github.com/stellar/go-stellar-sdk/protocols/rpc"
	"github.com/stellar/go-stellar-sdk/strkey"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/feed"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer/source/files"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/ledger"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
	"github.com/Abdullahi130/StellarEscrow/internal/store/sqlite"
)

// How many chains there are, whatever the number of worlds, so that a seed always means the same world; and how long one is.
const (
	chainCount   = 4
	chainLedgers = 120
	firstLedger  = ledger.FirstLedger
)

// chain is a network's history, as nodes give it, and what an indexer holds that has read it undisturbed.
type chain struct {
	network   stellar.Network
	contracts []indexer.Contract
	ledgers   []recorded // ledger firstLedger+i at i
	folder    string     // with its ledger files
	want      contents
}

// recorded is a ledger as answers name it.
type recorded struct {
	info   protocol.LedgerInfo
	latest protocol.GetLatestLedgerResponse
	events []event
}

type event struct {
	contract string
	id       protocol.Cursor
	text     json.RawMessage
}

func (c *chain) newest() uint32 { return firstLedger + uint32(len(c.ledgers)) - 1 }

func (c *chain) at(seq uint32) *recorded { return &c.ledgers[seq-firstLedger] }

// chains are each made when it is asked for first. What they keep on disk is in folders, which TestMain makes and takes away.
var (
	chains  = makers()
	folders string
)

func makers() (all [chainCount]func() (*chain, error)) {
	for i := range all {
		all[i] = sync.OnceValues(func() (*chain, error) { return newChain(context.Background(), uint64(i)) })
	}
	return all
}

func newChain(ctx context.Context, seed uint64) (*chain, error) {
	p, err := newPeople(ctx, seed)
	if err == nil {
		err = p.live(ctx, chainLedgers)
	}
	if err != nil {
		return nil, fmt.Errorf("chain %d: %w", seed, err)
	}
	c := &chain{network: p.network, folder: filepath.Join(folders, fmt.Sprint("ledgers-", seed))}
	for _, at := range p.places {
		c.contracts = append(c.contracts, indexer.Contract{Address: at.address, Start: at.ledger})
	}
	for _, m := range p.metas {
		r, err := record(m)
		if err != nil {
			return nil, err
		}
		c.ledgers = append(c.ledgers, r)
	}
	if err := c.keepFiles(ctx); err != nil {
		return nil, err
	}
	c.want, err = c.undisturbed(ctx, filepath.Join(folders, fmt.Sprint("undisturbed-", seed, ".db")))
	return c, err
}

func record(m xdr.LedgerCloseMeta) (r recorded, err error) {
	entry := m.LedgerHeaderHistoryEntry()
	var texts [3]string
	var errs [3]error
	texts[0], errs[0] = xdr.MarshalBase64(entry)
	texts[1], errs[1] = xdr.MarshalBase64(entry.Header)
	texts[2], errs[2] = xdr.MarshalBase64(m)
	r.info = protocol.LedgerInfo{Hash: entry.Hash.HexString(), Sequence: m.LedgerSequence(), LedgerCloseTime: m.LedgerCloseTime(), LedgerHeader: texts[0], LedgerMetadata: texts[2]}
	r.latest = protocol.GetLatestLedgerResponse{Hash: r.info.Hash, ProtocolVersion: m.ProtocolVersion(), Sequence: r.info.Sequence, LedgerCloseTime: r.info.LedgerCloseTime,
		LedgerHeader: texts[1]} // its meta nobody reads
	for _, e := range ledger.Events(m) {
		if !e.Successful || e.Event.ContractId == nil {
			continue
		}
		one := event{contract: strkey.MustEncode(strkey.VersionByteContract, e.Event.ContractId[:]), id: protocol.Cursor{Ledger: e.At.Ledger, Tx: e.At.Tx, Op: e.At.Op, Event: e.At.Index}}
		info := protocol.EventInfo{EventType: protocol.EventTypeContract, Ledger: int32(e.At.Ledger), LedgerClosedAt: time.Unix(e.CloseTime, 0).UTC().Format(time.RFC3339),
			ContractID: one.contract, ID: one.id.String(), OpIndex: e.At.Op, TxIndex: e.At.Tx, TransactionHash: e.Tx.HexString()}
		for _, topic := range e.Event.Body.V0.Topics {
			text, err := xdr.MarshalBase64(topic)
			if err != nil {
				return r, err
			}
			info.TopicXDR = append(info.TopicXDR, text)
		}
		var err error
		if info.ValueXDR, err = xdr.MarshalBase64(e.Event.Body.V0.Data); err != nil {
			return r, err
		}
		if one.text, err = json.Marshal(info); err != nil {
			return r, err
		}
		r.events = append(r.events, one)
	}
	return r, errors.Join(errs[:]...)
}

// keepFiles writes the chain's ledger files.
func (c *chain) keepFiles(ctx context.Context) error {
	client, err := rpc.New(rpc.Config{URL: "http://recorder", Network: c.network, HTTP: wire{newReplay(c, 1000)}})
	if err != nil {
		return err
	}
	newest, err := files.Record(ctx, c.network, c.folder, files.NewLayout(c.network.Passphrase()), client, 1, c.newest())
	if err == nil && newest != c.newest() {
		err = fmt.Errorf("recorded to ledger %d of %d", newest, c.newest())
	}
	return err
}

// undisturbed is what an indexer holds that reads the chain from one good node.
func (c *chain) undisturbed(ctx context.Context, path string) (contents, error) {
	s, err := sqlite.Open(ctx, path)
	if err != nil {
		return contents{}, err
	}
	client, err := rpc.New(rpc.Config{URL: "http://good", Network: c.network, HTTP: wire{newReplay(c, 1000)}})
	if err != nil {
		return contents{}, err
	}
	x, err := indexer.New(indexer.Config{Network: c.network, Contracts: c.contracts, Source: client, Store: s, Bus: feed.NewBus(0), Now: time.Now, Poll: time.Millisecond})
	if err != nil {
		return contents{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- x.Run(ctx) }()
	_, err = x.WaitLedger(ctx, c.newest())
	cancel()
	err = errors.Join(err, <-done)
	got := contents{}
	if err == nil {
		got, err = read(context.WithoutCancel(ctx), s)
	}
	return got, errors.Join(err, s.Close())
}

// contents is all that a store has read of a chain.
type contents struct {
	state     store.State
	events    []store.Event
	feed      []feed.Entry
	contracts []store.Contract
}

func read(ctx context.Context, s engine) (c contents, err error) {
	if c.state, err = store.StateHash(ctx, s); err != nil {
		return c, err
	}
	if c.contracts, err = s.Contracts(ctx, "", store.MaxPage); err != nil {
		return c, err
	}
	page := store.Page{Limit: store.MaxPage}
	for more := true; more; {
		list, err := s.Events(ctx, store.EventFilter{Page: page})
		if err != nil {
			return c, err
		}
		if c.events, more = append(c.events, list...), len(list) == page.Limit; more {
			page.After = list[len(list)-1].ID
		}
	}
	for more := true; more; {
		list, err := s.FeedEntries(ctx, int64(len(c.feed)), store.MaxPage)
		if err != nil {
			return c, err
		}
		c.feed, more = append(c.feed, list...), len(list) == store.MaxPage
	}
	return c, nil
}

func eventIDs(list []store.Event) []string {
	all := make([]string, len(list))
	for i, e := range list {
		all[i] = string(e.ID)
	}
	return all
}
