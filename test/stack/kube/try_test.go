//go:build linux

package kube_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"
)

// party is who connections come from and go to.
type party struct {
	name    string
	address netip.Addr
	inside  func(do func() error) error // runs a function in its network
}

// attempt is one connection to try.
type attempt struct {
	from, to int // parties
	udp      bool
	port     uint16
}

const (
	// quiet is how long nothing new has come through before the rest counts as dropped: packets here take well under a millisecond, and the machine may be busy.
	quiet = 700 * time.Millisecond
	// longest ends a trial that never becomes quiet.
	longest = 20 * time.Second
)

// try makes attempts, those of one party at once, and tells of each whether it came through: over TCP an answer of the other, be it that nobody listens there;
// over UDP that the packet lies there, or where somebody has the port already, which is DNS alone, that it answers.
func try(parties []party, attempts []attempt) (through []bool, err error) {
	through = make([]bool, len(attempts))
	l := listeners{}
	defer l.close()
	from := map[int][]int{}
	for i, a := range attempts {
		if a.udp {
			if err := l.listen(parties, a.to, a.port); err != nil {
				return nil, err
			}
		}
		from[a.from] = append(from[a.from], i)
	}
	for who := range parties {
		if err := l.from(parties, who, attempts, from[who], through); err != nil {
			return nil, fmt.Errorf("from %s: %w", parties[who].name, err)
		}
	}
	return through, nil
}

type place struct {
	party int
	port  uint16
}

// listeners are the UDP sockets of a trial, by where they listen; -1 where somebody else has the port.
type listeners map[place]int

func (l listeners) listen(parties []party, who int, port uint16) error {
	at := place{who, port}
	if _, ok := l[at]; ok {
		return nil
	}
	return parties[who].inside(func() error {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return fmt.Errorf("open a socket: %w", err)
		}
		err = unix.Bind(fd, socket(parties[who].address, port))
		if err == nil {
			l[at] = fd
			return nil
		}
		unix.Close(fd)
		if !errors.Is(err, unix.EADDRINUSE) {
			return fmt.Errorf("listen on %s %d: %w", parties[who].name, port, err)
		}
		l[at] = -1
		return nil
	})
}

// read notes the attempts whose packets have come, and tells whether there were any.
func (l listeners) read(through []bool) (news bool) {
	packet := make([]byte, 64)
	for _, fd := range l {
		for fd >= 0 {
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
	for _, fd := range l {
		if fd >= 0 {
			unix.Close(fd)
		}
	}
}

// from makes the attempts of one party.
func (l listeners) from(parties []party, who int, attempts []attempt, list []int, through []bool) error {
	waits := map[int]int{} // attempts that wait for an answer, by their descriptor
	defer func() {
		for fd := range waits {
			unix.Close(fd)
		}
	}()
	err := parties[who].inside(func() error {
		for _, i := range list {
			a := attempts[i]
			fd, err := connect(a.udp, parties[who].address, parties[a.to].address, a.port)
			switch {
			case errors.Is(err, unix.ECONNREFUSED):
				through[i] = true // answered already
			case err != nil:
				return fmt.Errorf("to %s %d: %w", parties[a.to].name, a.port, err)
			case !a.udp:
				waits[fd] = i
			case l[place{a.to, a.port}] < 0:
				waits[fd] = i
				if _, err := unix.Write(fd, question); err != nil {
					return fmt.Errorf("to %s %d: %w", parties[a.to].name, a.port, err)
				}
			default:
				_, err := unix.Write(fd, binary.BigEndian.AppendUint32(nil, uint32(i)))
				unix.Close(fd)
				if err != nil {
					return fmt.Errorf("to %s %d: %w", parties[a.to].name, a.port, err)
				}
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	last, start := time.Now(), time.Now()
	for time.Since(last) < quiet && time.Since(start) < longest {
		news := l.read(through)
		for fd, i := range waits {
			answered, err := settled(fd, attempts[i].udp)
			if err != nil {
				return fmt.Errorf("to %s %d: %w", parties[attempts[i].to].name, attempts[i].port, err)
			}
			if answered {
				through[i], news = true, true
				unix.Close(fd)
				delete(waits, fd)
			}
		}
		if news {
			last = time.Now()
		}
		time.Sleep(time.Millisecond)
	}
	return nil
}

// question asks a name server for the address of localhost.
var question = []byte("\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x09localhost\x00\x00\x01\x00\x01")

func socket(a netip.Addr, port uint16) *unix.SockaddrInet4 {
	return &unix.SockaddrInet4{Addr: a.As4(), Port: int(port)}
}

func connect(udp bool, from, to netip.Addr, port uint16) (int, error) {
	kind := unix.SOCK_STREAM
	if udp {
		kind = unix.SOCK_DGRAM
	}
	fd, err := unix.Socket(unix.AF_INET, kind|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, fmt.Errorf("open a socket: %w", err)
	}
	err = unix.Bind(fd, socket(from, 0)) // a host may have several addresses
	if err == nil {
		err = unix.Connect(fd, socket(to, port))
	}
	if err != nil && !errors.Is(err, unix.EINPROGRESS) {
		unix.Close(fd)
		return -1, fmt.Errorf("connect: %w", err)
	}
	return fd, nil
}

// settled tells whether the other has answered.
func settled(fd int, udp bool) (bool, error) {
	events := int16(unix.POLLOUT)
	if udp {
		events = unix.POLLIN
	}
	poll := []unix.PollFd{{Fd: int32(fd), Events: events}}
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
