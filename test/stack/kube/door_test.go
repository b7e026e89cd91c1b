//go:build linux

package kube_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"

	"github.com/Abdullahi130/StellarEscrow/test/parts/images"
	"github.com/Abdullahi130/StellarEscrow/test/stack/kube/controller"
	"github.com/Abdullahi130/StellarEscrow/test/stack/outside"
)

const (
	doorSpace = "ingress-nginx"
	dns       = "10.96.0.10"
)

// list asks the cluster for objects.
func list[T any](t testing.TB, n *node, args ...string) T {
	t.Helper()
	var all T
	if err := json.Unmarshal([]byte(n.kubectl(t, "", append(append([]string{"get"}, args...), "-o", "json")...)), &all); err != nil {
		t.Fatalf("read %v: %v", args, err)
	}
	return all
}

// door starts the front door: nginx with what the controller would make of the cluster's Ingress objects and of its own settings, with the controller's
// labels, on the stack's public address.
func (s *stack) door(t *testing.T, image images.Image) {
	t.Helper()
	chain, key, err := s.outside.Authority.Issue(outside.Site)
	if err != nil {
		t.Fatal(err)
	}
	encode := base64.StdEncoding.EncodeToString
	certificate := func(namespace string) string {
		return fmt.Sprintf("---\napiVersion: v1\nkind: Secret\ntype: kubernetes.io/tls\nmetadata: {namespace: %s, name: stellar-escrow-tls}\ndata: {tls.crt: %s, tls.key: %s}\n", namespace, encode(chain), encode(key))
	}
	settings := list[corev1.ConfigMap](t, s.node, "-n", doorSpace, "configmap", "ingress-nginx-controller")
	_, headers, _ := strings.Cut(settings.Data["add-headers"], "/")
	config, err := controller.Config(controller.Cluster{
		Ingresses: list[networkingv1.IngressList](t, s.node, "-A", "ingress").Items, Services: list[corev1.ServiceList](t, s.node, "-A", "service").Items,
		Settings: settings.Data, Headers: list[corev1.ConfigMap](t, s.node, "-n", doorSpace, "configmap", headers).Data,
	}, controller.Place{
		HTTP: "8080", HTTPS: "8443", Resolver: dns, Run: "/run/nginx",
		Certificate: func(namespace, name string) string { return filepath.Join("/certificates", namespace, name) },
	})
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	// The real controller reads the Secret where it is, through the API.
	s.node.kubectl(t, certificate(space)+certificate(doorSpace)+fmt.Sprintf(`---
apiVersion: v1
kind: ConfigMap
metadata: {namespace: ingress-nginx, name: controller-stand-in}
data: {nginx.conf: %[1]s}
---
apiVersion: apps/v1
kind: Deployment
metadata: {namespace: ingress-nginx, name: controller-stand-in}
spec:
  selector: {matchLabels: {app.kubernetes.io/name: ingress-nginx}}
  template:
    metadata: {labels: {app.kubernetes.io/name: ingress-nginx, app.kubernetes.io/instance: ingress-nginx, app.kubernetes.io/component: controller}}
    spec:
      automountServiceAccountToken: false
      securityContext: {runAsNonRoot: true, runAsUser: 101, runAsGroup: 101, fsGroup: 101, seccompProfile: {type: RuntimeDefault}}
      containers:
        - name: controller
          image: %[2]s@%[3]s
          command: [nginx, -e, /dev/stderr, -c, /config/nginx.conf, -g, daemon off;]
          ports: [{name: http, containerPort: 8080}, {name: https, containerPort: 8443}]
          readinessProbe: {tcpSocket: {port: https}, periodSeconds: 1}
          securityContext: {allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: {drop: [ALL]}}
          volumeMounts:
            - {name: config, mountPath: /config, readOnly: true}
            - {name: certificate, mountPath: /certificates/stellar-escrow/stellar-escrow-tls, readOnly: true}
            - {name: run, mountPath: /run/nginx}
      volumes:
        - {name: config, configMap: {name: controller-stand-in}}
        - {name: certificate, secret: {secretName: stellar-escrow-tls}}
        - {name: run, emptyDir: {}}
---
apiVersion: v1
kind: Service
metadata: {namespace: ingress-nginx, name: ingress-nginx-controller}
spec:
  selector: {app.kubernetes.io/name: ingress-nginx, app.kubernetes.io/component: controller}
  externalIPs: [%[4]s]
  externalTrafficPolicy: Local # callers keep their addresses
  type: NodePort
  ports: [{name: http, port: 80, targetPort: http}, {name: https, port: 443, targetPort: https}]
`, text, repository(image), image.Digest, outside.Box), "apply", "-f", "-")
	s.node.kubectl(t, "", "-n", doorSpace, "rollout", "status", "deployment/controller-stand-in", "--timeout=60s")
	// The node takes another moment until it sends callers of its public address there.
	client := s.outside.Client()
	for end := time.Now().Add(openWithin); ; time.Sleep(200 * time.Millisecond) {
		res, err := client.Get("https://" + outside.Site + "/")
		if err == nil {
			res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return
			}
			err = errors.New(res.Status)
		}
		if time.Now().After(end) {
			t.Fatalf("the front door does not open within %s: %v", openWithin, err)
		}
	}
}

const openWithin = time.Minute
