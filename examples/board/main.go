package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"time"

	"github.com/stellar/go-stellar-sdk/clients/rpcclient"
	"github.com/stellar/go-stellar-sdk/xdr"
)

const usage = "usage: board RPC-URL WASM, such as: board http://127.0.0.1:8000 contract/fixtures/wasm/board.wasm"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "board:", err)
		os.Exit(1)
	}
}

// run deploys the contract and uses it. Each line that it prints is about one thing that a contract's author wants to know.
func run(ctx context.Context, args []string, out io.Writer) error {
	if len(args) != 2 {
		return errors.New(usage)
	}
	wasm, err := os.ReadFile(args[1])
	if err != nil {
		return fmt.Errorf("read the contract: %w", err)
	}
	client := rpcclient.NewClient(args[0], nil)
	defer client.Close()
	info, err := client.GetNetwork(ctx)
	if err != nil {
		return fmt.Errorf("ask %s for its network: %w", args[0], err)
	}
	n := &network{client: client, url: strings.TrimSuffix(args[0], "/"), passphrase: info.Passphrase}
	ada, bob, err := n.two(ctx)
	if err != nil {
		return err
	}

	board, err := n.deploy(ctx, ada, wasm)
	if err != nil {
		return fmt.Errorf("deploy the contract: %w", err)
	}
	fmt.Fprintf(out, "deployed %s\n", contractText(board))

	hello, note := str("hello"), str("the milk is in the fridge")
	done, err := n.call(ctx, ada, board, "pin", account(ada), hello, note)
	if err != nil {
		return fmt.Errorf("pin a note: %w", err)
	}
	fmt.Fprintf(out, "pinned in ledger %d for %d stroops\n", done.ledger, done.fee)

	// The contract's own error comes out of the simulation: nothing was sent, and nothing was paid.
	_, err = n.call(ctx, bob, board, "pin", account(bob), hello, str("mine now"))
	var refused *refusedError
	if !errors.As(err, &refused) {
		return fmt.Errorf("somebody else pins over it: got %v, want a refusal", err)
	}
	fmt.Fprintf(out, "refused: %s\n", refused.short())

	// Bob pays for what Ada has signed. Her signature covers this call alone, for the next 100 ledgers.
	done, err = n.callFor(ctx, bob, ada, board, "pin", account(ada), hello, str("there is no milk"))
	if err != nil {
		return fmt.Errorf("change the note at somebody else's cost: %w", err)
	}
	fmt.Fprintf(out, "changed %d time(s), paid by somebody else\n", uint32(*done.value.U32))

	events, err := n.events(ctx, board)
	if err != nil {
		return fmt.Errorf("read the events: %w", err)
	}
	fmt.Fprintf(out, "events: %s\n", strings.Join(events, ", "))

	// 120 days is how long a new entry lives. After that it is archived, and the next call brings it back.
	if err := n.advance(ctx, 121*24*time.Hour); err != nil {
		return fmt.Errorf("move the time: %w", err)
	}
	done, err = n.call(ctx, bob, board, "read", hello)
	if err != nil {
		return fmt.Errorf("read the note after 121 days: %w", err)
	}
	fmt.Fprintf(out, "121 days later: %q, %d archived entries restored for %d stroops\n", text(done.value), done.restored, done.fee)
	return nil
}

// text is that of a note.
func text(note xdr.ScVal) string {
	if note.Map == nil {
		return ""
	}
	for _, e := range **note.Map {
		if e.Key.Sym != nil && *e.Key.Sym == "text" && e.Val.Str != nil {
			return string(*e.Val.Str)
		}
	}
	return ""
}
