//go:build linux

package kube_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	s3testsrv "github.com/Abdullahi130/StellarEscrow/internal/ops/backup/s3-test-srv"
)

const (
	bucket         = "stellar-escrow-production-backups-000000000000" // as k8s/base/backup.yaml has it
	storeName      = bucket + ".s3.us-east-1.amazonaws.com"
	storeAddress   = "203.0.113.30"
	tokensName     = "sts.us-east-1.amazonaws.com"
	tokensAddress  = "203.0.113.40"
	backupsAccount = "arn:aws:iam::000000000000:role/stellar-escrow-production-backup"
)

var receipt = regexp.MustCompile(`(?m)^sha256 ([0-9a-f]{64})$`)

// backedUp makes a backup by the CronJob's own template. An object store and whoever changes a pod's token for the right to write there stand in outside, under
// AWS' own names. On EKS a webhook adds the token and the role's name to pods whose account has a role; here the test does.
func (s *stack) backedUp(t *testing.T) {
	store := s3testsrv.New(t, bucket)
	s.served(t, storeAddress, storeName, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.URL.Path = "/" + bucket + r.URL.Path // a bucket with a name of its own
		store.ServeHTTP(w, r)
	}))
	var asked atomic.Int32
	s.served(t, tokensAddress, tokensName, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil || r.Form.Get("Action") != "AssumeRoleWithWebIdentity" || r.Form.Get("RoleArn") != backupsAccount || strings.Count(r.Form.Get("WebIdentityToken"), ".") != 2 {
			http.Error(w, "refused", http.StatusForbidden)
			return
		}
		asked.Add(1)
		w.Header().Set("Content-Type", "text/xml")
		fmt.Fprint(w, `<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleWithWebIdentityResult><Credentials>`+
			`<AccessKeyId>STAND-IN</AccessKeyId><SecretAccessKey>stand-in</SecretAccessKey><SessionToken>stand-in</SessionToken><Expiration>2100-01-01T00:00:00Z</Expiration>`+
			`</Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`)
	}))

	cron := list[batchv1.CronJob](t, s.node, "-n", space, "cronjob", "backup")
	job := batchv1.Job{TypeMeta: metav1.TypeMeta{APIVersion: "batch/v1", Kind: "Job"}, ObjectMeta: metav1.ObjectMeta{Name: "backup-now", Namespace: space}, Spec: cron.Spec.JobTemplate.Spec}
	pod, expires := &job.Spec.Template.Spec, int64(3600)
	pod.Volumes = append(pod.Volumes, corev1.Volume{Name: "aws-iam-token", VolumeSource: corev1.VolumeSource{Projected: &corev1.ProjectedVolumeSource{
		Sources: []corev1.VolumeProjection{{ServiceAccountToken: &corev1.ServiceAccountTokenProjection{Audience: "sts.amazonaws.com", ExpirationSeconds: &expires, Path: "token"}}},
	}}})
	c := &pod.Containers[0]
	const mounted = "/var/run/secrets/eks.amazonaws.com/serviceaccount"
	c.VolumeMounts = append(c.VolumeMounts, corev1.VolumeMount{Name: "aws-iam-token", MountPath: mounted, ReadOnly: true})
	account := list[corev1.ServiceAccount](t, s.node, "-n", space, "serviceaccount", pod.ServiceAccountName)
	c.Env = append(c.Env, corev1.EnvVar{Name: "AWS_ROLE_ARN", Value: account.Annotations["eks.amazonaws.com/role-arn"]}, corev1.EnvVar{Name: "AWS_WEB_IDENTITY_TOKEN_FILE", Value: mounted + "/token"},
		corev1.EnvVar{Name: "AWS_STS_REGIONAL_ENDPOINTS", Value: "regional"})
	text, err := json.Marshal(job)
	if err != nil {
		t.Fatal(err)
	}
	s.node.kubectl(t, string(text), "apply", "-f", "-")
	s.node.kubectl(t, "", "-n", space, "wait", "job/backup-now", "--for=condition=Complete", "--timeout=120s")
	said := s.node.kubectl(t, "", "-n", space, "logs", "job/backup-now")
	sum := receipt.FindStringSubmatch(said)
	keys := store.Objects()
	if asked.Load() == 0 || len(keys) != 1 || sum == nil {
		t.Fatalf("the role was taken %d times, %d objects are in the bucket, and it says\n%s", asked.Load(), len(keys), said)
	}
	dir := t.TempDir()
	file, key := filepath.Join(dir, filepath.Base(keys[0])), filepath.Join(dir, "key")
	for path, text := range map[string][]byte{file: store.Object(keys[0]), key: []byte(s.identity.String() + "\n")} {
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out, err := s.node.Exec(t.Context(), filepath.Join(s.programs, "escrowctl"), "backup", "verify", "--identity", key, "--sha256", sum[1], file)
	if err != nil {
		t.Errorf("verify: %v\n%s", err, out)
	}
	t.Logf("%s", out)
}
