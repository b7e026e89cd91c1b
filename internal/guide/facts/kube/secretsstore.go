package kube

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"strings"

	"go.yaml.in/yaml/v3"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// SecretProviderClass is the object by which the Secrets Store CSI driver knows what to fetch from where, as its v1 has it
// (secrets-store.csi.x-k8s.io/v1). A pod names one in a volume of the driver's.
type SecretProviderClass struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`
	Spec              SecretProviderClassSpec `json:"spec,omitempty"`
}

// SecretProviderClassSpec says what is fetched, and what of it is synced into Secrets while a pod mounts the class.
type SecretProviderClassSpec struct {
	Provider      string            `json:"provider,omitempty"`
	Parameters    map[string]string `json:"parameters,omitempty"`
	SecretObjects []SyncedSecret    `json:"secretObjects,omitempty"`
}

// SyncedSecret is a Secret that the driver makes.
type SyncedSecret struct {
	SecretName  string            `json:"secretName,omitempty"`
	Type        string            `json:"type,omitempty"`
	Labels      map[string]string `json:"labels,omitempty"`
	Annotations map[string]string `json:"annotations,omitempty"`
	Data        []SyncedKey       `json:"data,omitempty"`
}

// SyncedKey is a key of a synced Secret: ObjectName is the file of the mount that it is made of.
type SyncedKey struct {
	ObjectName string `json:"objectName,omitempty"`
	Key        string `json:"key,omitempty"`
}

const (
	// SecretsStoreDriver is the name by which a pod's volume names the driver.
	SecretsStoreDriver = "secrets-store.csi.k8s.io"
	// ProviderClass is the key of the volume's attributes under which it names the class.
	ProviderClass = "secretProviderClass"
)

func addSecretsStore(s *runtime.Scheme) error {
	s.AddKnownTypes(schema.GroupVersion{Group: "secrets-store.csi.x-k8s.io", Version: "v1"}, &SecretProviderClass{})
	return nil
}

// DeepCopyObject is runtime.Object's.
func (c *SecretProviderClass) DeepCopyObject() runtime.Object {
	next := &SecretProviderClass{TypeMeta: c.TypeMeta, Spec: SecretProviderClassSpec{Provider: c.Spec.Provider, Parameters: maps.Clone(c.Spec.Parameters)}}
	c.ObjectMeta.DeepCopyInto(&next.ObjectMeta)
	for _, s := range c.Spec.SecretObjects {
		s.Labels, s.Annotations, s.Data = maps.Clone(s.Labels), maps.Clone(s.Annotations), append([]SyncedKey(nil), s.Data...)
		next.Spec.SecretObjects = append(next.Spec.SecretObjects, s)
	}
	return next
}

// AWSObject is one of what the AWS provider fetches: an entry of parameters.objects.
type AWSObject struct {
	ObjectName         string    `yaml:"objectName"`
	ObjectType         string    `yaml:"objectType"`
	ObjectAlias        string    `yaml:"objectAlias"`
	ObjectVersion      string    `yaml:"objectVersion"`
	ObjectVersionLabel string    `yaml:"objectVersionLabel"`
	FilePermission     string    `yaml:"filePermission"`
	JMESPath           []AWSPart `yaml:"jmesPath"`
	FailoverObject     *struct {
		ObjectName         string `yaml:"objectName"`
		ObjectVersion      string `yaml:"objectVersion"`
		ObjectVersionLabel string `yaml:"objectVersionLabel"`
	} `yaml:"failoverObject"`
}

// AWSPart is a value within a secret that is JSON, mounted as a file of its own beside the whole.
type AWSPart struct {
	Path           string `yaml:"path"`
	ObjectAlias    string `yaml:"objectAlias"`
	FilePermission string `yaml:"filePermission"`
}

// AWSObjects are what the class has the AWS provider fetch, read strictly; an error for a class of another provider, or of one that fetches nothing.
func (c *SecretProviderClass) AWSObjects() ([]AWSObject, error) {
	if c.Spec.Provider != "aws" {
		return nil, fmt.Errorf("SecretProviderClass %s: its provider is %q, not aws", c.Name, c.Spec.Provider)
	}
	text := []byte(c.Spec.Parameters["objects"])
	if _, err := documents(text); err != nil {
		return nil, fmt.Errorf("SecretProviderClass %s: parameters.objects: %w", c.Name, err)
	}
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	var all []AWSObject
	if err := decoder.Decode(&all); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("SecretProviderClass %s: parameters.objects: %w", c.Name, err)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("SecretProviderClass %s: parameters.objects names nothing to fetch", c.Name)
	}
	return all, nil
}

// Files are the names of the files that a mount of the object has: the whole, by its alias or its name (whose slashes become underscores), and each
// of its parts.
func (o AWSObject) Files() []string {
	whole := o.ObjectAlias
	if whole == "" {
		whole = o.ObjectName
	}
	all := []string{strings.ReplaceAll(whole, "/", "_")}
	for _, p := range o.JMESPath {
		all = append(all, p.ObjectAlias)
	}
	return all
}
