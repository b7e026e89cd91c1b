package rpc

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/stellar/go-stellar-sdk/clients/rpcclient"
	protocol "github.com/stellar/go-stellar-sdk/protocols/rpc"

	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
)

// Simulate asks the node to run a transaction on its latest ledger without effect. That the call would fail is an answer (Error in it),
// not an error here. Authorisations are recorded if the transaction carries none, else the ones it carries are enforced.
func (c *Client) Simulate(ctx context.Context, envelope string) (protocol.SimulateTransactionResponse, error) {
	return call(ctx, c, protocol.SimulateTransactionMethodName, func(ctx context.Context, r *rpcclient.Client) (protocol.SimulateTransactionResponse, error) {
		return r.SimulateTransaction(ctx, protocol.SimulateTransactionRequest{Transaction: envelope})
	})
}

// Send hands a signed transaction to the node. What became of it, Transaction tells.
func (c *Client) Send(ctx context.Context, envelope string) (protocol.SendTransactionResponse, error) {
	return call(ctx, c, protocol.SendTransactionMethodName, func(ctx context.Context, r *rpcclient.Client) (protocol.SendTransactionResponse, error) {
		return r.SendTransaction(ctx, protocol.SendTransactionRequest{Transaction: envelope})
	})
}

// Transaction asks what is known of a transaction: its Status is SUCCESS, FAILED or NOT_FOUND.
func (c *Client) Transaction(ctx context.Context, hash stellar.Hash) (protocol.GetTransactionResponse, error) {
	return call(ctx, c, protocol.GetTransactionMethodName, func(ctx context.Context, r *rpcclient.Client) (protocol.GetTransactionResponse, error) {
		return r.GetTransaction(ctx, protocol.GetTransactionRequest{Hash: hash.String()})
	})
}

// FeeStats asks what transactions have lately bid.
func (c *Client) FeeStats(ctx context.Context) (protocol.GetFeeStatsResponse, error) {
	return call(ctx, c, protocol.GetFeeStatsMethodName,
		func(ctx context.Context, r *rpcclient.Client) (protocol.GetFeeStatsResponse, error) {
			return r.GetFeeStats(ctx)
		})
}

// ErrExpired is returned by Await when no ledger can include the transaction any more.
var ErrExpired = errors.New("the transaction's time is over, no ledger can include it any more")

// Unanswered is how long Await goes on asking a node that gives no answer, by the clock of this machine: the clock of the ledgers, which
// ends the wait otherwise, is only known from answers.
const Unanswered = 3 * time.Minute

// How long Await waits between two questions: at first, and at most.
const (
	pollFirst = 50 * time.Millisecond
	pollMost  = 2 * time.Second
)

// Await asks for a transaction until a ledger has included it, whether it then succeeded or not, until the close time of the latest
// ledger is past notAfter (a Unix time; ErrExpired), or until the context ends. That the node cannot be asked for a while does not end it; after
// Unanswered it does, with ErrUnavailable: the transaction may be included all the same.
func (c *Client) Await(ctx context.Context, hash stellar.Hash, notAfter uint64) (protocol.GetTransactionResponse, error) {
	wait, answered := pollFirst, time.Now()
	for {
		answer, err := c.Transaction(ctx, hash)
		switch {
		case err != nil && !errors.Is(err, ErrUnavailable):
			return protocol.GetTransactionResponse{}, err
		case err == nil && answer.Status != protocol.TransactionStatusNotFound:
			return answer, nil
		case err == nil && seconds(answer.LatestLedgerCloseTime) > notAfter:
			return protocol.GetTransactionResponse{}, fmt.Errorf("transaction %s: %w", hash, ErrExpired)
		case err == nil:
			answered = time.Now()
		case ctx.Err() == nil && time.Since(answered) >= Unanswered:
			return protocol.GetTransactionResponse{}, fmt.Errorf("transaction %s may be included or not, the node has not told for %s; ask again for it: %w",
				hash, Unanswered, err)
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return protocol.GetTransactionResponse{}, fmt.Errorf("wait for transaction %s: %w", hash, ctx.Err())
		}
		wait = min(wait*3/2, pollMost)
	}
}
