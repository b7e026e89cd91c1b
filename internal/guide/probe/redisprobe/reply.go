package redisprobe

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// reply is one reply of RESP2: a status, an error or a text. Nothing that we ask is answered with another kind.
type reply struct {
	kind byte // '+', '-' or '$'
	text string
}

// The bounds of a reply: INFO has about 6 kB.
const (
	maxLine = 4 << 10
	maxText = 256 << 10
)

// errNoRedis is wrapped where what answers does not speak Redis' protocol.
var errNoRedis = errors.New("it does not speak the protocol of Redis")

func readReply(r *bufio.Reader) (reply, error) {
	line, err := readLine(r)
	if err != nil {
		return reply{}, err
	}
	if line == "" {
		return reply{}, fmt.Errorf("%w: an empty line", errNoRedis)
	}
	switch kind, rest := line[0], line[1:]; kind {
	case '+', '-':
		return reply{kind, rest}, nil
	case '$':
		n, err := strconv.Atoi(rest)
		if err != nil || n < 0 || n > maxText {
			return reply{}, fmt.Errorf("%w: a text of %.20q bytes", errNoRedis, rest)
		}
		text := make([]byte, n+2)
		if _, err := io.ReadFull(r, text); err != nil {
			return reply{}, err
		}
		if string(text[n:]) != "\r\n" {
			return reply{}, fmt.Errorf("%w: a text without an end", errNoRedis)
		}
		return reply{kind, string(text[:n])}, nil
	}
	return reply{}, fmt.Errorf("%w: a line that begins with %.20q", errNoRedis, line)
}

// readLine reads up to CR LF, which it takes off.
func readLine(r *bufio.Reader) (string, error) {
	var line strings.Builder
	for line.Len() < maxLine {
		b, err := r.ReadByte()
		if err != nil {
			return "", err
		}
		line.WriteByte(b)
		if text, ended := strings.CutSuffix(line.String(), "\r\n"); ended {
			return text, nil
		}
	}
	return "", fmt.Errorf("%w: a line of more than %d bytes", errNoRedis, maxLine)
}

// command is a request as Redis reads it.
func command(words ...string) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "*%d\r\n", len(words))
	for _, w := range words {
		fmt.Fprintf(&b, "$%d\r\n%s\r\n", len(w), w)
	}
	return []byte(b.String())
}
