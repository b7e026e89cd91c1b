package csifiles

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/jmespath/go-jmespath"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"
)

// Class is a SecretProviderClass, as far as it is used.
type Class struct {
	Namespace, Name string
	Spec            struct {
		Provider      string            `json:"provider"`
		Parameters    map[string]string `json:"parameters"`
		SecretObjects []SecretObject    `json:"secretObjects"`
	}
}

// SecretObject is a Secret that is kept while a pod mounts the class.
type SecretObject struct {
	SecretName  string            `json:"secretName"`
	Type        string            `json:"type"`
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
	Data        []struct {
		ObjectName string `json:"objectName"` // a file of the volume
		Key        string `json:"key"`
	} `json:"data"`
}

// object is one of `objects`: a secret, and the values of it that become files of their own.
type object struct {
	ObjectName  string `json:"objectName"`
	ObjectType  string `json:"objectType"`
	ObjectAlias string `json:"objectAlias"`
	JMESPath    []struct {
		Path        string `json:"path"`
		ObjectAlias string `json:"objectAlias"`
	} `json:"jmesPath"`
}

// Mount is what a volume of a class holds.
type Mount struct {
	Files    map[string][]byte
	Versions map[string]string // of each secret, by its name: another one when it was written again
}

const (
	maxObjects = 100     // of a class
	maxSecret  = 1 << 16 // bytes of one secret: what Secrets Manager takes
)

// ReadClass reads one that the API server gave out.
func ReadClass(u *unstructured.Unstructured) (Class, error) {
	c := Class{Namespace: u.GetNamespace(), Name: u.GetName()}
	spec, ok, err := unstructured.NestedMap(u.Object, "spec")
	if err == nil && ok {
		err = runtime.DefaultUnstructuredConverter.FromUnstructured(spec, &c.Spec)
	}
	if err != nil {
		return c, fmt.Errorf("SecretProviderClass %s/%s: %w", c.Namespace, c.Name, err)
	}
	return c, nil
}

// Fetch reads what the class names from the store, in which each secret is a file of its name. The error names the class and what is wrong; it holds no
// value.
func (c Class) Fetch(store fs.FS) (Mount, error) {
	m := Mount{Files: map[string][]byte{}, Versions: map[string]string{}}
	if err := c.fetch(store, m); err != nil {
		return Mount{}, fmt.Errorf("SecretProviderClass %s/%s: %w", c.Namespace, c.Name, err)
	}
	return m, nil
}

func (c Class) fetch(store fs.FS, m Mount) error {
	if c.Spec.Provider != "aws" {
		return fmt.Errorf("provider %.40q: only aws is stood in for", c.Spec.Provider)
	}
	if extra := slices.DeleteFunc(slices.Sorted(maps.Keys(c.Spec.Parameters)), func(k string) bool { return k == "objects" || k == "region" }); len(extra) > 0 {
		return fmt.Errorf("parameters %q are not stood in for", extra)
	}
	if c.Spec.Parameters["region"] == "" {
		return errors.New("parameters.region is empty: the provider would have to guess it from the node")
	}
	var objects []object
	if err := yaml.UnmarshalStrict([]byte(c.Spec.Parameters["objects"]), &objects); err != nil {
		return fmt.Errorf("parameters.objects: %w", err)
	}
	if len(objects) == 0 || len(objects) > maxObjects {
		return fmt.Errorf("parameters.objects names %d secrets, not 1 to %d", len(objects), maxObjects)
	}
	for _, o := range objects {
		if err := o.fetch(store, m); err != nil {
			return fmt.Errorf("secret %q: %w", o.ObjectName, err)
		}
	}
	return nil
}

func (o object) fetch(store fs.FS, m Mount) error {
	if o.ObjectType != "secretsmanager" {
		return fmt.Errorf("objectType %.40q: only secretsmanager is stood in for", o.ObjectType)
	}
	if _, ok := m.Versions[o.ObjectName]; ok {
		return errors.New("it stands there twice")
	}
	if !fs.ValidPath(o.ObjectName) {
		return errors.New("it is no name of a secret")
	}
	info, err := fs.Stat(store, o.ObjectName)
	if err != nil {
		return err
	}
	if info.Size() > maxSecret {
		return fmt.Errorf("it has %d bytes, more than %d", info.Size(), maxSecret)
	}
	text, err := fs.ReadFile(store, o.ObjectName)
	if err != nil {
		return err
	}
	m.Versions[o.ObjectName] = strconv.FormatInt(info.ModTime().UnixNano(), 10)
	name := o.ObjectAlias
	if name == "" {
		name = strings.ReplaceAll(o.ObjectName, "/", "_") // the provider's default, pathTranslation
	}
	if err := m.add(name, text); err != nil {
		return err
	}
	if len(o.JMESPath) == 0 {
		return nil
	}
	var value any
	if err := json.Unmarshal(text, &value); err != nil {
		return errors.New("it is no JSON, and jmesPath looks into it") // what the error repeats may be the secret
	}
	for _, p := range o.JMESPath {
		if p.Path == "" || p.ObjectAlias == "" {
			return errors.New("a jmesPath needs path and objectAlias")
		}
		found, err := jmespath.Search(p.Path, value)
		if err != nil {
			return fmt.Errorf("jmesPath %q: %w", p.Path, err)
		}
		text, ok := found.(string)
		if !ok {
			return fmt.Errorf("jmesPath %q finds no text", p.Path)
		}
		if err := m.add(p.ObjectAlias, []byte(text)); err != nil {
			return err
		}
	}
	return nil
}

func (m Mount) add(name string, text []byte) error {
	if name == "" || name == "." || name == ".." || strings.ContainsAny(name, "/\x00") {
		return fmt.Errorf("%q is no name of a file", name)
	}
	if _, ok := m.Files[name]; ok {
		return fmt.Errorf("the file %s would be there twice", name)
	}
	m.Files[name] = text
	return nil
}
