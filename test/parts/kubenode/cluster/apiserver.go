//go:build linux

package cluster

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/Abdullahi130/StellarEscrow/test/parts/child"
	"github.com/Abdullahi130/StellarEscrow/test/parts/kubenode/keep"
)

const (
	services   = "10.96.0.0/16" // addresses of Services
	apiService = "10.96.0.1"    // of the Service kubernetes.default
	dnsService = "10.96.0.10"
)

// names of the API server in its certificate, for those who come by its Service.
var apiNames = []string{"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"}

// readyTimeout bounds how long the API server may take to be ready; 3 s is usual, 20 beside a build.
const readyTimeout = 120 * time.Second

// etcd keeps its data in the folder and listens on a socket there, not on a port that anybody on the machine could read Secrets from. The addresses that
// it advertises must be of the form host:port; nobody asks for them, since it is the only member.
func etcd(dir string, programs Programs) keep.Command {
	return keep.Command{
		Name: "etcd", Path: programs["etcd"], Env: os.Environ(),
		Args: []string{
			"--data-dir=" + filepath.Join(dir, "etcd"), "--unsafe-no-fsync", "--log-level=warn",
			"--listen-client-urls=" + etcdURL(dir), "--advertise-client-urls=http://127.0.0.1:2",
			"--listen-peer-urls=unix://" + filepath.Join(dir, "peer.sock"), "--initial-advertise-peer-urls=http://127.0.0.1:1",
			"--initial-cluster=default=http://127.0.0.1:1",
		},
	}
}

func etcdURL(dir string) string { return "unix://" + filepath.Join(dir, "etcd.sock") }

// apiserver is an API server as a cluster has it: RBAC, every admission plugin that is on by default (PodSecurity and ValidatingAdmissionPolicy among
// them) and NodeRestriction, Secrets encrypted, nobody anonymous.
func (p *pki) apiserver(dir string, programs Programs, args ...string) (keep.Command, error) {
	encryption, err := p.encryption()
	if err != nil {
		return keep.Command{}, fmt.Errorf("encrypt Secrets: %w", err)
	}
	return keep.Command{
		Name: "kube-apiserver", Path: programs["kube-apiserver"], Env: os.Environ(),
		Args: append([]string{
			"--etcd-servers=" + etcdURL(dir),
			"--tls-cert-file=" + p.file("apiserver.crt"), "--tls-private-key-file=" + p.file("apiserver.key"), "--client-ca-file=" + p.file("ca.crt"),
			"--service-account-issuer=https://kubernetes.default.svc",
			"--service-account-key-file=" + p.file("sa.pub"), "--service-account-signing-key-file=" + p.file("sa.key"),
			"--service-cluster-ip-range=" + services, "--authorization-mode=Node,RBAC", "--enable-admission-plugins=NodeRestriction",
			"--encryption-provider-config=" + encryption, "--anonymous-auth=false", "--allow-privileged=true",
		}, args...),
	}, nil
}

// Server is etcd and kube-apiserver, on a port of 127.0.0.1. No controller runs: nobody makes the ServiceAccount "default" of a namespace, turns a
// Deployment into pods, or deletes what was in a namespace.
type Server struct {
	Dir        string
	URL        string
	Kubeconfig string // of a cluster-admin
	keeper     *keep.Keeper
}

// StartServer starts an API server and returns when it is ready. Its files are in dir, which exists, is empty, and is removed in the end. args are further
// ones of kube-apiserver's.
func StartServer(ctx context.Context, dir string, programs Programs, now time.Time, args ...string) (*Server, error) {
	k, err := keep.Start(programs["keeper"], keep.Job{Dir: dir})
	if err != nil {
		return nil, err
	}
	s := &Server{Dir: dir, keeper: k}
	if err := s.start(ctx, programs, now, args); err != nil {
		return nil, errors.Join(err, k.Stop())
	}
	return s, nil
}

// Stop ends it and removes its files.
func (s *Server) Stop() error { return s.keeper.Stop() }

// portTries is how often another port is tried: a free one may be somebody else's by the time that it is used.
const portTries = 5

func (s *Server) start(ctx context.Context, programs Programs, now time.Time, args []string) error {
	p, err := newPKI(filepath.Join(s.Dir, "pki"), now)
	if err != nil {
		return fmt.Errorf("make certificates: %w", err)
	}
	for _, i := range []identity{
		{file: "apiserver", name: "kube-apiserver", server: true, ips: []string{"127.0.0.1", apiService}, names: apiNames},
		{file: "admin", name: "admin", group: "system:masters"},
	} {
		if err := p.issue(i); err != nil {
			return err
		}
	}
	if err := s.keeper.Run(etcd(s.Dir, programs)); err != nil {
		return err
	}
	for try := 1; ; try++ {
		err := s.listen(ctx, p, programs, try, args)
		var gone *goneError
		if err == nil || try == portTries || !errors.As(err, &gone) || keep.Ended(s.Dir, "etcd") != nil {
			return err
		}
	}
}

// listen starts an API server on a free port. The error is a goneError if it has ended by itself.
func (s *Server) listen(ctx context.Context, p *pki, programs Programs, try int, args []string) error {
	port, err := child.FreePort()
	if err != nil {
		return err
	}
	s.URL = fmt.Sprintf("https://127.0.0.1:%d", port)
	if s.Kubeconfig, err = p.kubeconfig("admin", s.URL); err != nil {
		return err
	}
	api, err := p.apiserver(s.Dir, programs, append([]string{
		"--bind-address=127.0.0.1", fmt.Sprintf("--secure-port=%d", port), "--advertise-address=127.0.0.1", "--endpoint-reconciler-type=none",
	}, args...)...)
	if err != nil {
		return err
	}
	api.Name += fmt.Sprintf("-%d", try)
	if err := s.keeper.Run(api); err != nil {
		return err
	}
	client, err := p.client(nil)
	if err != nil {
		return err
	}
	defer client.CloseIdleConnections()
	return wait(ctx, "the API server to be ready", readyTimeout, s.Dir, []string{"etcd", api.Name}, func(ctx context.Context) error {
		_, err := get(ctx, client, s.URL+"/readyz")
		return err
	})
}

// client is the cluster-admin's, over connections that dial makes; nil is the usual way.
func (p *pki) client(dial func(ctx context.Context, network, address string) (net.Conn, error)) (*http.Client, error) {
	pair, err := tls.LoadX509KeyPair(p.file("admin.crt"), p.file("admin.key"))
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	roots.AddCert(p.ca)
	return &http.Client{
		Timeout:   10 * time.Second,
		Transport: &http.Transport{DialContext: dial, TLSClientConfig: &tls.Config{RootCAs: roots, Certificates: []tls.Certificate{pair}}},
	}, nil
}

// maxBody bounds an answer of the API server, in bytes.
const maxBody = 4 << 20

func get(ctx context.Context, client *http.Client, url string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxBody))
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("get %s: %s: %.300s", url, response.Status, body)
	}
	return body, err
}
