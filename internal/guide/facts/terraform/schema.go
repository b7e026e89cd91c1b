package terraform

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/zclconf/go-cty/cty"
)

//go:embed schema/aws.json
var aws []byte

// Schema is what a provider's resources take, for the types that are in it.
type Schema struct {
	Source    string                  `json:"source"`  // "hashicorp/aws"
	Version   string                  `json:"version"` // of the provider
	Provider  *BlockSchema            `json:"provider"`
	Resources map[string]*BlockSchema `json:"resources"`
	Data      map[string]*BlockSchema `json:"data"`
	Ephemeral map[string]*BlockSchema `json:"ephemeral"`
}

// BlockSchema is what stands in a block.
type BlockSchema struct {
	Attributes map[string]*AttributeSchema `json:"attributes,omitempty"`
	Blocks     map[string]*NestedSchema    `json:"blocks,omitempty"`
}

// AttributeSchema is one argument. One that is only computed is read-only.
type AttributeSchema struct {
	Type     cty.Type `json:"type"`
	Required bool     `json:"required,omitempty"`
	Optional bool     `json:"optional,omitempty"`
	Computed bool     `json:"computed,omitempty"`
}

// NestedSchema is a block in a block: how often it may stand there, and what in it. Max 0 is without an end.
type NestedSchema struct {
	Nesting string       `json:"nesting"` // single, group, list, set or map
	Min     int          `json:"min,omitempty"`
	Max     int          `json:"max,omitempty"`
	Block   *BlockSchema `json:"block"`
}

// AWS is the schema of the types that infra/terraform uses (schema/README.md says how it was made).
func AWS() (*Schema, error) { return ParseSchema(aws) }

// ParseSchema reads a schema in the form of schema/aws.json.
func ParseSchema(text []byte) (*Schema, error) {
	var s Schema
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&s); err != nil {
		return nil, fmt.Errorf("read the provider's schema: %w", err)
	}
	if s.Source == "" || s.Version == "" || s.Provider == nil || len(s.Resources) == 0 {
		return nil, errors.New("read the provider's schema: it names no provider, no version or no resource")
	}
	return &s, nil
}

// of is the schema of a resource, nil for a type that it does not have.
func (s *Schema) of(kind, name string) *BlockSchema {
	switch kind {
	case "data.":
		return s.Data[name]
	case "ephemeral.":
		return s.Ephemeral[name]
	}
	return s.Resources[name]
}

// Object is the type of what a reference to the block gives.
func (b *BlockSchema) Object() cty.Type {
	attributes := map[string]cty.Type{}
	for name, a := range b.Attributes {
		attributes[name] = a.Type.WithoutOptionalAttributesDeep()
	}
	for name, nested := range b.Blocks {
		inner := nested.Block.Object()
		switch nested.Nesting {
		case "list":
			inner = cty.List(inner)
		case "set":
			inner = cty.Set(inner)
		case "map":
			inner = cty.Map(inner)
		}
		attributes[name] = inner
	}
	return cty.Object(attributes)
}
