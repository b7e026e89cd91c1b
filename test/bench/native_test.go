package bench

import (
	"bufio"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/localnet/ledger"
	"github.com/Abdullahi130/StellarEscrow/internal/reproduce/debian"
	"github.com/Abdullahi130/StellarEscrow/test/parts"
	"github.com/Abdullahi130/StellarEscrow/test/parts/cache"
)

// debianCargo is that of the packages that the committed module was built with: rustup's on the path may be older than the shim asks for.
const debianCargo = "/usr/bin/cargo"

// buildNative builds the engine of the contract host, the crates and the shim of the committed module, for this machine. Five minutes the first time.
func buildNative(b *testing.B) (program string) {
	b.Helper()
	if _, err := os.Stat(debianCargo); err != nil {
		parts.Missing(b, debianCargo, debian.Install(debian.Build()))
	}
	target, err := cache.Folder("native-host")
	if err != nil {
		b.Fatal(err)
	}
	cmd := exec.CommandContext(b.Context(), debianCargo, "build", "--quiet", "--locked", "--release", "--bin", "replay")
	cmd.Dir = "../../internal/localnet/host/shim"
	cmd.Env = append(os.Environ(), "PATH=/usr/bin:/bin", "RUSTFLAGS=", "CARGO_TARGET_DIR="+target)
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("build the native host: %v\n%s", err, out)
	}
	return filepath.Join(target, "release", "replay")
}

// Operations of the module, as the shim numbers them.
const (
	opInvoke   = 1
	opSimulate = 2
)

// native is a process that runs one request again and again.
type native struct {
	process int
	in      io.Writer
	out     *bufio.Scanner
}

// maxReplyBytes bounds a reply in hexadecimal.
const maxReplyBytes = 16 << 20

// startNative gives the program a request and all that it reads of a ledger. It ends with the benchmark.
func startNative(b *testing.B, program string, op uint32, request []byte, r ledger.Reader, footprint xdr.LedgerFootprint) *native {
	b.Helper()
	file := filepath.Join(b.TempDir(), "request")
	if err := os.WriteFile(file, recording(op, request, r, footprint), 0o600); err != nil {
		b.Fatal(err)
	}
	cmd := exec.Command(program, file) // it ends with its input: the context of a benchmark ends before what is cleaned up
	cmd.Stderr = b.Output()
	in, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = in.Close()
		if err := cmd.Wait(); err != nil {
			b.Errorf("the native host: %v", err)
		}
	})
	n := &native{process: cmd.Process.Pid, in: in, out: bufio.NewScanner(out)}
	n.out.Buffer(nil, maxReplyBytes)
	return n
}

// run runs the request, and returns what the processors did for all rounds, and the last reply.
func (n *native) run(b *testing.B, rounds int) (time.Duration, []byte) {
	b.Helper()
	before := n.worked(b)
	if _, err := fmt.Fprintln(n.in, rounds); err != nil {
		b.Fatalf("ask the native host: %v", err)
	}
	if !n.out.Scan() {
		b.Fatalf("the native host has not answered: %v", n.out.Err())
	}
	_, reply, _ := strings.Cut(n.out.Text(), " ") // how long it took by the clock comes first
	raw, err := hex.DecodeString(reply)
	if err != nil {
		b.Fatalf("read the native host's reply: %v", err)
	}
	return n.worked(b) - before, raw
}

// worked is the processor time of the process, which has one thread (https://docs.kernel.org/scheduler/sched-stats.html, "/proc/<pid>/schedstat").
func (n *native) worked(b *testing.B) time.Duration {
	b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/schedstat", n.process))
	if err != nil {
		b.Fatalf("ask how long the native host has worked: %v", err)
	}
	var nanoseconds int64
	if _, err := fmt.Sscan(string(text), &nanoseconds); err != nil {
		b.Fatalf("read how long the native host has worked: %v: %q", err, text)
	}
	return time.Duration(nanoseconds)
}

// recording is the file that replay reads (shim/src/bin/replay.rs): the request, the network's settings, and the entries of the footprint.
func recording(op uint32, request []byte, r ledger.Reader, footprint xdr.LedgerFootprint) []byte {
	u32 := binary.LittleEndian.AppendUint32
	blob := func(to, text []byte) []byte { return append(u32(to, uint32(len(text))), text...) }
	var keys []xdr.LedgerKey
	for id := xdr.ConfigSettingId(0); id.ValidEnum(int32(id)); id++ {
		keys = append(keys, xdr.LedgerKey{Type: xdr.LedgerEntryTypeConfigSetting, ConfigSetting: &xdr.LedgerKeyConfigSetting{ConfigSettingId: id}})
	}
	keys = append(append(keys, footprint.ReadOnly...), footprint.ReadWrite...)
	n, entries := uint32(0), []byte{}
	for _, lk := range keys {
		k := ledger.KeyOf(lk)
		entry, until, ok := ledger.Find(r, k)
		if !ok {
			continue
		}
		n++
		entries = blob(entries, []byte(k))
		hasTTL := uint32(0)
		if k.HasTTL() {
			hasTTL = 1
		}
		entries = blob(entries, append(u32(u32(nil, hasTTL), until), entry...))
	}
	return append(u32(blob(u32(nil, op), request), n), entries...)
}
