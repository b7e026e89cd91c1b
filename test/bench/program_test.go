//go:build unix

package bench

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stellar/go-stellar-sdk/keypair"

	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc/rpctest"
)

// buildProgram builds the program as `go build` does.
func buildProgram(b *testing.B) string {
	b.Helper()
	program := filepath.Join(b.TempDir(), "stellarescrow")
	if out, err := exec.CommandContext(b.Context(), "go", "build", "-o", program, "../../cmd/stellarescrow").CombinedOutput(); err != nil {
		b.Fatalf("build the program: %v\n%s", err, out)
	}
	return program
}

// devFeeBps is the fee of a platform that dev has deployed.
const devFeeBps = 50

// devReady is what the line of `dev --json` says of where things are.
type devReady struct {
	API        string `json:"api"`
	RPC        string `json:"rpc"`
	Friendbot  string `json:"friendbot"`
	Passphrase string `json:"passphrase"`
	Contract   string `json:"contract"`
	USDC       struct {
		Code     string `json:"code"`
		Issuer   string `json:"issuer"`
		Contract string `json:"contract"`
	} `json:"usdc"`
}

// program is `dev` as a process of its own.
type program struct {
	cmd   *exec.Cmd
	ready devReady
}

// patience bounds the wait for a program to be ready, and to end.
const patience = time.Minute

// startDev starts a platform that keeps nothing, and returns when it has said that it is ready.
func startDev(b *testing.B, path string) *program {
	b.Helper()
	p := &program{cmd: exec.Command(path, "dev", "--json", "--listen", "127.0.0.1:0")}
	p.cmd.Stderr = b.Output()
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		b.Fatal(err)
	}
	late := time.AfterFunc(patience, func() { _ = p.cmd.Process.Kill() })
	defer late.Stop()
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &p.ready)
	}
	if err != nil {
		b.Errorf("read where the platform is: %v: %.200q", err, line)
		p.stop(b)
		b.FailNow()
	}
	return p
}

// stop ends it as control-C does.
func (p *program) stop(b *testing.B) {
	b.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGINT); err != nil && !errors.Is(err, os.ErrProcessDone) {
		b.Errorf("stop the platform: %v", err)
	}
	late := time.AfterFunc(patience, func() { _ = p.cmd.Process.Kill() })
	defer late.Stop()
	if err := p.cmd.Wait(); err != nil {
		b.Errorf("the platform: %v", err)
	}
}

// fetch reads a page.
func fetch(ctx context.Context, at string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, at, nil)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	text, err := io.ReadAll(res.Body)
	if err = errors.Join(err, res.Body.Close()); err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s: %s", at, res.Status, text)
	}
	return nil
}

// status reads a number of bytes out of what the system says of the process (https://man7.org/linux/man-pages/man5/proc_pid_status.5.html).
func (p *program) status(b *testing.B, name string) uint64 {
	b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		b.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, name+":"); ok {
			var kilobytes uint64
			if _, err := fmt.Sscan(value, &kilobytes); err != nil {
				b.Fatalf("read %q: %v", line, err)
			}
			return kilobytes << 10
		}
	}
	b.Fatalf("the system does not say %s", name)
	return 0
}

// clockTick is the unit of processor times in /proc/PID/stat, on every Linux for programs (USER_HZ).
const clockTick = time.Second / 100

// worked is the processor time of the process, of all its threads (https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html, utime and stime).
func (p *program) worked(b *testing.B) time.Duration {
	b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		b.Fatal(err)
	}
	_, fields, _ := strings.Cut(string(text), ") ") // the name before may hold anything
	var user, system int64
	if list := strings.Fields(fields); len(list) > 12 {
		_, err = fmt.Sscan(list[11]+" "+list[12], &user, &system)
	}
	if err != nil || user == 0 {
		b.Fatalf("read how long the platform has worked: %v: %.200q", err, text)
	}
	return time.Duration(user+system) * clockTick
}

// platform is the program seen by those who trade in it, n couples of them.
func (p *program) platform(b *testing.B, n int) *platform {
	b.Helper()
	client := rpctest.Client(b, p.ready.RPC, p.ready.Passphrase, wire(n))
	s := &platform{client: client, network: client.Network(), feeBps: devFeeBps}
	kept, err := client.Range(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	s.now = func() (uint64, error) { return kept.Latest.CloseTime, nil } // deadlines are days later, more than a benchmark moves the ledgers' time
	if s.contract, err = stellar.ParseAddress(p.ready.Contract); err != nil {
		b.Fatal(err)
	}
	if s.usdc, err = stellar.ParseAddress(p.ready.USDC.Contract); err != nil {
		b.Fatal(err)
	}
	for i := range n {
		s.pairs = append(s.pairs, &couple{p: s, buyer: p.person(b, client), seller: p.person(b, client), n: byte(i)})
	}
	return s
}

// person is a new account with lumens and test USDC.
func (p *program) person(b *testing.B, c *rpc.Client) *person {
	b.Helper()
	k, err := keypair.Random()
	if err != nil {
		b.Fatal(err)
	}
	address, err := stellar.ParseAddress(k.Address())
	if err != nil {
		b.Fatal(err)
	}
	if err := fetch(b.Context(), p.ready.Friendbot+"?addr="+url.QueryEscape(k.Address())); err != nil {
		b.Fatal(err)
	}
	who := &person{key: k, address: address, sequence: int64(rpctest.Account(b, c, k.Address()).SeqNum)}
	tx := who.trusts(b, p.ready.Passphrase, p.ready.USDC.Code, p.ready.USDC.Issuer)
	text, err := tx.Base64()
	if err != nil {
		b.Fatal(err)
	}
	hash, err := tx.Hash(p.ready.Passphrase)
	if err != nil {
		b.Fatal(err)
	}
	if err := send(b.Context(), c, text, hash); err != nil {
		b.Fatal(err)
	}
	if err := fetch(b.Context(), p.ready.Friendbot+"?asset=USDC&amount=100000&addr="+url.QueryEscape(k.Address())); err != nil {
		b.Fatal(err)
	}
	return who
}
