//go:build linux

package kube_test

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// followsWithin bounds how long a value may take from Secrets Manager to a pod's file: the kubelet asks the driver anew each time it looks after its pods, every
// five seconds here and a half, and it may be busy.
const followsWithin = 2 * time.Minute

// rotated gives the shop another key, and waits until every api pod has it in its file, the Secret has it, and the door knows it and not the one before.
func (s *stack) rotated(t *testing.T) {
	was, is := s.secrets.keys["shop"], random()
	offer := func(key string, want int) {
		t.Helper()
		if err := s.outside.Offer(t, key, "", want); err != nil {
			t.Errorf("at the door, before: %v", err)
		}
	}
	offer(was, http.StatusOK)
	offer(is, http.StatusUnauthorized)
	s.secrets.keys["shop"] = is
	s.secrets.values["api-keys"]["API_KEYS"] = fmt.Sprintf("shop %x\n", sha256.Sum256([]byte(is)))
	s.secrets.write(t, "api-keys")
	want := s.secrets.values["api-keys"]["API_KEYS"]
	for end := time.Now().Add(followsWithin); ; time.Sleep(time.Second) {
		missing := ""
		for _, p := range s.pods["api"] {
			file := fmt.Sprintf("/var/lib/kubelet/pods/%s/volumes/kubernetes.io~csi/stellar-escrow-secrets/mount/API_KEYS", p.UID)
			out, err := s.node.Exec(t.Context(), "cat", file)
			if err != nil {
				t.Fatal(err)
			}
			if string(out) != want {
				missing += " " + p.Name
			}
		}
		if string(list[corev1.Secret](t, s.node, "-n", space, "secret", "stellar-escrow-secrets").Data["API_KEYS"]) != want {
			missing += " the Secret"
		}
		if missing == "" {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("%s after a value was changed, these have the one of before:%s", followsWithin, missing)
		}
	}
	s.atTheDoor(t, was, is)
	// And nobody was started again for it.
	for _, p := range s.pods["api"] {
		now := list[corev1.Pod](t, s.node, "-n", space, "pod", p.Name)
		if was, is := p.Status.ContainerStatuses[0].RestartCount, now.Status.ContainerStatuses[0].RestartCount; is != was {
			t.Errorf("%s was started again %d times", p.Name, is-was)
		}
	}
}

// takenOver bounds how long the programs may take to read files that have changed, and inARow is how many answers must then be as they should: there are two api pods,
// and who answers is chosen at random.
const (
	takenOver = 20 * time.Second
	inARow    = 10
)

// atTheDoor offers both keys until the new one alone is good.
func (s *stack) atTheDoor(t *testing.T, was, is string) {
	t.Helper()
	right := 0
	for end := time.Now().Add(takenOver); right < inARow; {
		err := errors.Join(s.outside.Offer(t, is, "", http.StatusOK), s.outside.Offer(t, was, "", http.StatusUnauthorized))
		if right++; err == nil {
			continue
		}
		if right = 0; time.Now().After(end) {
			t.Fatalf("%s after every file was changed: %v", takenOver, err)
		}
		time.Sleep(200 * time.Millisecond)
	}
}

// gone takes the api's pods away: with the last one the guide's Secret goes, and what it holds is in the cluster's store no more.
func (s *stack) gone(t *testing.T) {
	s.node.kubectl(t, "", "-n", space, "scale", "deployment/api", "--replicas=0")
	for end := time.Now().Add(followsWithin); ; time.Sleep(time.Second) {
		left := ""
		for _, one := range list[corev1.SecretList](t, s.node, "-n", space, "secrets").Items {
			left += one.Name + " "
		}
		if !strings.Contains(left, "stellar-escrow-secrets ") {
			if !strings.Contains(left, "postgres-tls ") {
				t.Errorf("postgres runs, and its Secret is gone: %s", left)
			}
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%s after the api's pods went there is %s", followsWithin, left)
		}
	}
}
