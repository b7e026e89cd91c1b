//go:build linux

package cluster

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// lifetime of all certificates: longer than any test, and of no use to anybody afterwards.
const lifetime = 24 * time.Hour

// pki is the folder of keys and certificates, and the one authority that all of them come from.
type pki struct {
	dir  string
	from time.Time
	ca   *x509.Certificate
	key  *ecdsa.PrivateKey
}

func (p *pki) file(name string) string { return filepath.Join(p.dir, name) }

// newPKI makes the authority, and the key that signs ServiceAccounts' tokens (sa.key, sa.pub).
func newPKI(dir string, now time.Time) (*pki, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	p := &pki{dir: dir, from: now.Add(-time.Minute)} // clocks of processes that read them are not ahead of ours, only coarser
	var err error
	if p.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "kubenode"}, NotBefore: p.from, NotAfter: now.Add(lifetime),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, p.key.Public(), p.key)
	if err != nil {
		return nil, err
	}
	if p.ca, err = x509.ParseCertificate(der); err != nil {
		return nil, err
	}
	if err := writePEM(p.file("ca.crt"), "CERTIFICATE", der); err != nil {
		return nil, err
	}
	tokens, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	public, err := x509.MarshalPKIXPublicKey(tokens.Public())
	if err != nil {
		return nil, err
	}
	if err := writePEM(p.file("sa.pub"), "PUBLIC KEY", public); err != nil {
		return nil, err
	}
	return p, writeKey(p.file("sa.key"), tokens)
}

// identity is who a certificate is of: a client by its name and group, or a server by where it is.
type identity struct {
	file   string // of NAME.crt and NAME.key
	name   string
	group  string
	server bool
	ips    []string
	names  []string
}

func (p *pki) issue(i identity) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return err
	}
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: i.name}, NotBefore: p.from, NotAfter: p.ca.NotAfter,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}, DNSNames: i.names,
	}
	if i.group != "" {
		template.Subject.Organization = []string{i.group}
	}
	if i.server {
		template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	}
	for _, ip := range i.ips {
		template.IPAddresses = append(template.IPAddresses, net.ParseIP(ip))
	}
	der, err := x509.CreateCertificate(rand.Reader, template, p.ca, key.Public(), p.key)
	if err != nil {
		return fmt.Errorf("certify %s: %w", i.file, err)
	}
	if err := writePEM(p.file(i.file+".crt"), "CERTIFICATE", der); err != nil {
		return err
	}
	return writeKey(p.file(i.file+".key"), key)
}

func writeKey(path string, key *ecdsa.PrivateKey) error {
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return err
	}
	return writePEM(path, "EC PRIVATE KEY", der)
}

func writePEM(path, kind string, der []byte) error {
	return os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600)
}

// kubeconfig writes FILE.kubeconfig for a client that issue has certified, and returns its path.
func (p *pki) kubeconfig(file, server string) (path string, err error) {
	inline := func(name string) string {
		text, readErr := os.ReadFile(p.file(name))
		if readErr != nil {
			err = readErr
		}
		return base64.StdEncoding.EncodeToString(text)
	}
	text := fmt.Sprintf(`apiVersion: v1
kind: Config
clusters: [{name: kubenode, cluster: {server: %q, certificate-authority-data: %s}}]
users: [{name: %s, user: {client-certificate-data: %s, client-key-data: %s}}]
contexts: [{name: kubenode, context: {cluster: kubenode, user: %s}}]
current-context: kubenode
`, server, inline("ca.crt"), file, inline(file+".crt"), inline(file+".key"), file)
	if err != nil {
		return "", fmt.Errorf("write a kubeconfig for %s: %w", file, err)
	}
	path = p.file(file + ".kubeconfig")
	return path, os.WriteFile(path, []byte(text), 0o600)
}

// encryption writes the configuration by which the API server encrypts Secrets in etcd.
func (p *pki) encryption() (path string, err error) {
	key := make([]byte, 32)
	if _, err := rand.Read(key); err != nil {
		return "", err
	}
	path = p.file("encryption.yaml")
	return path, os.WriteFile(path, []byte(`apiVersion: apiserver.config.k8s.io/v1
kind: EncryptionConfiguration
resources:
- resources: [secrets]
  providers:
  - aescbc: {keys: [{name: one, secret: `+base64.StdEncoding.EncodeToString(key)+`}]}
  - identity: {}
`), 0o600)
}
