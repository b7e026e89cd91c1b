package ctl

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"

	"github.com/Abdullahi130/StellarEscrow/internal/cli"
	"github.com/Abdullahi130/StellarEscrow/internal/images"
)

// imagesCommands are about the images that the platform runs (docs/operations/images.md).
type imagesCommands struct {
	Pin       pinImages      `cmd:"" help:"Ask the registries what the tags of the lock file are now, and write their digests down. What cannot be resolved is named, and then nothing is written."`
	Reference imageReference `cmd:"" help:"Say how an image of the lock file is named with its digest, for whoever builds on it or runs it. Refused while it has none."`
	Sbom      imagesBill     `cmd:"" name:"sbom" help:"Say what is in an image of ours, as CycloneDX JSON: every Go module with its version, and every other file. The same image gives the same bytes."`
}

// lockFlag is of commands that read the lock file.
type lockFlag struct {
	Lock string `help:"The lock file." default:"images/lock.json" type:"path"`
}

func (f lockFlag) read() (images.Lock, error) {
	text, err := os.ReadFile(f.Lock)
	if err != nil {
		return images.Lock{}, notThere("--lock", err)
	}
	locked, err := images.ParseLock(text)
	if err != nil {
		return images.Lock{}, fmt.Errorf("%s: %w", f.Lock, err)
	}
	return locked, nil
}

// pinImages is for a release.
type pinImages struct {
	lockFlag       `embed:""`
	Check          bool     `help:"Write nothing: say which tags are not what was written down, and exit with 1 if there are any."`
	Kustomizations []string `name:"kustomization" help:"A kustomization.yaml whose images get their digests too: those of the lock its tags, all others what their registry says. May be given several times." type:"path" placeholder:"FILE"`
	Release        string   `help:"With --kustomization: the tag that images of ours get." placeholder:"TAG"`
}

// errMoved is about what was written down and is no longer so.
var errMoved = errors.New("not what was written down")

func (c *pinImages) run(ctx context.Context, out io.Writer) error {
	if c.Release != "" && len(c.Kustomizations) == 0 {
		return fmt.Errorf("%w: --release=%s is for the images in a kustomization: name one with --kustomization", cli.ErrUsage, c.Release)
	}
	locked, err := c.read()
	if err != nil {
		return err
	}
	resolve := images.FromRegistries(http.DefaultTransport)
	now, err := locked.Resolve(ctx, resolve)
	if err != nil {
		return fmt.Errorf("nothing is written: %w", semicolons{err})
	}
	changes := locked.Changes(now)
	files, err := c.pinned(ctx, now, resolve)
	if err != nil {
		return fmt.Errorf("nothing is written: %w", semicolons{err})
	}
	for _, change := range changes {
		if _, err := fmt.Fprintln(out, change); err != nil {
			return err
		}
	}
	if c.Check {
		return c.check(out, len(changes), files)
	}
	text, err := now.Text()
	if err != nil {
		return err
	}
	files = append([]file{{path: c.Lock, text: text}}, files...)
	for _, f := range files {
		if err := images.Replace(f.path, f.text); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintf(out, "%s: %d images have their digests, %d of them another one than before\n", c.Lock, len(now.Images), len(changes))
	return err
}

// file is one that is to be written.
type file struct {
	path    string
	text    []byte
	changed bool
}

func (c *pinImages) pinned(ctx context.Context, now images.Lock, resolve images.Resolver) ([]file, error) {
	var files []file
	for _, path := range c.Kustomizations {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, notThere("--kustomization", err)
		}
		k, err := images.ParseKustomization(text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		pinned, err := k.Pin(ctx, now, c.Release, resolve)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		files = append(files, file{path: path, text: pinned, changed: !bytes.Equal(text, pinned)})
	}
	return files, nil
}

func (c *pinImages) check(out io.Writer, changes int, files []file) error {
	for _, f := range files {
		if f.changed {
			changes++
			if _, err := fmt.Fprintf(out, "%s: its images are not what their registries have\n", f.path); err != nil {
				return err
			}
		}
	}
	if changes == 0 {
		_, err := fmt.Fprintln(out, "every tag is what was written down")
		return err
	}
	return fmt.Errorf("%w: %d; `escrowctl images pin` without --check takes over what is so now", errMoved, changes)
}

func notThere(flag string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: %s: %w", cli.ErrUsage, flag, err)
	}
	return err
}

// imageReference is for scripts.
type imageReference struct {
	lockFlag `embed:""`
	Name     string `arg:"" help:"What the lock file calls it: golang."`
}

func (c *imageReference) run(_ context.Context, out io.Writer) error {
	locked, err := c.read()
	if err != nil {
		return err
	}
	for _, image := range locked.Images {
		if image.Name != c.Name {
			continue
		}
		pinned, err := image.Pinned()
		if err != nil {
			return fmt.Errorf("%w: %s has no digest of it: run `escrowctl images pin`", err, c.Lock)
		}
		_, err = fmt.Fprintln(out, pinned)
		return err
	}
	return fmt.Errorf("%w: %s has no image %q", cli.ErrUsage, c.Lock, c.Name)
}

// imagesBill is for a release, and for whoever wants to know.
type imagesBill struct {
	Image string `arg:"" help:"The image: a file (an OCI archive, as buildah and docker save write it), or a reference with its registry."`
}

func (c *imagesBill) run(ctx context.Context, out io.Writer) error {
	var bill bytes.Buffer // whole, or nothing
	image, err := c.open(ctx)
	if err == nil {
		err = images.WriteBill(&bill, image)
	}
	if err != nil {
		return err
	}
	_, err = bill.WriteTo(out)
	return err
}

func (c *imagesBill) open(ctx context.Context) (images.Image, error) {
	if _, err := os.Stat(c.Image); err == nil {
		return images.OpenArchive(c.Image)
	}
	image, err := images.OpenReference(ctx, c.Image, http.DefaultTransport)
	if err != nil && !errors.Is(err, images.ErrUnresolved) {
		return image, fmt.Errorf("%w: there is no such file, and %w", cli.ErrUsage, err)
	}
	return image, err
}
