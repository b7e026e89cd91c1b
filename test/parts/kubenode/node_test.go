//go:build linux

package kubenode

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/Abdullahi130/StellarEscrow/test/parts/kubenode/cluster"
	"github.com/Abdullahi130/StellarEscrow/test/parts/kubenode/programs"
)

// asked is given by make stack-kube.
var asked = flag.Bool("stack", false, "start a whole node: two minutes")

const podImage = "localhost/kubenode/pod:1"

// world is a node with the test's pods.
type world struct {
	*Node
	outside *cluster.Place
	archive string // of podImage
}

// TestNode is the life of one node.
func TestNode(t *testing.T) {
	if !*asked {
		t.Skip("a whole node takes two minutes: make stack-kube")
	}
	before := settings(t)
	var dir string
	t.Run("up", func(t *testing.T) {
		began := time.Now()
		w := &world{Node: Start(t, Options{Sync: time.Second, Hosts: map[string]netip.Addr{"outside.example": netip.MustParseAddr("203.0.113.10")}})}
		dir = w.Dir()
		t.Logf("Ready after %s", time.Since(began).Round(time.Millisecond))
		if len(holders(t, dir)) == 0 {
			t.Fatal("no process is found to be the node's: the look for what is left behind would find none either")
		}
		w.furnish(t)
		for _, step := range []struct {
			name string
			do   func(*testing.T)
		}{
			{"PodSecurity refuses", w.refuses},
			{"the kernel holds pods", w.held},
			{"Services and DNS", w.reached},
			{"the forward hook sees every packet", w.forwarded},
			{"a host outside", w.toOutside},
			{"a changed Secret reaches the file", w.follows},
			{"a memory limit kills", w.killed},
			{"images by digest, and none from anywhere else", w.byDigest},
			{"CronJob", w.ticked},
		} {
			t.Run(step.name, step.do)
		}
		if t.Failed() {
			all, err := w.Exec(t.Context(), "kubectl", "get", "pods,jobs,events", "-A")
			t.Logf("%s%v", all, err)
		}
	})
	if dir == "" {
		return
	}
	if left := leavings(t, dir); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
	if after := settings(t); !maps.Equal(before, after) {
		t.Errorf("settings of the machine were %v and are %v", before, after)
	}
}

func (w *world) kubectl(t *testing.T, input string, args ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	out, err := w.ExecInput(ctx, []byte(input), "kubectl", append([]string{"--namespace=web"}, args...)...)
	return string(out), err
}

func (w *world) must(t *testing.T, args ...string) string {
	t.Helper()
	out, err := w.kubectl(t, "", args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// until tries again until it is true.
func until(t *testing.T, limit time.Duration, what string, try func() (bool, string)) {
	t.Helper()
	for end := time.Now().Add(limit); ; time.Sleep(200 * time.Millisecond) {
		ok, saw := try()
		if ok {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%s: not within %s, but %s", what, limit, saw)
		}
	}
}

// furnish imports the image and starts everything of testdata/web.yaml.
func (w *world) furnish(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	if err := programs.Quick(t.Context(), dir, "pod"); err != nil {
		t.Fatal(err)
	}
	w.archive = filepath.Join(dir, "pod.tar")
	if err := cluster.WriteImage(w.archive, podImage, filepath.Join(dir, "pod")); err != nil {
		t.Fatal(err)
	}
	w.Import(t, w.archive, podImage, "")
	w.must(t, "create", "namespace", "web")
	w.must(t, "label", "namespace", "web", "pod-security.kubernetes.io/enforce=restricted")
	manifest, err := os.ReadFile("testdata/web.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if out, err := w.kubectl(t, string(manifest), "apply", "-f", "-"); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	w.must(t, "rollout", "status", "deployment/web", "--timeout=90s")
	w.outside = w.Host(t, netip.MustParseAddr("203.0.113.10"), netip.MustParseAddr("203.0.113.11"))
}

func (w *world) refuses(t *testing.T) {
	out, err := w.kubectl(t, "", "run", "plain", "--image="+podImage)
	if err == nil || !strings.Contains(err.Error(), `violates PodSecurity "restricted`) {
		t.Errorf("a plain pod: %s, %v", out, err)
	}
}

func (w *world) held(t *testing.T) {
	got := strings.Split(strings.TrimSpace(w.must(t, "exec", "deployment/web", "--", "/app", "facts")), "\n")
	want := []string{
		"Uid=65532,65532,65532,65532", "CapPrm=0000000000000000", "CapEff=0000000000000000", "CapBnd=0000000000000000", "NoNewPrivs=1", "Seccomp=2",
		"write /=read-only file system", "write /etc=read-only file system", "write /scratch=<nil>", "token=no such file or directory",
	}
	if !slices.Equal(got, want) {
		t.Errorf("inside a pod:\n%q\nwant\n%q", got, want)
	}
	if log := w.must(t, "logs", "deployment/web"); !strings.Contains(log, "listening on :8080") {
		t.Errorf("its log: %q", log)
	}
}

// pods are the names and addresses of the two web pods.
func (w *world) pods(t *testing.T) map[string]string {
	t.Helper()
	pods := map[string]string{}
	for line := range strings.Lines(w.must(t, "get", "pods", "-l", "app=web", "-o", `jsonpath={range .items[*]}{.metadata.name} {.status.podIP}{"\n"}{end}`)) {
		if name, address, ok := strings.Cut(strings.TrimSpace(line), " "); ok {
			pods[name] = address
		}
	}
	if len(pods) != 2 {
		t.Fatalf("web pods: %v", pods)
	}
	return pods
}

// field is a word NAME=value of what a web pod answers.
func field(answer, name string) string {
	for word := range strings.FieldsSeq(answer) {
		if value, ok := strings.CutPrefix(word, name+"="); ok {
			return strings.Trim(value, `"`)
		}
	}
	return ""
}

func (w *world) reached(t *testing.T) {
	pods := w.pods(t)
	first := slices.Sorted(maps.Keys(pods))[0]
	seen := map[string]bool{} // by the name of the Service, from one of its own pods: the other one, and itself
	until(t, 30*time.Second, "both pods answer by the Service's name", func() (bool, string) {
		// kube-proxy follows the pods a second later: a Service without any refuses.
		answer, err := w.kubectl(t, "", "exec", first, "--", "/app", "get", "http://web.web.svc.cluster.local/")
		if err == nil {
			seen[field(answer, "host")] = true
		}
		return len(seen) == 2, fmt.Sprintf("answered have %v, %v", seen, err)
	})
	for name := range seen {
		if pods[name] == "" {
			t.Errorf("%q answered, who is none of %v", name, pods)
		}
	}
	if answer := fetch(t, w.Dial, "http://"+Address.String()+":30080/"); pods[field(answer, "host")] == "" {
		t.Errorf("by the NodePort: %q", answer)
	}
	for name, address := range pods {
		place := w.Pod(t, "web", name)
		for _, to := range pods {
			answer := fetch(t, place.Dial, "http://"+to+":8080/")
			if from, _, _ := net.SplitHostPort(field(answer, "from")); to != address && from != address {
				t.Errorf("from the network of %s (%s): %q", name, address, answer)
			}
		}
	}
}

// fetch gets a page over connections of a place.
func fetch(t *testing.T, dial func(context.Context, string, string) (net.Conn, error), url string) string {
	t.Helper()
	answer, err := page(t.Context(), dial, url)
	if err != nil {
		t.Error(err)
	}
	return answer
}

func page(ctx context.Context, dial func(context.Context, string, string) (net.Conn, error), url string) (string, error) {
	client := &http.Client{Timeout: 3 * time.Second, Transport: &http.Transport{DialContext: dial, DisableKeepAlives: true}}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	response, err := client.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	return string(text), err
}

// forwarded: whoever filters what the node forwards, holds pods apart from each other, from Services and from outside.
func (w *world) forwarded(t *testing.T) {
	pods := w.pods(t)
	names := slices.Sorted(maps.Keys(pods))
	place := w.Pod(t, "web", names[0])
	target := "http://" + pods[names[1]] + ":8080/healthz"
	fetch(t, place.Dial, target)
	rule := fmt.Sprintf("table inet test {\nchain f {\ntype filter hook forward priority -5;\nip saddr %s ip daddr %s drop\n}\n}\n", pods[names[0]], pods[names[1]])
	if _, err := w.ExecInput(t.Context(), []byte(rule), "nft", "-f", "-"); err != nil {
		t.Fatal(err)
	}
	if answer, err := page(t.Context(), place.Dial, target); err == nil {
		t.Errorf("a packet that is dropped in the forward hook is answered: %q", answer)
	}
	if _, err := w.Exec(t.Context(), "nft", "delete", "table", "inet", "test"); err != nil {
		t.Fatal(err)
	}
	fetch(t, place.Dial, target)
}

func (w *world) toOutside(t *testing.T) {
	pods := w.pods(t)
	first := slices.Sorted(maps.Keys(pods))[0]
	listener, err := w.outside.Listen(t.Context(), "tcp", "203.0.113.10:80")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{ReadHeaderTimeout: 5 * time.Second, Handler: http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(out, "from=%s host=%s\n", r.RemoteAddr, r.Host)
	})}
	go func() { _ = server.Serve(listener) }() // until it is closed
	t.Cleanup(func() { _ = server.Close() })
	answer := w.must(t, "exec", first, "--", "/app", "get", "http://outside.example/")
	if from, _, _ := net.SplitHostPort(field(answer, "from")); from != pods[first] || field(answer, "host") != "outside.example" {
		t.Errorf("a pod with address %s gets outside: %q", pods[first], answer)
	}
	if answer := fetch(t, w.outside.Dial, "http://"+Address.String()+":30080/"); pods[field(answer, "host")] == "" {
		t.Errorf("from outside, by the NodePort: %q", answer)
	}
	if answer, err := w.kubectl(t, "", "exec", first, "--", "/app", "get", "http://198.51.100.1/"); err == nil {
		t.Errorf("somebody nobody has added answers a pod: %q", answer)
	}
	// The machine's own network is another one, its loopback too.
	ours, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ours.Close()
	if c, err := net.Dial("tcp", ours.Addr().String()); err != nil {
		t.Error(err)
	} else {
		c.Close()
	}
	if c, err := w.Dial(t.Context(), "tcp", ours.Addr().String()); err == nil {
		c.Close()
		t.Error("the node reaches who listens on the machine")
	}
}

func (w *world) follows(t *testing.T) {
	first := slices.Sorted(maps.Keys(w.pods(t)))[0]
	read := func() string { return w.must(t, "exec", first, "--", "/app", "cat", "/run/secrets/web/value") }
	if got := read(); got != "old" {
		t.Fatalf("the file holds %q at first", got)
	}
	began := time.Now()
	w.must(t, "patch", "secret", "web", "-p", `{"stringData":{"value":"new"}}`)
	until(t, time.Minute, "the file follows the Secret", func() (bool, string) {
		got := read()
		return got == "new", fmt.Sprintf("holds %q", got)
	})
	t.Logf("the file followed after %s", time.Since(began).Round(100*time.Millisecond))
}

func (w *world) killed(t *testing.T) {
	until(t, time.Minute, "the job is killed for its memory", func() (bool, string) {
		why := w.must(t, "get", "pods", "-l", "job-name=eat", "-o", "jsonpath={.items[*].status.containerStatuses[*].state.terminated.reason}")
		return why == "OOMKilled", fmt.Sprintf("the reason is %q", why)
	})
}

const named = `{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": %q, "namespace": "web"}, "spec": {"restartPolicy": "Never", "automountServiceAccountToken": false,
	"securityContext": {"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}},
	"containers": [{"name": "once", "image": %q, "args": ["once"], "securityContext": {"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}}}]}}`

func (w *world) byDigest(t *testing.T) {
	list, err := w.Exec(t.Context(), "ctr", "--namespace=k8s.io", "images", "ls", "name=="+podImage)
	if err != nil {
		t.Fatal(err)
	}
	digest := strings.Fields(strings.Split(string(list), "\n")[1])[2]
	other := "sha256:" + strings.Repeat("0", 64)
	if err := w.node.Import(t.Context(), w.archive, podImage, other); err == nil || !strings.Contains(err.Error(), digest) {
		t.Errorf("an archive that holds another digest is taken: %v", err)
	}
	w.Import(t, w.archive, podImage, digest)
	repository, _, _ := strings.Cut(podImage, ":")
	for name, image := range map[string]string{"there": repository + "@" + digest, "not-there": repository + "@" + other} {
		if out, err := w.kubectl(t, fmt.Sprintf(named, name, image), "apply", "-f", "-"); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	w.must(t, "wait", "--for=jsonpath={.status.phase}=Succeeded", "pod/there", "--timeout=60s")
	until(t, time.Minute, "an image that is not there cannot be pulled", func() (bool, string) {
		why := w.must(t, "get", "pod", "not-there", "-o", "jsonpath={.status.containerStatuses[*].state.waiting.reason}")
		return why == "ErrImagePull" || why == "ImagePullBackOff", fmt.Sprintf("the reason is %q", why)
	})
}

func (w *world) ticked(t *testing.T) {
	until(t, 100*time.Second, "the CronJob runs", func() (bool, string) {
		var jobs struct {
			Items []struct {
				Metadata struct{ Name string }
				Status   struct{ Succeeded int }
			}
		}
		text := w.must(t, "get", "jobs", "-o", "json")
		if err := json.Unmarshal([]byte(text), &jobs); err != nil {
			t.Fatal(err)
		}
		for _, j := range jobs.Items {
			if strings.HasPrefix(j.Metadata.Name, "tick-") && j.Status.Succeeded == 1 {
				log := w.must(t, "logs", "job/"+j.Metadata.Name)
				return log == "ran\n", fmt.Sprintf("its log is %q", log)
			}
		}
		return false, fmt.Sprintf("jobs are %+v", jobs.Items)
	})
}
