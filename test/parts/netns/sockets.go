//go:build linux

package netns

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"
)

// sockets are those of a trial, and what came through.
type sockets struct {
	parties  map[string]Party
	attempts []Attempt
	through  []bool
	// listeners are for UDP, by where they listen; -1 where somebody else has the port.
	listeners map[place]int
	waits     map[int]int // attempts that wait for an answer, by their descriptor
}

type place struct {
	party string
	port  uint16
}

func (s sockets) close() {
	for fd := range s.waits {
		unix.Close(fd)
	}
	for _, fd := range s.listeners {
		if fd >= 0 {
			unix.Close(fd)
		}
	}
}

func (s sockets) listen(party string, port uint16) error {
	at := place{party, port}
	if _, ok := s.listeners[at]; ok {
		return nil
	}
	return s.parties[party].Inside(func() error {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return fmt.Errorf("open a socket: %w", err)
		}
		err = unix.Bind(fd, address(s.parties[party].Address, port))
		if err == nil {
			s.listeners[at] = fd
			return nil
		}
		unix.Close(fd)
		if !errors.Is(err, unix.EADDRINUSE) {
			return fmt.Errorf("listen on %s %d: %w", party, port, err)
		}
		s.listeners[at] = -1
		return nil
	})
}

// begin makes the attempts of one party.
func (s sockets) begin(p Party, list []int) error {
	if len(list) == 0 {
		return nil
	}
	return p.Inside(func() error {
		for _, i := range list {
			if err := s.attempt(p, i); err != nil {
				return fmt.Errorf("%v: %w", s.attempts[i], err)
			}
		}
		return nil
	})
}

func (s sockets) attempt(p Party, i int) error {
	a := s.attempts[i]
	fd, err := connect(a.UDP, p.Address, s.parties[a.To].Address, a.Port)
	switch {
	case errors.Is(err, unix.ECONNREFUSED):
		s.through[i] = true // answered already
		return nil
	case err != nil:
		return err
	case !a.UDP:
		s.waits[fd] = i
		return nil
	case s.listeners[place{a.To, a.Port}] < 0:
		s.waits[fd] = i
		_, err := unix.Write(fd, question)
		return err
	}
	_, err = unix.Write(fd, binary.BigEndian.AppendUint32(nil, uint32(i)))
	unix.Close(fd)
	return err
}

// settle waits until nothing new has come through for a while.
func (s sockets) settle(quiet time.Duration) error {
	last, start := time.Now(), time.Now()
	for time.Since(last) < quiet && time.Since(start) < longest {
		news := s.read()
		for fd, i := range s.waits {
			answered, err := settled(fd, s.attempts[i].UDP)
			if err != nil {
				return fmt.Errorf("%v: %w", s.attempts[i], err)
			}
			if answered {
				s.through[i], news = true, true
				unix.Close(fd)
				delete(s.waits, fd)
			}
		}
		if news {
			last = time.Now()
		}
		time.Sleep(time.Millisecond)
	}
	for fd := range s.waits { // dropped
		unix.Close(fd)
		delete(s.waits, fd)
	}
	return nil
}

// read notes the attempts whose packets have come, and tells whether there were any.
func (s sockets) read() (news bool) {
	packet := make([]byte, 64)
	for _, fd := range s.listeners {
		for fd >= 0 {
			size, err := unix.Read(fd, packet)
			if err != nil || size != 4 {
				break
			}
			if i := binary.BigEndian.Uint32(packet); int(i) < len(s.through) {
				s.through[i], news = true, true
			}
		}
	}
	return news
}

// question asks a name server for the address of localhost.
var question = []byte("\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x09localhost\x00\x00\x01\x00\x01")

func address(a netip.Addr, port uint16) *unix.SockaddrInet4 {
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
	err = unix.Bind(fd, address(from, 0)) // a host may have several addresses
	if err == nil {
		err = unix.Connect(fd, address(to, port))
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
