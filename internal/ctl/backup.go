package ctl

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"runtime/debug"
	"strings"
	"time"

	"filippo.io/age"

	"github.com/Abdullahi130/StellarEscrow/internal/cli"
	"github.com/Abdullahi130/StellarEscrow/internal/ops/backup"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
	"github.com/Abdullahi130/StellarEscrow/internal/store/postgres"
)

// backupCommands write backups of the store, and look at them.
type backupCommands struct {
	Take   takeBackup   `cmd:"" default:"withargs" help:"Write everything that the store holds at one moment into one encrypted file, and read the file back. This is what happens without a further word."`
	Verify verifyBackup `cmd:"" help:"Decrypt a backup and compare everything in it with its manifest. Ends with 0 if it is as it was written, 1 if it is not, 2 if it could not be read or no key opens it."`
}

// bucketFlags are of commands that may use an object store.
type bucketFlags struct {
	PathStyle bool `name:"s3-path-style" env:"BACKUP_S3_PATH_STYLE" help:"Put the bucket's name into the path, as servers other than AWS's own mostly want it."`
}

// takeBackup is the command of the CronJob. It needs no private key.
type takeBackup struct {
	databaseFlags `embed:""`
	bucketFlags   `embed:""`
	To            string        `env:"BACKUP_TO" help:"Where the file goes: a folder that exists, or s3://BUCKET/PREFIX." placeholder:"PLACE"`
	Recipients    string        `name:"recipients-file" env:"BACKUP_RECIPIENTS_FILE" help:"File with the public keys (age1…, one a line) of those who can open it." placeholder:"FILE"`
	Within        time.Duration `env:"BACKUP_WITHIN" help:"Give up after this time." default:"6h"`
	JSON          bool          `name:"json" help:"Print the receipt as JSON: what is needed to tell later that a file is the one that was written."`
}

func (c *takeBackup) run(ctx context.Context, out io.Writer) error {
	options, err := c.postgres(time.Now)
	recipients, recipientsErr := c.recipients()
	place, placeErr := openPlace(ctx, c.To, c.bucketFlags)
	if placeErr != nil && errors.Is(placeErr, backup.ErrPlace) && err == nil && recipientsErr == nil {
		return placeErr // nothing is wrong with how it was called
	}
	if err := errors.Join(err, recipientsErr, placeErr, c.bounded()); err != nil {
		return fmt.Errorf("%w: %w", cli.ErrUsage, semicolons{err})
	}
	bounded, cancel := context.WithTimeout(ctx, c.Within)
	defer cancel()
	receipt, err := take(bounded, options, place, backup.Options{Recipients: recipients, Program: version(), Now: time.Now, Rand: rand.Reader})
	if bounded.Err() != nil && ctx.Err() == nil {
		return fmt.Errorf("no backup within %s (--within): %w", c.Within, bounded.Err())
	}
	if err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(out).Encode(receipt)
	}
	_, err = fmt.Fprintf(out, "%s is in %s, read back and equal: %d bytes\nsha256 %s\n%s", receipt.Name, receipt.Place, receipt.Bytes, receipt.SHA256, contents(receipt.Manifest))
	return err
}

func (c *takeBackup) bounded() error {
	if c.Within <= 0 {
		return fmt.Errorf("--within=%s (BACKUP_WITHIN) is no time", c.Within)
	}
	return nil
}

func (c *takeBackup) recipients() ([]age.Recipient, error) {
	path := c.path(c.Recipients, "BACKUP_RECIPIENTS")
	if path == "" {
		return nil, errors.New("BACKUP_RECIPIENTS_FILE is not set: name the file with the public keys (age1…) of those who can open the backup")
	}
	all, err := backup.Recipients(path)
	if err != nil {
		return nil, fmt.Errorf("BACKUP_RECIPIENTS_FILE: %w", err)
	}
	return all, nil
}

func openPlace(ctx context.Context, place string, flags bucketFlags) (backup.Place, error) {
	switch {
	case place == "":
		return nil, errors.New("BACKUP_TO is not set: name a folder, or s3://BUCKET/PREFIX")
	case backup.IsBucket(place):
		return backup.NewBucket(ctx, place, backup.BucketOptions{PathStyle: flags.PathStyle})
	case strings.Contains(place, "://"):
		return nil, fmt.Errorf("BACKUP_TO=%.100q is neither a folder nor s3://BUCKET/PREFIX", place)
	}
	return backup.NewFolder(place, time.Now)
}

// take reads the store of one moment.
func take(ctx context.Context, from postgres.Options, to backup.Place, o backup.Options) (backup.Receipt, error) {
	moment, err := postgres.OpenSnapshot(ctx, from)
	if err != nil {
		return backup.Receipt{}, err
	}
	defer moment.Close()
	return backup.Take(ctx, source{moment}, to, o)
}

// source is a moment of PostgreSQL as a backup reads it.
type source struct{ moment *postgres.Snapshot }

func (s source) Facts(ctx context.Context) (backup.Head, error) {
	facts := s.moment.Facts()
	h := backup.Head{Server: facts.Server, Schema: facts.Schema}
	for _, t := range s.moment.Tables() {
		h.Tables = append(h.Tables, backup.Table(t))
	}
	n, err := s.moment.Network(ctx)
	switch {
	case errors.Is(err, store.ErrNotFound):
	case err != nil:
		return h, err
	default:
		h.Network = &backup.Network{Passphrase: n.Passphrase, Ledger: n.Mark.Seq, Hash: fmt.Sprintf("%x", n.Mark.Hash)}
	}
	return h, nil
}

func (s source) Copy(ctx context.Context, t backup.Table, to io.Writer) (int64, error) {
	return s.moment.Copy(ctx, postgres.Table(t), to)
}

func (s source) State(ctx context.Context) (store.State, error) {
	return store.StateHash(ctx, s.moment)
}

// verifyBackup needs a private key, and is for a machine that may have one.
type verifyBackup struct {
	bucketFlags `embed:""`
	Identity    string `name:"identity" env:"BACKUP_IDENTITY_FILE" help:"File with a private key (AGE-SECRET-KEY-…) of one of the recipients." placeholder:"FILE"`
	SHA256      string `name:"sha256" help:"What the receipt says: fail if it is another file. Without it a file that somebody else has written to the same recipients is as good." placeholder:"HEX"`
	File        string `arg:"" help:"The backup: a file, or s3://BUCKET/PREFIX/NAME."`
	JSON        bool   `name:"json" help:"Print JSON."`
}

func (c *verifyBackup) run(ctx context.Context, out io.Writer) error {
	if c.Identity == "" {
		return fmt.Errorf("%w: BACKUP_IDENTITY_FILE is not set: name the file with the private key of one of the recipients (--identity)", cli.ErrUsage)
	}
	identities, err := backup.Identities(c.Identity)
	if err != nil {
		return fmt.Errorf("%w: --identity: %w", cli.ErrUsage, err)
	}
	if c.SHA256 = strings.ToLower(c.SHA256); c.SHA256 != "" && (len(c.SHA256) != 64 || strings.Trim(c.SHA256, "0123456789abcdef") != "") {
		return fmt.Errorf("%w: --sha256: write the 64 hex digits of the receipt", cli.ErrUsage)
	}
	dir, name := path.Split(c.File)
	if dir == "" {
		dir = "."
	}
	place, err := openPlace(ctx, dir, c.bucketFlags)
	if err != nil && !errors.Is(err, backup.ErrPlace) {
		return fmt.Errorf("%w: %w", cli.ErrUsage, err)
	}
	if err != nil {
		return err
	}
	receipt, err := c.verify(ctx, place, name, identities)
	if err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(out).Encode(receipt)
	}
	_, err = fmt.Fprintf(out, "%s is as it was written on %s by %s: %d bytes\nsha256 %s\n%s",
		receipt.Name, receipt.Manifest.TakenAt.Format(time.RFC3339), receipt.Manifest.Program, receipt.Bytes, receipt.SHA256, contents(receipt.Manifest))
	return err
}

func (c *verifyBackup) verify(ctx context.Context, place backup.Place, name string, identities []age.Identity) (backup.Receipt, error) {
	content, err := place.Get(ctx, name)
	if err != nil {
		return backup.Receipt{}, err
	}
	defer content.Close() // read only: nothing can be lost
	r, err := backup.Verify(ctx, name, content, identities)
	if err != nil {
		return r, err
	}
	if r.Place = place.String(); c.SHA256 != "" && c.SHA256 != r.SHA256 {
		return r, fmt.Errorf("%s is %w: its sha256 is %s, the receipt says %s: it is whole, but another file", name, backup.ErrDamaged, r.SHA256, c.SHA256)
	}
	return r, nil
}

// contents shows what is in a backup.
func contents(m backup.Manifest) string {
	var out strings.Builder
	fmt.Fprintf(&out, "%d rows of %d tables, schema %d; %d trades, state hash %s\n", m.Rows(), len(m.Tables), m.Schema, m.State.Trades, m.State.Hash)
	if m.Network == nil {
		out.WriteString("the store has never been used\n")
	} else {
		fmt.Fprintf(&out, "network %q, ledger %d\n", m.Network.Passphrase, m.Network.Ledger)
	}
	for _, p := range m.Positions {
		fmt.Fprintf(&out, "contract %s up to ledger %d\n", p.Contract, p.Ledger)
	}
	return out.String()
}

// version is that of this program: the commit if whoever built it has left it in, else the hash of its file, which is the same whoever builds the same commit.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	text, known := info.Main.Version, false
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			text, known = text+" "+s.Value, true
		case s.Key == "vcs.modified" && s.Value == "true":
			text += " (changed)"
		}
	}
	if hash, err := ownHash(); !known && err == nil {
		text += " sha256 " + hash
	}
	return strings.TrimSpace(text)
}

func ownHash() (string, error) {
	path, err := os.Executable()
	if err != nil {
		return "", err
	}
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close() // read only: nothing can be lost
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		return "", err
	}
	return fmt.Sprintf("%x", sum.Sum(nil)), nil
}
