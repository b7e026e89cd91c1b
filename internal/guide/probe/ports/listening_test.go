//go:build linux

package ports_test

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/Abdullahi130/StellarEscrow/internal/guide/probe/ports"
	"github.com/Abdullahi130/StellarEscrow/test/parts"
)

// find is the socket at an address.
func find(sockets []ports.Socket, protocol string, at netip.AddrPort) (ports.Socket, bool) {
	i := slices.IndexFunc(sockets, func(s ports.Socket) bool { return s.Protocol == protocol && s.Address == at })
	if i < 0 {
		return ports.Socket{}, false
	}
	return sockets[i], true
}

func TestWhatThisProcessListensOn(t *testing.T) {
	loopback, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer loopback.Close()
	datagrams, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer datagrams.Close()
	connected, err := net.Dial("tcp", loopback.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer connected.Close()
	sockets, err := ports.Listening(os.DirFS("/proc"), ports.Self)
	if err != nil {
		t.Fatal(err)
	}
	for protocol, address := range map[string]net.Addr{"tcp": loopback.Addr(), "udp": datagrams.LocalAddr()} {
		at := netip.MustParseAddrPort(address.String())
		got, ok := find(sockets, protocol, at)
		want := ports.Socket{Protocol: protocol, Address: at, UID: uint32(os.Getuid()), PIDs: []int{os.Getpid()}}
		if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(ports.Socket{}, "Inode"), cmp.Comparer(func(a, b netip.AddrPort) bool { return a == b })); diff != "" {
			t.Errorf("%s (-want +got):\n%s", protocol, diff)
		}
		if ok && (!got.Loopback() || got.Anywhere() || got.Inode == 0) {
			t.Errorf("%+v", got)
		}
	}
	if got, ok := find(sockets, "tcp", netip.MustParseAddrPort(connected.LocalAddr().String())); ok {
		t.Errorf("a connection is told: %s", got)
	}
	loopback.Close()
	if sockets, err = ports.Listening(os.DirFS("/proc"), os.Getpid()); err != nil {
		t.Fatal(err)
	}
	if got, ok := find(sockets, "tcp", netip.MustParseAddrPort(loopback.Addr().String())); ok {
		t.Errorf("it is closed, and told: %s", got)
	}
}

// A process in a network namespace of its own, as a container's: what listens there listens on every address and is not ours.
func TestANamespaceOfItsOwn(t *testing.T) {
	if os.Getenv("STELLARESCROW_TEST_LISTEN") != "" {
		listenAndWait()
		return
	}
	unshare := parts.Program(t, "unshare", "apt-get install -y --no-install-recommends util-linux")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), unshare, "--net", "--map-root-user", self, "-test.run=^TestANamespaceOfItsOwn$")
	cmd.Env = append(os.Environ(), "STELLARESCROW_TEST_LISTEN=1")
	in, err1 := cmd.StdinPipe()
	out, err2 := cmd.StdoutPipe()
	if err := errors.Join(err1, err2, cmd.Start()); err != nil {
		t.Fatal(err)
	}
	defer func() {
		in.Close()
		cmd.Wait()
	}()
	line, err := bufio.NewReader(out).ReadString('\n')
	var port uint16
	if _, bad := fmt.Sscanf(line, "listening on %d", &port); err != nil || bad != nil {
		parts.Missing(t, "a user and a network namespace", "allow them: sysctl kernel.unprivileged_userns_clone=1")
	}
	sockets, err := ports.Listening(os.DirFS("/proc"), cmd.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	if len(sockets) != 1 || sockets[0].Address.Port() != port || !sockets[0].Anywhere() || sockets[0].Loopback() || !slices.Equal(sockets[0].PIDs, []int{cmd.Process.Pid}) {
		t.Errorf("%+v, want one on port %d of process %d", sockets, port, cmd.Process.Pid)
	}
}

func listenAndWait() {
	l, err := net.Listen("tcp", ":0")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("listening on", l.Addr().(*net.TCPAddr).Port)
	os.Stdin.Read(make([]byte, 1)) // until the test lets go
}

const header = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"

// tablesOf is a /proc with these tables, of a machine with the byte order of most.
func tablesOf(tcp, tcp6, udp string) fstest.MapFS {
	proc := fstest.MapFS{"1/net/tcp": {Data: []byte(header + tcp)}, "1/net/udp": {Data: []byte(header + udp)}}
	if tcp6 != "" {
		proc["1/net/tcp6"] = &fstest.MapFile{Data: []byte(header + tcp6)}
	}
	return proc
}

func TestTablesAreRead(t *testing.T) {
	proc := tablesOf(
		"   0: 0100007F:1538 00000000:0000 0A 00000000:00000000 00:00000000 00000000   999        0 101 1 0000000000000000 100 0 0 10 0\n"+
			"   1: 00000000:0BB8 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 102 1 0000000000000000 100 0 0 10 0\n"+
			"   2: 0100007F:A1B2 0100007F:1538 01 00000000:00000000 00:00000000 00000000     0        0 103 1 0000000000000000 100 0 0 10 0\n",
		"   0: 00000000000000000000000000000000:01BB 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 104 1 0\n"+
			"   1: 00000000000000000000000001000000:18EB 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 105 1 0\n"+
			"   2: 0000000000000000FFFF00000100007F:18EC 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 106 1 0\n",
		"   7: 00000000:0044 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 107 2 0 0\n"+
			"   8: 00000000:0045 01010101:0035 01 00000000:00000000 00:00000000 00000000     0        0 108 2 0 0\n")
	proc["44/fd/3"] = &fstest.MapFile{Data: []byte("socket:[101]"), Mode: fs.ModeSymlink}
	proc["44/fd/4"] = &fstest.MapFile{Data: []byte("/dev/null"), Mode: fs.ModeSymlink}
	proc["45/fd/9"] = &fstest.MapFile{Data: []byte("socket:[101]"), Mode: fs.ModeSymlink}
	sockets, err := ports.Listening(proc, 1)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range sockets {
		got = append(got, fmt.Sprint(s, " of ", s.UID, " by ", s.PIDs, " loopback ", s.Loopback(), " anywhere ", s.Anywhere()))
	}
	want := []string{
		"tcp [::]:443 of 0 by [] loopback false anywhere true",
		"tcp 0.0.0.0:3000 of 0 by [] loopback false anywhere true",
		"tcp 127.0.0.1:5432 of 999 by [44 45] loopback true anywhere false",
		"tcp [::1]:6379 of 0 by [] loopback true anywhere false",
		"tcp 127.0.0.1:6380 of 0 by [] loopback true anywhere false",
		"udp 0.0.0.0:68 of 0 by [] loopback false anywhere true",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestTablesThatCannotBeRead(t *testing.T) {
	row := "   0: 0100007F:1538 00000000:0000 0A 00000000:00000000 00:00000000 00000000   999        0 101 1\n"
	for name, proc := range map[string]fstest.MapFS{
		"none":                {},
		"no UDP":              {"1/net/tcp": {Data: []byte(header)}},
		"a short row":         tablesOf("   0: 0100007F:1538 00000000:0000 0A\n", "", ""),
		"no address":          tablesOf(strings.Replace(row, "0100007F", "01007F", 1), "", ""),
		"no port":             tablesOf(strings.Replace(row, ":1538", ":15380", 1), "", ""),
		"no state":            tablesOf(strings.Replace(row, " 0A ", " XX ", 1), "", ""),
		"no owner":            tablesOf(strings.Replace(row, " 999 ", " -1 ", 1), "", ""),
		"no inode":            tablesOf(strings.Replace(row, " 101 ", " x ", 1), "", ""),
		"too many rows":       tablesOf(strings.Repeat(row, 1<<16+1), "", ""),
		"a line without end":  tablesOf(strings.Repeat("x", 1<<20), "", ""),
		"damaged table of v6": tablesOf(row, "x\n", ""),
	} {
		if sockets, err := ports.Listening(proc, 1); err == nil {
			t.Errorf("%s: %v", name, sockets)
		}
	}
	if sockets, err := ports.Listening(tablesOf(row, "", ""), 1); err != nil || len(sockets) != 1 {
		t.Errorf("a kernel without IPv6: %v, %v", sockets, err)
	}
}

func FuzzTable(f *testing.F) {
	f.Add("   0: 0100007F:1538 00000000:0000 0A 00000000:00000000 00:00000000 00000000   999        0 101 1\n")
	f.Fuzz(func(t *testing.T, rows string) {
		sockets, err := ports.Listening(tablesOf(rows, "", ""), 1)
		if err != nil && sockets != nil {
			t.Fatalf("%v and %v", sockets, err)
		}
		for _, s := range sockets {
			if !s.Address.IsValid() || s.Loopback() && s.Anywhere() {
				t.Fatalf("%+v", s)
			}
		}
	})
}
