package fanout

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

const (
	defaultPort = "6379"
	maxName     = 128 // bytes
)

// CheckURL says what is wrong with the address of a Redis: its scheme, its host, its database, or a password in it, which belongs into a
// file. The error does not repeat the address.
func CheckURL(text string) error {
	_, _, err := parse(text)
	return err
}

// parse is the address as host:port and the rest of it.
func parse(text string) (u *url.URL, db int, err error) {
	u, err = url.Parse(text)
	switch {
	case err != nil:
		return nil, 0, errors.New("the address of redis is no URL: write redis://HOST:PORT or rediss://HOST:PORT")
	case u.Scheme != "redis" && u.Scheme != "rediss":
		return nil, 0, errors.New("the address of redis begins with neither redis:// nor rediss:// (TLS)")
	case u.Hostname() == "":
		return nil, 0, errors.New("the address of redis names no host: write redis://HOST:PORT")
	case u.RawQuery != "" || u.Fragment != "":
		return nil, 0, errors.New("the address of redis has options behind it: leave out what follows ? or #")
	}
	if _, has := u.User.Password(); has {
		return nil, 0, errors.New("the address of redis has a password in it: write that into a file of its own")
	}
	if path := strings.Trim(u.Path, "/"); path != "" {
		if db, err = strconv.Atoi(path); err != nil || db < 0 {
			return nil, 0, fmt.Errorf("the address of redis ends with %.40q: the number of a database may stand there, from 0", path)
		}
	}
	return u, db, nil
}

func checkName(name string) error {
	odd := func(r rune) bool { return r <= ' ' || r > '~' }
	if name == "" || len(name) > maxName || strings.ContainsFunc(name, odd) {
		return fmt.Errorf("the fan-out's name %.40q: 1 to %d characters without spaces are wanted", name, maxName)
	}
	return nil
}

func options(c Config) (*redis.Options, error) {
	u, db, err := parse(c.URL)
	if err != nil {
		return nil, err
	}
	port := u.Port()
	if port == "" {
		port = defaultPort
	}
	o := &redis.Options{
		Addr: net.JoinHostPort(u.Hostname(), port), DB: db, Username: u.User.Username(),
		// Attempts are made again here, where they are counted and the pace is known; and each ends with its context.
		MaxRetries: -1, DialerRetries: 1, DialTimeout: connectTime, ContextTimeoutEnabled: true,
		ReadTimeout: connectTime, WriteTimeout: connectTime, // of what is said while connecting
		PoolSize:                 2,    // one waits for messages, one publishes
		DisableIdentity:          true, // no commands but those that doc.go names
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	}
	if password := c.Password; password != nil {
		user := o.Username
		o.CredentialsProviderContext = func(context.Context) (string, string, error) { return user, password().Reveal(), nil }
	}
	if u.Scheme == "rediss" {
		o.TLSConfig = &tls.Config{ServerName: u.Hostname(), RootCAs: c.Roots, MinVersion: tls.VersionTLS12}
	}
	return o, nil
}
