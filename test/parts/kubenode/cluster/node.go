//go:build linux

package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/Abdullahi130/StellarEscrow/test/parts/kubenode/keep"
)

// What the node is called and where. Nothing outside its box sees these addresses.
const (
	NodeName = "node1"
	NodeIP   = "10.77.0.1"
	nodeNet  = NodeIP + "/24"
	nobody   = "10.77.0.254"   // where the default route leads: there is no such host, so nothing leaves the node
	Pods     = "10.244.0.0/24" // the pods' network
	PodGate  = "10.244.0.1"    // the node's address of it
	apiURL   = "https://" + NodeIP + ":6443"
)

// Config says what a node is made of.
type Config struct {
	Dir      string   // exists, is empty, on a disk, and is removed in the end unless Stays
	Stays    bool     // Dir is left: for whoever wants to read logs
	Programs Programs // all of package programs', and keeper, pause
	Now      time.Time
	// Sync is how soon a changed Secret reaches the files of pods, which the kubelet looks after now and then. Its own default is a minute.
	Sync time.Duration
	// APIServer are further arguments of kube-apiserver's.
	APIServer []string
	// Hosts are names that the cluster's DNS knows beside those of Services and pods.
	Hosts map[string]netip.Addr
}

// Node is a node that runs. The Place is the node itself.
type Node struct {
	*Place
	Dir        string
	Kubeconfig string // of a cluster-admin, to be used inside
	keeper     *keep.Keeper
	pki        *pki

	mu      sync.Mutex
	places  []*Place // that Stop closes
	outside int      // hosts so far
}

// StartNode starts a node and returns when it is Ready and DNS answers: 6 to 10 s on two idle processors. The error may be keep.ErrRefused.
func StartNode(ctx context.Context, c Config) (*Node, error) {
	for _, hidden := range empty {
		if strings.HasPrefix(c.Dir, hidden+"/") {
			return nil, fmt.Errorf("start a node: its folder %s would not be seen inside, where %s is empty: set TMPDIR to another", c.Dir, hidden)
		}
	}
	box, err := c.box()
	if err != nil {
		return nil, err
	}
	k, err := keep.Start(c.Programs["keeper"], keep.Job{Dir: c.Dir, Stays: c.Stays, Box: box})
	if err != nil {
		return nil, err
	}
	n := &Node{Dir: c.Dir, keeper: k}
	if err := n.start(ctx, c, box.CGroup); err != nil {
		return nil, errors.Join(err, n.Stop())
	}
	return n, nil
}

// Stop ends every process of the node and removes what it was made of. The error says what is left.
func (n *Node) Stop() error {
	n.mu.Lock()
	for _, p := range n.places {
		p.close() // an open namespace would outlive its processes
	}
	n.mu.Unlock()
	return n.keeper.Stop()
}

func (n *Node) keep(p *Place) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.places = append(n.places, p)
}

// empty are folders that are the node's own: sockets, names of networks, locks, and what daemons of the machine keep.
var empty = []string{"/run", "/var/lib"}

// sysctls are settings of the whole machine that a kubelet changes. It is shown files instead, in which they stand as it wants them, and finds nothing to do.
var sysctls = map[string]string{
	"vm/overcommit_memory": "1", "vm/panic_on_oom": "0", "kernel/panic": "10", "kernel/panic_on_oops": "1",
	"kernel/keys/root_maxkeys": "1000000", "kernel/keys/root_maxbytes": "25000000",
}

func (c Config) box() (*keep.Box, error) {
	b := &keep.Box{
		Host: NodeName, CGroup: filepath.Base(c.Dir), Tmp: empty,
		Bind: map[string]string{
			// The kubelet makes sockets whose paths may have 108 characters: it is shown its folder where it is by default.
			"/var/lib/kubelet": filepath.Join(c.Dir, "kubelet"), "/var/log": filepath.Join(c.Dir, "varlog"),
		},
		IP: []string{
			"link set lo up",
			// Not every kernel has dummy interfaces: a cable with both ends in the node holds its address as well.
			"link add node0 type veth peer name node0p",
			"addr add " + nodeNet + " dev node0",
			"link set node0 up",
			"link set node0p up",
			"route add default via " + nobody + " dev node0",
		},
		// All of this network namespace alone. Replies may come by another way than requests, and NodePorts answer on 127.0.0.1.
		Write: map[string]string{
			"/proc/sys/net/ipv4/ip_forward": "1", "/proc/sys/net/ipv4/conf/all/route_localnet": "1",
			"/proc/sys/net/ipv4/conf/all/rp_filter": "0", "/proc/sys/net/ipv4/conf/default/rp_filter": "0",
		},
	}
	for _, dir := range []string{"kubelet", "varlog", "net.d", "containerd"} {
		if err := os.MkdirAll(filepath.Join(c.Dir, dir), 0o755); err != nil {
			return nil, err
		}
	}
	for name, value := range sysctls {
		file := filepath.Join(c.Dir, "sysctl", name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return nil, err
		}
		if err := os.WriteFile(file, []byte(value+"\n"), 0o644); err != nil {
			return nil, err
		}
		b.Bind["/proc/sys/"+name] = file
	}
	return b, nil
}

// Limits of each step; the usual times are a tenth of them, but other work may use the machine.
const (
	runtimeTimeout = 60 * time.Second
	nodeTimeout    = 120 * time.Second
	dnsTimeout     = 120 * time.Second
)

func (n *Node) start(ctx context.Context, c Config, cgroup string) error {
	var err error
	if n.Place, err = enter(n.keeper.PID, filepath.Join(c.Dir, "bin")); err != nil {
		return err
	}
	n.keep(n.Place)
	if err := os.WriteFile(filepath.Join(c.Dir, pidFile), []byte(strconv.Itoa(n.keeper.PID)), 0o600); err != nil {
		return err
	}
	if err := link(c.Programs, n.Place.bin); err != nil {
		return err
	}
	if err := n.certify(c.Now); err != nil {
		return fmt.Errorf("make certificates: %w", err)
	}
	config := settings{Dir: c.Dir, IP: NodeIP, Node: NodeName, Pods: Pods, DNS: dnsService, CGroup: cgroup, Plugins: plugins, Sync: c.Sync.String(), Pause: pauseImage, CoreDNS: dnsImage, Hosts: c.Hosts}
	for from, to := range map[string]string{"containerd.toml": "", "kubelet.yaml": "", "kube-proxy.yaml": "", "resolv.conf": "", "network.conflist": "net.d/10-pods.conflist"} {
		text, err := config.fill(from)
		if err != nil {
			return err
		}
		if to == "" {
			to = from
		}
		if err := os.WriteFile(filepath.Join(c.Dir, to), text, 0o600); err != nil {
			return err
		}
	}
	if err := n.control(ctx, c); err != nil {
		return err
	}
	if err := n.work(ctx, c); err != nil {
		return err
	}
	return n.dns(ctx, config)
}

// certify makes everybody's certificates and kubeconfigs.
func (n *Node) certify(now time.Time) error {
	p, err := newPKI(filepath.Join(n.Dir, "pki"), now)
	if err != nil {
		return err
	}
	n.pki = p
	for _, i := range []identity{
		{file: "apiserver", name: "kube-apiserver", server: true, ips: []string{"127.0.0.1", NodeIP, apiService}, names: apiNames},
		{file: "kubelet-serving", name: "system:node:" + NodeName, group: "system:nodes", server: true, ips: []string{NodeIP}, names: []string{NodeName}},
		{file: "apiserver-kubelet", name: "kube-apiserver-kubelet-client", group: "system:masters"},
		{file: "admin", name: "admin", group: "system:masters"},
		{file: "kubelet", name: "system:node:" + NodeName, group: "system:nodes"},
		{file: "kube-controller-manager", name: "system:kube-controller-manager"},
		{file: "kube-scheduler", name: "system:kube-scheduler"},
		{file: "kube-proxy", name: "system:kube-proxy"},
	} {
		if err := p.issue(i); err != nil {
			return err
		}
		if i.server {
			continue
		}
		if _, err := p.kubeconfig(i.file, apiURL); err != nil {
			return err
		}
	}
	n.Kubeconfig = p.file("admin.kubeconfig")
	return nil
}

// run starts one of the node's servers.
func (n *Node) run(name, path string, args ...string) error {
	return n.keeper.Run(keep.Command{Name: name, Path: path, Args: args, Env: n.environment()})
}

// control starts what makes a cluster of one API server.
func (n *Node) control(ctx context.Context, c Config) error {
	p := c.Programs
	// The container runtime is in nobody's way while the others start.
	if err := n.run("containerd", p["containerd"], "--config="+filepath.Join(n.Dir, "containerd.toml")); err != nil {
		return err
	}
	if err := n.keeper.Run(etcd(n.Dir, p)); err != nil {
		return err
	}
	api, err := n.pki.apiserver(n.Dir, p, append([]string{
		"--bind-address=0.0.0.0", "--advertise-address=" + NodeIP, "--secure-port=6443",
		"--kubelet-client-certificate=" + n.pki.file("apiserver-kubelet.crt"), "--kubelet-client-key=" + n.pki.file("apiserver-kubelet.key"),
		"--kubelet-certificate-authority=" + n.pki.file("ca.crt"), "--kubelet-preferred-address-types=InternalIP",
	}, c.APIServer...)...)
	if err != nil {
		return err
	}
	if err := n.keeper.Run(api); err != nil {
		return err
	}
	client, err := n.pki.client(n.Dial)
	if err != nil {
		return err
	}
	defer client.CloseIdleConnections()
	err = wait(ctx, "the API server to be ready", readyTimeout, n.Dir, []string{"etcd", api.Name}, func(ctx context.Context) error {
		_, err := get(ctx, client, apiURL+"/readyz")
		return err
	})
	if err != nil {
		return err
	}
	if err := n.run("kube-controller-manager", p["kube-controller-manager"], "--kubeconfig="+n.pki.file("kube-controller-manager.kubeconfig"), "--bind-address=127.0.0.1",
		"--service-account-private-key-file="+n.pki.file("sa.key"), "--root-ca-file="+n.pki.file("ca.crt"), "--use-service-account-credentials=true",
		// One of each, and the pods' network is in the runtime's own file.
		"--leader-elect=false", "--controllers=*,-nodeipam,-cloud-node-lifecycle"); err != nil {
		return err
	}
	return n.run("kube-scheduler", p["kube-scheduler"], "--kubeconfig="+n.pki.file("kube-scheduler.kubeconfig"), "--bind-address=127.0.0.1", "--leader-elect=false")
}

// work starts what runs pods, and returns when the node is Ready.
func (n *Node) work(ctx context.Context, c Config) error {
	err := wait(ctx, "containerd to answer", runtimeTimeout, n.Dir, []string{"containerd"}, func(ctx context.Context) error {
		_, err := n.Exec(ctx, nil, "ctr", "version")
		return err
	})
	if err != nil {
		return err
	}
	for image, program := range map[string]string{pauseImage: c.Programs["pause"], dnsImage: c.Programs["coredns"]} {
		if err := n.importProgram(ctx, image, program); err != nil {
			return err
		}
	}
	if err := n.run("kubelet", c.Programs["kubelet"], "--config="+filepath.Join(n.Dir, "kubelet.yaml"), "--kubeconfig="+n.pki.file("kubelet.kubeconfig"),
		"--hostname-override="+NodeName, "--node-ip="+NodeIP, "--root-dir=/var/lib/kubelet"); err != nil {
		return err
	}
	if err := n.run("kube-proxy", c.Programs["kube-proxy"], "--config="+filepath.Join(n.Dir, "kube-proxy.yaml")); err != nil {
		return err
	}
	client, err := n.pki.client(n.Dial)
	if err != nil {
		return err
	}
	defer client.CloseIdleConnections()
	return wait(ctx, "the node to be Ready", nodeTimeout, n.Dir, []string{"kubelet", "kube-proxy", "containerd", "kube-controller-manager", "kube-scheduler"}, func(ctx context.Context) error {
		return isReady(ctx, client)
	})
}

func isReady(ctx context.Context, client *http.Client) error {
	body, err := get(ctx, client, apiURL+"/api/v1/nodes/"+NodeName)
	if err != nil {
		return err
	}
	var node struct {
		Status struct {
			Conditions []struct{ Type, Status, Message string }
		}
	}
	if err := json.Unmarshal(body, &node); err != nil {
		return fmt.Errorf("read the node: %w", err)
	}
	for _, c := range node.Status.Conditions {
		if c.Type == "Ready" && c.Status == "True" {
			return nil
		}
	}
	return fmt.Errorf("the node is not Ready: %+v", node.Status.Conditions)
}

// dns starts CoreDNS, as pods like any others.
func (n *Node) dns(ctx context.Context, config settings) error {
	manifest, err := config.fill("coredns.yaml")
	if err != nil {
		return err
	}
	if _, err := n.Exec(ctx, manifest, "kubectl", "apply", "-f", "-"); err != nil {
		return fmt.Errorf("start the cluster's DNS: %w", err)
	}
	if _, err := n.Exec(ctx, nil, "kubectl", "-n", "kube-system", "rollout", "status", "deployment/coredns", "--timeout="+dnsTimeout.String()); err != nil {
		pods, _ := n.Exec(ctx, nil, "kubectl", "-n", "kube-system", "describe", "pods")
		return fmt.Errorf("start the cluster's DNS: %w\n%s", err, pods)
	}
	return nil
}
