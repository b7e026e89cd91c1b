package ports

import (
	"bufio"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"net/netip"
	"path"
	"strconv"
	"strings"
)

// Socket is one that waits for others: TCP that listens, or UDP that is bound and connected to nobody.
type Socket struct {
	Protocol string // tcp or udp
	Address  netip.AddrPort
	// V6Only cannot be told from the tables: a socket on :: takes IPv4 too, unless it was told not to.
	UID   uint32 // its owner, as this process sees it
	Inode uint64 // names it within the machine
	PIDs  []int  // processes that hold it; none if their files may not be read
}

// Loopback tells that only this machine, or this namespace, can reach it.
func (s Socket) Loopback() bool { return s.Address.Addr().IsLoopback() }

// Anywhere tells that it listens on every address.
func (s Socket) Anywhere() bool { return s.Address.Addr().IsUnspecified() }

func (s Socket) String() string { return s.Protocol + " " + s.Address.String() }

// The bounds of a table.
const (
	maxRows  = 1 << 16
	maxBytes = 32 << 20
)

// States of /proc/net tables (include/net/tcp_states.h of Linux).
const (
	stateListen = 0x0A
	stateClosed = 0x07 // of UDP: bound, and not connected
)

// tables are the kernel's, and the state of a socket that waits.
func tables() []struct {
	name, protocol string
	state          uint64
	optional       bool // a kernel without IPv6 has none
} {
	return []struct {
		name, protocol string
		state          uint64
		optional       bool
	}{
		{"tcp", "tcp", stateListen, false}, {"tcp6", "tcp", stateListen, true},
		{"udp", "udp", stateClosed, false}, {"udp6", "udp", stateClosed, true},
	}
}

// readTable returns the sockets of a table that wait.
func readTable(proc fs.FS, dir, name, protocol string, state uint64) (sockets []Socket, err error) {
	file, err := proc.Open(path.Join(dir, name))
	if err != nil {
		return nil, err
	}
	defer file.Close()
	lines := bufio.NewScanner(io.LimitReader(file, maxBytes+1))
	read := 0
	for row := 0; lines.Scan(); row++ {
		if read += len(lines.Bytes()) + 1; row > maxRows || read > maxBytes {
			return nil, fmt.Errorf("read %s: more than %d rows or %d bytes", name, maxRows, maxBytes)
		}
		if row == 0 { // names of the columns
			continue
		}
		s, in, err := parseRow(lines.Text())
		if err != nil {
			return nil, fmt.Errorf("read %s, row %d: %w", name, row, err)
		}
		if in == state {
			s.Protocol = protocol
			sockets = append(sockets, s)
		}
	}
	return sockets, lines.Err()
}

// parseRow reads a row such as
//
//	0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 12345 …
func parseRow(row string) (s Socket, state uint64, err error) {
	const local, inState, owner, inode = 1, 3, 7, 9
	fields := strings.Fields(row)
	if len(fields) <= inode {
		return s, 0, fmt.Errorf("%d columns, fewer than %d", len(fields), inode+1)
	}
	if s.Address, err = parseAddress(fields[local]); err != nil {
		return s, 0, err
	}
	uid, err := strconv.ParseUint(fields[owner], 10, 32)
	if err != nil {
		return s, 0, fmt.Errorf("an owner: %w", err)
	}
	s.UID = uint32(uid)
	if s.Inode, err = strconv.ParseUint(fields[inode], 10, 64); err != nil {
		return s, 0, fmt.Errorf("an inode: %w", err)
	}
	if state, err = strconv.ParseUint(fields[inState], 16, 8); err != nil {
		return s, 0, fmt.Errorf("a state: %w", err)
	}
	return s, state, nil
}

// parseAddress reads address and port. The kernel prints the address as words of 32 bits, each as the machine's own byte order reads
// it, so 127.0.0.1 is 0100007F on most machines.
func parseAddress(text string) (netip.AddrPort, error) {
	address, port, ok := strings.Cut(text, ":")
	raw, err := hex.DecodeString(address)
	if !ok || err != nil || len(raw) != 4 && len(raw) != 16 {
		return netip.AddrPort{}, fmt.Errorf("an address %q", text)
	}
	number, err := strconv.ParseUint(port, 16, 16)
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("a port %q", text)
	}
	for word := raw; len(word) > 0; word = word[4:] {
		binary.NativeEndian.PutUint32(word, binary.BigEndian.Uint32(word))
	}
	ip, _ := netip.AddrFromSlice(raw) // 4 or 16 bytes
	return netip.AddrPortFrom(ip.Unmap(), uint16(number)), nil
}
