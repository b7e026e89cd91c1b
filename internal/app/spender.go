package app

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer/keeper"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer/payer"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer/relayserver"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer/signer"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer/sponsor"
	"github.com/Abdullahi130/StellarEscrow/internal/relay"
	"github.com/Abdullahi130/StellarEscrow/internal/secret"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
)

// spendSettings say which accounts of the platform's pay for what, and how much of it. Without keys nothing is settled and nobody sponsored by
// this process.
type spendSettings struct {
	KeeperKeysFile  string   `help:"File with the seeds (S…) of the keeper's accounts, one a line: they settle what is due, one trade each in a ledger." env:"KEEPER_KEYS_FILE" placeholder:"FILE"`
	KeeperDay       string   `help:"What the keeper may spend in a day, in XLM." env:"KEEPER_DAY_XLM" default:"100" placeholder:"XLM"`
	FeeKeyFile      string   `help:"File with the seed (S…) of the account that pays the fees of traders." env:"FEE_KEY_FILE" placeholder:"FILE"`
	ChannelKeysFile string   `help:"File with the seeds (S…) of the accounts that send what is sponsored, one a line: as many can be on their way at once." env:"CHANNEL_KEYS_FILE" placeholder:"FILE"`
	SponsorDay      string   `help:"What sponsoring may cost in a day, in XLM." env:"SPONSOR_DAY_XLM" default:"100" placeholder:"XLM"`
	SponsorEach     string   `help:"Of that, what it may cost for one account, in XLM." env:"SPONSOR_ACCOUNT_XLM" default:"2" placeholder:"XLM"`
	SponsorCalls    int64    `help:"How many transactions of one account are sponsored in a day." env:"SPONSOR_ACCOUNT_TRANSACTIONS" default:"50"`
	SponsorMost     string   `help:"What one sponsored transaction may cost, in XLM, rent included." env:"SPONSOR_TRANSACTION_XLM" default:"1" placeholder:"XLM"`
	OwnAccounts     []string `help:"Other accounts of the platform's (admin, fee receiver, anchor), with commas: nothing is paid for a trade in which one takes part." env:"OWN_ACCOUNTS" placeholder:"G…"`
}

// spending is what spendSettings say, read once. Files are nil where nothing is named.
type spending struct {
	keeperKeys, feeKey, channelKeys *secret.File
	keeperDay                       int64 // stroops
	sponsor                         sponsor.Limits
	own                             []stellar.Address
}

// files are the secrets among them.
func (s spending) files() []*secret.File { return filesOf(s.keeperKeys, s.feeKey, s.channelKeys) }

// read reads all of it. Its error says everything that is wrong at once.
func (c *spendSettings) read(from *storeSettings, now func() time.Time) (s spending, err error) {
	var errs []error
	of := map[stellar.Address]string{} // which variable names an account's key
	open := func(into **secret.File, job signer.Job, variable, file, name, purpose string) {
		path := from.path(file, name)
		if path == "" {
			return
		}
		f, err := secret.Open(secret.Need{Variable: variable, For: purpose, Path: path}, now)
		if err == nil {
			// Whose they are is not the question here, only that they are seeds.
			var keys []*signer.Signer
			if keys, err = signer.Several(signer.Config{Job: job}, f.Value); err != nil {
				err = fmt.Errorf("%s, file %s: %w", variable, path, err)
			}
			for _, key := range keys {
				if other := of[key.Account()]; other != "" {
					err = fmt.Errorf("%s, file %s: the key of %s is in %s too: each key is for one kind of call; give this one an account of its own", variable, path, key.Account(), other)
				}
				of[key.Account()] = variable
			}
		}
		if err != nil {
			errs = append(errs, err)
			return
		}
		*into = f
	}
	open(&s.keeperKeys, signer.Keeper, "KEEPER_KEYS_FILE", c.KeeperKeysFile, "KEEPER_KEYS", "the keeper signs with them")
	open(&s.feeKey, signer.Fee, "FEE_KEY_FILE", c.FeeKeyFile, "FEE_KEY", "fees of traders are paid with it")
	open(&s.channelKeys, signer.Channel, "CHANNEL_KEYS_FILE", c.ChannelKeysFile, "CHANNEL_KEYS", "what is sponsored is sent with them")
	if fee, channels := from.path(c.FeeKeyFile, "FEE_KEY"), from.path(c.ChannelKeysFile, "CHANNEL_KEYS"); (fee == "") != (channels == "") {
		errs = append(errs, errors.New("FEE_KEY_FILE and CHANNEL_KEYS_FILE belong together: one account pays for what the others send; name both or neither"))
	}
	xlm := func(variable, text string) int64 {
		a, err := amount.Parse(text)
		if err == nil && a < 1 {
			err = errors.New("it is nothing")
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("%s=%.40q is no amount of XLM, such as 25 or 0.5: %w", variable, text, err))
		}
		return int64(a)
	}
	s.keeperDay = xlm("KEEPER_DAY_XLM", c.KeeperDay)
	s.sponsor.Day, s.sponsor.Ceiling = xlm("SPONSOR_DAY_XLM", c.SponsorDay), xlm("SPONSOR_TRANSACTION_XLM", c.SponsorMost)
	s.sponsor.Account = sponsor.Share{Stroops: xlm("SPONSOR_ACCOUNT_XLM", c.SponsorEach), Transactions: c.SponsorCalls}
	if c.SponsorCalls < 1 {
		errs = append(errs, fmt.Errorf("SPONSOR_ACCOUNT_TRANSACTIONS=%d: at least 1", c.SponsorCalls))
	}
	// What nobody authorises may be asked for by anybody: together as much as a tenth of the day.
	s.sponsor.Shared = sponsor.Share{Stroops: s.sponsor.Day / 10, Transactions: sharedTransactions}
	for _, text := range c.OwnAccounts {
		a, err := stellar.ParseAddress(text)
		if err != nil {
			errs = append(errs, fmt.Errorf("OWN_ACCOUNTS: %.60q is no address (G… or C…)", text))
			continue
		}
		if variable := of[a]; variable != "" {
			errs = append(errs, fmt.Errorf("OWN_ACCOUNTS names %s, whose key is in %s: the keys of admin, fee receiver and anchor belong on no server that pays; make that one an account of its own", a, variable))
		}
		s.own = append(s.own, a)
	}
	return s, errors.Join(errs...)
}

// keeperMost is what one transaction of the keeper may cost at least, in stroops, whatever its day's limit: to bring back the contract's code takes half as
// much. The limit is the store's to keep, which says so when it is reached; the key would only refuse.
const keeperMost = 100_0000000

const sharedTransactions = 1000 // a day, of calls that nobody authorises

// spender is what spends the platform's XLM: keeper and sponsor, nil where no keys are named.
type spender struct {
	keeper  *keeper.Keeper
	sponsor *sponsor.Sponsor
	payer   *payer.Payer // the keeper's
	own     []stellar.Address
}

// spends is what spenders are made of beside their settings.
type spends struct {
	network   stellar.Network
	contracts []stellar.Address
	assets    []stellar.Address // whose trades are sponsored
	door      *relayserver.Server
	node      func() *rpc.Client
	db        anyStore
	replica   *indexer.Replica
	now       func() time.Time // of signers; the ledgers' where that can be moved
	log       *slog.Logger
}

func newSpender(s spending, with spends) (out spender, err error) {
	follows := func() []stellar.Address { return with.contracts }
	own := func() []stellar.Address { return out.own }
	config := func(job signer.Job, most int64) signer.Config {
		return signer.Config{Job: job, Network: with.network, Follows: follows, Own: own, MaxFee: most, Now: with.now}
	}
	out.own = append(out.own, s.own...)
	if s.keeperKeys != nil {
		keys, err := signer.Several(config(signer.Keeper, max(s.keeperDay, keeperMost)), s.keeperKeys.Value)
		if err != nil {
			return out, fmt.Errorf("KEEPER_KEYS_FILE: %w", err)
		}
		out.payer = payer.New(payer.Config{Relay: with.door, Store: with.db, Network: with.network, Now: time.Now, Log: with.log})
		sources := make([]keeper.Signer, len(keys))
		for i, k := range keys {
			sources[i] = k
			out.own = append(out.own, k.Account())
		}
		if out.keeper, err = keeper.New(keeper.Config{
			Contracts: with.contracts, Node: func() keeper.Node { return with.node() }, Store: with.db, Payer: out.payer, Keys: sources, Limit: s.keeperDay,
			Note: with.replica.Note, Now: time.Now, Rand: rand.Reader, Log: with.log,
		}); err != nil {
			return out, err
		}
	}
	if s.feeKey == nil {
		return out, nil
	}
	if len(with.assets) == 0 {
		return out, errors.New("ASSETS is not set: what is sponsored are trades in listed assets; name their contracts (C…)")
	}
	keys, err := signer.NewPool(config(signer.Fee, s.sponsor.Ceiling), s.feeKey.Value, s.channelKeys.Value)
	if err != nil {
		return out, fmt.Errorf("FEE_KEY_FILE, CHANNEL_KEYS_FILE: %w", err)
	}
	out.own = append(out.own, keys.Accounts()...)
	out.sponsor, err = sponsor.New(sponsor.Config{
		Relay: with.door, Store: with.db, Network: with.network, Follows: follows, Own: own, Keys: keys, Assets: with.assets, Limits: s.sponsor,
		Now: time.Now, Rand: rand.Reader, Log: with.log,
	})
	return out, err
}

// runs are what of it must run in this process, whoever leads.
func (s spender) runs() (all []func(context.Context)) {
	if s.payer != nil {
		all = append(all, s.payer.Run)
	}
	if s.sponsor != nil {
		all = append(all, s.sponsor.Run)
	}
	return all
}

// over is the relay with the sponsor's way to pay, if there is one.
func (s spender) over(door *relayserver.Server) relay.Relay {
	if s.sponsor == nil {
		return door
	}
	return sponsor.Over(door, s.sponsor)
}
