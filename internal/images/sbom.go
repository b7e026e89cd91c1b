package images

import (
	"bytes"
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/url"
	"path"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/CycloneDX/cyclonedx-go"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/uuid"
)

// ErrNotOurs is wrapped by the error about an image that holds no Go program, so that nothing can be said of what it is made of.
var ErrNotOurs = errors.New("it holds no Go program")

func sum(text []byte) (v1.Hash, error) {
	h, _, err := v1.SHA256(bytes.NewReader(text))
	return h, err
}

// WriteBill writes what is in the image as CycloneDX JSON: each Go program with the standard library and the modules that its build info names, and every other
// file by its SHA-256. It is made of the image alone, so the same digest gives the same bytes, whoever asks and whenever.
func WriteBill(out io.Writer, image Image) error {
	config, err := image.content.ConfigFile()
	if err != nil {
		return fmt.Errorf("read image %s: %w", image.Name, err)
	}
	b := bill{refs: map[string]bool{}}
	if err := image.files(b.file); err != nil {
		return err
	}
	if b.programs == 0 {
		return fmt.Errorf("image %s: %w: a bill of it is its publisher's to write", image.Name, ErrNotOurs)
	}
	called, _, _ := strings.Cut(path.Base(image.Name), ":")
	called, _, _ = strings.Cut(called, "@")
	whole := cyclonedx.Component{
		BOMRef: "image", Type: cyclonedx.ComponentTypeContainer, Name: called, Version: image.Digest,
		PackageURL: "pkg:oci/" + url.PathEscape(called) + "@" + url.QueryEscape(image.Digest) + "?arch=" + url.QueryEscape(config.Architecture),
		Hashes:     &[]cyclonedx.Hash{{Algorithm: cyclonedx.HashAlgoSHA256, Value: strings.TrimPrefix(image.Digest, "sha256:")}},
	}
	bom := cyclonedx.NewBOM()
	bom.SerialNumber = "urn:uuid:" + uuid.NewSHA1(uuid.NameSpaceURL, []byte(whole.PackageURL)).String()
	bom.Metadata = &cyclonedx.Metadata{
		Timestamp: config.Created.UTC().Format("2006-01-02T15:04:05Z"), Component: &whole,
		Tools: &cyclonedx.ToolsChoice{Components: &[]cyclonedx.Component{{Type: cyclonedx.ComponentTypeApplication, Name: "escrowctl images sbom"}}},
	}
	slices.SortFunc(b.components, func(x, y cyclonedx.Component) int { return strings.Compare(x.BOMRef, y.BOMRef) })
	slices.Sort(b.top)
	bom.Components = &b.components
	dependencies := append([]cyclonedx.Dependency{{Ref: whole.BOMRef, Dependencies: &b.top}}, b.dependencies...)
	slices.SortFunc(dependencies, func(x, y cyclonedx.Dependency) int { return strings.Compare(x.Ref, y.Ref) })
	bom.Dependencies = &dependencies
	// 1.6, an ECMA standard too (ECMA-424): what reads bills does not know newer ones yet.
	return cyclonedx.NewBOMEncoder(out, cyclonedx.BOMFileFormatJSON).SetPretty(true).EncodeVersion(bom, cyclonedx.SpecVersion1_6)
}

// bill collects what an image holds.
type bill struct {
	components   []cyclonedx.Component
	dependencies []cyclonedx.Dependency
	refs         map[string]bool // of components, each once
	top          []string        // what the image itself holds
	programs     int
}

func (b *bill) add(c cyclonedx.Component) {
	if !b.refs[c.BOMRef] {
		b.refs[c.BOMRef] = true
		b.components = append(b.components, c)
	}
}

func (b *bill) file(name string, _ int64, content io.Reader) error {
	text, err := io.ReadAll(content)
	if err != nil {
		return err
	}
	hash := sha256.Sum256(text)
	name = path.Clean("/" + name)
	c := cyclonedx.Component{
		BOMRef: "file:" + name, Type: cyclonedx.ComponentTypeFile, Name: name,
		Hashes: &[]cyclonedx.Hash{{Algorithm: cyclonedx.HashAlgoSHA256, Value: hex.EncodeToString(hash[:])}},
	}
	if bytes.HasPrefix(text, []byte("\x7fELF")) {
		info, err := buildinfo.Read(bytes.NewReader(text))
		if err != nil {
			return fmt.Errorf("it is a program without a Go build info: %w", err)
		}
		b.programs++
		c.Type = cyclonedx.ComponentTypeApplication
		c.Properties = &[]cyclonedx.Property{{Name: "stellarescrow:go:package", Value: info.Path}, {Name: "stellarescrow:go:settings", Value: settings(info)}}
		b.modules(c.BOMRef, info)
	}
	b.add(c)
	b.top = append(b.top, c.BOMRef)
	return nil
}

// settings are the build's, in the order in which Go has written them.
func settings(info *debug.BuildInfo) string {
	var all []string
	for _, s := range info.Settings {
		all = append(all, s.Key+"="+s.Value)
	}
	return strings.Join(all, " ")
}

// modules adds what a program is made of. Go's build info has them in the order of their paths, and not which of them needs which.
func (b *bill) modules(program string, info *debug.BuildInfo) {
	standard := cyclonedx.Component{
		Type: cyclonedx.ComponentTypeLibrary, Name: "std", Version: info.GoVersion, PackageURL: "pkg:golang/std@" + url.QueryEscape(strings.TrimPrefix(info.GoVersion, "go")),
	}
	standard.BOMRef = standard.PackageURL
	b.add(standard)
	needs := []string{standard.BOMRef}
	for _, m := range info.Deps {
		if m.Replace != nil {
			m = m.Replace
		}
		c := cyclonedx.Component{
			Type: cyclonedx.ComponentTypeLibrary, Name: m.Path, Version: m.Version,
			PackageURL: "pkg:golang/" + m.Path + "@" + url.QueryEscape(m.Version),
			// go.sum's: of the module's files and their names, so no hash that CycloneDX has a word for.
			Properties: &[]cyclonedx.Property{{Name: "stellarescrow:go:sum", Value: m.Sum}},
		}
		c.BOMRef = c.PackageURL
		b.add(c)
		needs = append(needs, c.BOMRef)
	}
	slices.Sort(needs)
	b.dependencies = append(b.dependencies, cyclonedx.Dependency{Ref: program, Dependencies: &needs})
}
