package deploy

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	protocol "github.com/stellar/go-stellar-sdk/protocols/rpc"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
)

// validFor is how long a transaction may wait for a ledger, in seconds of the ledger's clock.
const validFor = 180

const (
	// maxTries bounds how often a node that is busy is handed the same transaction.
	maxTries = 20
	// maxResourceFee is what a node may say that a call's resources cost, in stroops (100 XLM; uploading the contract costs some 20): a lying
	// one must not empty the account.
	maxResourceFee = 100_0000000
)

var (
	// ErrFailed is wrapped when the network refused a transaction or would: nothing has changed but, at most, the fee.
	ErrFailed = errors.New("the network refuses")
	// ErrNoAccount is returned when the key's account does not exist on the network.
	ErrNoAccount = errors.New("the account does not exist")
)

// A Sender sends transactions of one key's account, one after the other. It is not safe for concurrent use: two transactions would carry the
// same sequence number.
type Sender struct {
	Client *rpc.Client
	Key    stellar.Key
	// InclusionFee is the bid in stroops, at least stellar.MinInclusionFee.
	InclusionFee int64
}

// Receipt is what became of a transaction that a ledger included and that did what it should.
type Receipt struct {
	Hash       stellar.Hash
	Ledger     uint32
	FeeCharged int64 // stroops, with what restoring archived entries cost before it
	Restored   int64 // stroops of these for restoring; 0 if nothing had to be
	Value      xdr.ScVal
}

// check decides whether the authorisations that a simulation asked for may be signed.
type check func(source stellar.Address, auth []xdr.SorobanAuthorizationEntry) error

// Call makes one call of the contract that the key's account has to sign for, or nobody.
func (s *Sender) Call(ctx context.Context, contract stellar.Address, call escrow.Call, state stellar.State) (Receipt, error) {
	want, err := stellar.ExpectedTree(contract, call, state)
	if err != nil {
		return Receipt{}, fmt.Errorf("who has to sign %s: %w", call.Function(), err)
	}
	return s.send(ctx, call.Function(), func(e stellar.Envelope) (stellar.Transaction, error) { return stellar.Invoke(e, want.Call) },
		func(source stellar.Address, auth []xdr.SorobanAuthorizationEntry) error {
			return stellar.CheckTree(want, source, auth)
		})
}

// send builds, simulates, compares and submits. Archived entries are restored first, once: what is archived again by then is another fault.
func (s *Sender) send(ctx context.Context, what string, build builder, allowed check) (Receipt, error) {
	t, sim, err := s.tried(ctx, what, build)
	if err != nil {
		return Receipt{}, err
	}
	restored := int64(0)
	if r := sim.restore; r != nil {
		envelope, err := s.envelope(ctx)
		if err != nil {
			return Receipt{}, fmt.Errorf("%s: %w", what, err)
		}
		restore, err := stellar.Restore(envelope, r.data, r.fee)
		if err != nil {
			return Receipt{}, fmt.Errorf("%s: restore archived entries: %w", what, err)
		}
		done, err := s.submit(ctx, what+": restore archived entries", restore)
		if err != nil {
			return Receipt{}, err
		}
		restored = done.FeeCharged
		if t, sim, err = s.tried(ctx, what, build); err != nil {
			return Receipt{}, err
		}
		if sim.restore != nil {
			return Receipt{}, fmt.Errorf("%s: %w: entries are archived again right after they were restored", what, ErrFailed)
		}
	}
	if err := allowed(t.Source(), sim.auth); err != nil {
		return Receipt{}, fmt.Errorf("%s: %w", what, err)
	}
	if t, err = t.Assemble(sim.data, sim.fee, sim.auth); err != nil {
		return Receipt{}, fmt.Errorf("%s: %w", what, err)
	}
	receipt, err := s.submit(ctx, what, t)
	receipt.FeeCharged += restored
	receipt.Restored = restored
	return receipt, err
}

// builder makes a transaction in an envelope.
type builder func(stellar.Envelope) (stellar.Transaction, error)

// tried is a transaction with the account's next number, and what the node says it would do.
func (s *Sender) tried(ctx context.Context, what string, build builder) (stellar.Transaction, simulated, error) {
	envelope, err := s.envelope(ctx)
	if err != nil {
		return stellar.Transaction{}, simulated{}, fmt.Errorf("%s: %w", what, err)
	}
	t, err := build(envelope)
	if err != nil {
		return stellar.Transaction{}, simulated{}, fmt.Errorf("%s: %w", what, err)
	}
	sim, err := simulate(ctx, s.Client, what, t)
	return t, sim, err
}

// envelope asks for the account's sequence number and the ledger's clock.
func (s *Sender) envelope(ctx context.Context) (stellar.Envelope, error) {
	source, err := stellar.ParseAccount(s.Key.Address())
	if err != nil {
		return stellar.Envelope{}, err
	}
	var key xdr.LedgerKey
	id, err := xdr.AddressToAccountId(s.Key.Address())
	if err != nil {
		return stellar.Envelope{}, fmt.Errorf("account %s: %w", source, err)
	}
	if err := key.SetAccount(id); err != nil {
		return stellar.Envelope{}, fmt.Errorf("account %s: %w", source, err)
	}
	entries, _, err := s.Client.Entries(ctx, key)
	if err != nil {
		return stellar.Envelope{}, err
	}
	if len(entries) == 0 {
		return stellar.Envelope{}, fmt.Errorf("account %s on %q: %w: fund it first", source, s.Client.Network().Passphrase(), ErrNoAccount)
	}
	kept, err := s.Client.Range(ctx)
	if err != nil {
		return stellar.Envelope{}, err
	}
	account, ok := entries[0].Data.GetAccount()
	if !ok {
		return stellar.Envelope{}, fmt.Errorf("account %s: the node answered with another entry: %w", source, rpc.ErrAnswer)
	}
	return stellar.Envelope{
		Source: source, Sequence: int64(account.SeqNum),
		NotAfter: kept.Latest.CloseTime + validFor, InclusionFee: max(s.InclusionFee, stellar.MinInclusionFee),
	}, nil
}

type simulated struct {
	data    xdr.SorobanTransactionData
	fee     int64
	auth    []xdr.SorobanAuthorizationEntry
	value   xdr.ScVal
	restore *restoring
}

type restoring struct {
	data xdr.SorobanTransactionData
	fee  int64
}

func simulate(ctx context.Context, c *rpc.Client, what string, t stellar.Transaction) (simulated, error) {
	text, err := t.Base64()
	if err != nil {
		return simulated{}, fmt.Errorf("%s: %w", what, err)
	}
	res, err := c.Simulate(ctx, text)
	if err != nil {
		return simulated{}, fmt.Errorf("%s: simulate: %w", what, err)
	}
	if res.Error != "" {
		return simulated{}, fmt.Errorf("%s: %w: %s", what, ErrFailed, reason(res.Error))
	}
	if asked := max(res.MinResourceFee, restoreFee(res)); asked > maxResourceFee {
		return simulated{}, fmt.Errorf("%s: the node asks for a resource fee of %d stroops, above the bound of %d: %w", what, asked, maxResourceFee, rpc.ErrAnswer)
	}
	out := simulated{fee: res.MinResourceFee}
	if p := res.RestorePreamble; p != nil {
		out.restore = &restoring{fee: p.MinResourceFee}
		return out, stellar.Decode("restore data", p.TransactionDataXDR, &out.restore.data)
	}
	if err := stellar.Decode("transaction data", res.TransactionDataXDR, &out.data); err != nil {
		return simulated{}, fmt.Errorf("%s: %w", what, err)
	}
	if !t.RunsHost() {
		return out, nil
	}
	if len(res.Results) != 1 {
		return simulated{}, fmt.Errorf("%s: the node answered with %d results for one operation: %w", what, len(res.Results), rpc.ErrAnswer)
	}
	if v := res.Results[0].ReturnValueXDR; v != nil {
		if err := stellar.Decode("returned value", *v, &out.value); err != nil {
			return simulated{}, fmt.Errorf("%s: %w", what, err)
		}
	}
	if res.Results[0].AuthXDR != nil {
		for _, a := range *res.Results[0].AuthXDR {
			var entry xdr.SorobanAuthorizationEntry
			if err := stellar.Decode("authorisation", a, &entry); err != nil {
				return simulated{}, fmt.Errorf("%s: %w", what, err)
			}
			out.auth = append(out.auth, entry)
		}
	}
	return out, nil
}

func restoreFee(res protocol.SimulateTransactionResponse) int64 {
	if res.RestorePreamble == nil {
		return 0
	}
	return res.RestorePreamble.MinResourceFee
}

// submit signs, sends and waits until a ledger has included the transaction or none can any more.
func (s *Sender) submit(ctx context.Context, what string, t stellar.Transaction) (Receipt, error) {
	t, err := t.Sign(s.Client.Network(), s.Key)
	if err != nil {
		return Receipt{}, fmt.Errorf("%s: sign: %w", what, err)
	}
	text, err := t.Base64()
	if err != nil {
		return Receipt{}, fmt.Errorf("%s: %w", what, err)
	}
	hash := t.Hash(s.Client.Network())
	if err := s.hand(ctx, text, hash); err != nil {
		return Receipt{}, fmt.Errorf("%s: %w", what, err)
	}
	got, err := s.Client.Await(ctx, hash, t.NotAfter())
	if err != nil {
		return Receipt{}, fmt.Errorf("%s: transaction %s: %w", what, hash, err)
	}
	var result xdr.TransactionResult
	if err := stellar.Decode("result", got.ResultXDR, &result); err != nil {
		return Receipt{}, fmt.Errorf("%s: transaction %s: %w", what, hash, err)
	}
	if got.Status != protocol.TransactionStatusSuccess {
		return Receipt{}, fmt.Errorf("%s: transaction %s failed in ledger %d with %s: %w", what, hash, got.Ledger, result.Result.Code, ErrFailed)
	}
	receipt := Receipt{Hash: hash, Ledger: got.Ledger, FeeCharged: int64(result.FeeCharged)}
	var meta xdr.TransactionMeta
	if err := stellar.Decode("meta", got.ResultMetaXDR, &meta); err != nil {
		return Receipt{}, fmt.Errorf("%s: transaction %s: %w", what, hash, err)
	}
	if v4, ok := meta.GetV4(); ok && v4.SorobanMeta != nil && v4.SorobanMeta.ReturnValue != nil {
		receipt.Value = *v4.SorobanMeta.ReturnValue
	}
	return receipt, nil
}

// hand gives the node a transaction until it takes it. Where its answer is lost, the node may have taken it: it is handed the same one again,
// which no ledger can include twice, and a refusal counts only if it does not know of it.
func (s *Sender) hand(ctx context.Context, envelope string, hash stellar.Hash) error {
	lost := false
	for try := 1; ; try++ {
		res, err := s.Client.Send(ctx, envelope)
		switch {
		case errors.Is(err, rpc.ErrUnavailable) && ctx.Err() == nil:
			lost = true
		case err != nil:
			return fmt.Errorf("send: %w", err)
		case res.Status == "PENDING", res.Status == "DUPLICATE":
			return nil
		case res.Status == "TRY_AGAIN_LATER":
			err = fmt.Errorf("the node is busy: %w", rpc.ErrUnavailable)
		case lost && s.known(ctx, hash):
			return nil
		default:
			return refusal(res)
		}
		if try == maxTries {
			return fmt.Errorf("send: %d times in a row: %w", try, err)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("send: %w", ctx.Err())
		case <-time.After(time.Duration(try) * 100 * time.Millisecond):
		}
	}
}

// known tells whether a ledger has included a transaction.
func (s *Sender) known(ctx context.Context, hash stellar.Hash) bool {
	got, err := s.Client.Transaction(ctx, hash)
	return err == nil && got.Status != protocol.TransactionStatusNotFound
}

func refusal(res protocol.SendTransactionResponse) error {
	var result xdr.TransactionResult
	if err := stellar.Decode("result", res.ErrorResultXDR, &result); err != nil {
		return fmt.Errorf("send: the node refuses with status %s: %w", res.Status, ErrFailed)
	}
	return fmt.Errorf("send: %w: %s", ErrFailed, result.Result.Code)
}

var contractCode = regexp.MustCompile(`Error\(Contract, #(\d+)\)`)

// reason shortens a simulation's error to its first line, and names the contract's own code.
func reason(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	if m := contractCode.FindStringSubmatch(line); m != nil {
		if n, err := strconv.ParseUint(m[1], 10, 32); err == nil {
			return fmt.Sprintf("%s (%s)", escrow.Code(n).Error(), line)
		}
	}
	return line
}
