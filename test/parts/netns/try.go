//go:build linux

package netns

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// Attempt is one connection to try.
type Attempt struct {
	From, To string // names of hosts
	UDP      bool   // else TCP
	Port     uint16
}

func (a Attempt) String() string {
	protocol := "TCP"
	if a.UDP {
		protocol = "UDP"
	}
	return fmt.Sprintf("%s to %s %d/%s", a.From, a.To, a.Port, protocol)
}

// quiet is how long nothing new has come through before the rest counts as dropped: packets here take well under a millisecond.
const quiet = 300 * time.Millisecond

// longest ends a trial that never becomes quiet.
const longest = 10 * time.Second

// Try makes all attempts at once and tells of each whether it came through: over TCP an answer of the other host, be it that nobody listens
// there; over UDP that the packet lies there.
func (n *Network) Try(t *testing.T, attempts []Attempt) []bool {
	t.Helper()
	through := make([]bool, len(attempts))
	l := listeners{network: n, fds: map[listener]int{}}
	defer l.close()
	tcp := map[int]int{} // attempts under way, by their descriptor
	defer func() {
		for fd := range tcp {
			unix.Close(fd)
		}
	}()
	from := map[string][]int{} // attempts by the host that makes them, so that each is entered once
	for i, a := range attempts {
		if _, ok := n.hosts[a.To]; !ok {
			t.Fatalf("%v: there is no host %q", a, a.To)
		}
		if a.UDP {
			if err := l.listen(a.To, a.Port); err != nil {
				t.Fatalf("%v: %v", a, err)
			}
		}
		from[a.From] = append(from[a.From], i)
	}
	for host, list := range from {
		err := n.in(host, func() error {
			for _, i := range list {
				a := attempts[i]
				fd, err := connect(a.UDP, n.hosts[a.To].Address, a.Port)
				switch {
				case errors.Is(err, unix.ECONNREFUSED):
					through[i] = true // answered already
				case err != nil:
					return fmt.Errorf("%v: %w", a, err)
				case a.UDP:
					_, err = unix.Write(fd, binary.BigEndian.AppendUint32(nil, uint32(i)))
					unix.Close(fd)
					if err != nil {
						return fmt.Errorf("%v: %w", a, err)
					}
				default:
					tcp[fd] = i
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	last, start := time.Now(), time.Now()
	for time.Since(last) < quiet && time.Since(start) < longest {
		news := l.read(through)
		for fd, i := range tcp {
			answered, err := settled(fd)
			if err != nil {
				t.Fatalf("%v: %v", attempts[i], err)
			}
			if answered {
				through[i], news = true, true
				unix.Close(fd)
				delete(tcp, fd)
			}
		}
		if news {
			last = time.Now()
		}
		time.Sleep(time.Millisecond)
	}
	return through
}

func socketAddress(a netip.Addr, port uint16) *unix.SockaddrInet4 {
	return &unix.SockaddrInet4{Addr: a.As4(), Port: int(port)}
}

func connect(udp bool, to netip.Addr, port uint16) (int, error) {
	kind := unix.SOCK_STREAM
	if udp {
		kind = unix.SOCK_DGRAM
	}
	fd, err := unix.Socket(unix.AF_INET, kind|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, fmt.Errorf("open a socket: %w", err)
	}
	err = unix.Connect(fd, socketAddress(to, port))
	if err != nil && !errors.Is(err, unix.EINPROGRESS) {
		unix.Close(fd)
		return -1, fmt.Errorf("connect: %w", err)
	}
	return fd, nil
}

// settled tells whether the other host has answered.
func settled(fd int) (bool, error) {
	poll := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}}
	ready, err := unix.Poll(poll, 0)
	if errors.Is(err, unix.EINTR) || err == nil && ready == 0 {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("poll: %w", err)
	}
	code, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ERROR)
	switch {
	case err != nil:
		return false, fmt.Errorf("ask how a connection went: %w", err)
	case code == 0 || unix.Errno(code) == unix.ECONNREFUSED:
		return true, nil
	}
	return false, fmt.Errorf("a connection went neither through nor nowhere: %w", unix.Errno(code))
}

type listener struct {
	host string
	port uint16
}

// listeners are the UDP sockets of one trial.
type listeners struct {
	network *Network
	fds     map[listener]int
}

func (l listeners) listen(host string, port uint16) error {
	k := listener{host, port}
	if _, ok := l.fds[k]; ok {
		return nil
	}
	return l.network.in(host, func() error {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return fmt.Errorf("open a socket: %w", err)
		}
		if err := unix.Bind(fd, socketAddress(l.network.hosts[host].Address, port)); err != nil {
			unix.Close(fd)
			return fmt.Errorf("listen on %s %d: %w", host, port, err)
		}
		l.fds[k] = fd
		return nil
	})
}

// read notes the attempts whose packets have come, and tells whether there were any.
func (l listeners) read(through []bool) (news bool) {
	packet := make([]byte, 64)
	for _, fd := range l.fds {
		for {
			size, err := unix.Read(fd, packet)
			if err != nil || size != 4 {
				break
			}
			if i := binary.BigEndian.Uint32(packet); int(i) < len(through) {
				through[i], news = true, true
			}
		}
	}
	return news
}

func (l listeners) close() {
	for _, fd := range l.fds {
		unix.Close(fd)
	}
}
