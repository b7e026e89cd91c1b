package terraform

import (
	"errors"
	"fmt"
	"math/big"
	"net/netip"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2/ext/tryfunc"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

// unworked are Terraform's functions that are known and not worked out: what they give is computed. Some read files or the clock, some make much of
// little (range, setproduct, a width in format), the rest nobody has needed yet.
var unworked = strings.Fields(`abspath base64decode base64encode base64gzip base64gunzip base64sha256 base64sha512 basename bcrypt ceil cidrcontains cidrhost
	cidrnetmask cidrsubnets coalescelist convert csvdecode dirname ephemeralasnull file filebase64 filebase64sha256 filebase64sha512 fileexists filemd5
	fileset filesha1 filesha256 filesha512 floor format formatdate formatlist indent index issensitive log matchkeys md5 nonsensitive parseint pathexpand
	plantimestamp pow range rsadecrypt sensitive setproduct sha1 sha256 sha512 signum strcontains strrev sum templatefile templatestring textdecodebase64
	textencodebase64 timeadd timecmp timestamp transpose type urldecode urlencode uuid uuidv5 yamldecode yamlencode`)

// functions are all of Terraform's.
func functions() map[string]function.Function {
	all := known()
	for _, name := range unworked {
		all[name] = computed
	}
	return all
}

// computed takes anything, and gives what is not known.
var computed = function.New(&function.Spec{
	VarParam: &function.Parameter{Name: "any", Type: cty.DynamicPseudoType, AllowNull: true, AllowUnknown: true, AllowDynamicType: true, AllowMarked: true},
	Type:     function.StaticReturnType(cty.DynamicPseudoType),
	Impl:     func([]cty.Value, cty.Type) (cty.Value, error) { return cty.DynamicVal, nil },
})

// known are the functions that are worked out. None gives more than its arguments' sizes multiplied.
func known() map[string]function.Function {
	return map[string]function.Function{
		"abs": stdlib.AbsoluteFunc, "chomp": stdlib.ChompFunc, "chunklist": stdlib.ChunklistFunc, "coalesce": stdlib.CoalesceFunc,
		"compact": stdlib.CompactFunc, "concat": stdlib.ConcatFunc, "contains": stdlib.ContainsFunc, "distinct": stdlib.DistinctFunc,
		"element": stdlib.ElementFunc, "flatten": stdlib.FlattenFunc, "join": stdlib.JoinFunc, "jsondecode": stdlib.JSONDecodeFunc,
		"jsonencode": stdlib.JSONEncodeFunc, "keys": stdlib.KeysFunc, "lookup": stdlib.LookupFunc, "lower": stdlib.LowerFunc, "max": stdlib.MaxFunc,
		"merge": stdlib.MergeFunc, "min": stdlib.MinFunc, "regex": stdlib.RegexFunc, "regexall": stdlib.RegexAllFunc, "reverse": stdlib.ReverseListFunc,
		"setintersection": stdlib.SetIntersectionFunc, "setsubtract": stdlib.SetSubtractFunc, "setunion": stdlib.SetUnionFunc, "slice": stdlib.SliceFunc,
		"sort": stdlib.SortFunc, "split": stdlib.SplitFunc, "substr": stdlib.SubstrFunc, "title": stdlib.TitleFunc, "trim": stdlib.TrimFunc,
		"trimprefix": stdlib.TrimPrefixFunc, "trimspace": stdlib.TrimSpaceFunc, "trimsuffix": stdlib.TrimSuffixFunc, "upper": stdlib.UpperFunc,
		"values": stdlib.ValuesFunc, "zipmap": stdlib.ZipmapFunc,
		"can": tryfunc.CanFunc, "try": tryfunc.TryFunc,
		"tobool": stdlib.MakeToFunc(cty.Bool), "tonumber": stdlib.MakeToFunc(cty.Number), "tostring": stdlib.MakeToFunc(cty.String),
		"tolist": stdlib.MakeToFunc(cty.List(cty.DynamicPseudoType)), "tomap": stdlib.MakeToFunc(cty.Map(cty.DynamicPseudoType)),
		"toset":    stdlib.MakeToFunc(cty.Set(cty.DynamicPseudoType)),
		"alltrue":  bools(func(values []bool) bool { return !slices.Contains(values, false) }),
		"anytrue":  bools(func(values []bool) bool { return slices.Contains(values, true) }),
		"endswith": texts(strings.HasSuffix), "startswith": texts(strings.HasPrefix),
		"cidrsubnet": cidrsubnet, "length": length, "one": one, "replace": replace,
	}
}

func texts(is func(text, part string) bool) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "text", Type: cty.String}, {Name: "part", Type: cty.String}},
		Type:   function.StaticReturnType(cty.Bool),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			return cty.BoolVal(is(args[0].AsString(), args[1].AsString())), nil
		},
	})
}

func bools(are func([]bool) bool) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "list", Type: cty.List(cty.Bool)}},
		Type:   function.StaticReturnType(cty.Bool),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			var values []bool
			for it := args[0].ElementIterator(); it.Next(); {
				_, v := it.Element()
				if !v.IsKnown() {
					return cty.UnknownVal(cty.Bool), nil
				}
				values = append(values, !v.IsNull() && v.True())
			}
			return cty.BoolVal(are(values)), nil
		},
	})
}

// length is of a text in characters, of anything else in elements.
var length = function.New(&function.Spec{
	Params: []function.Parameter{{Name: "value", Type: cty.DynamicPseudoType, AllowDynamicType: true, AllowUnknown: true}},
	Type:   function.StaticReturnType(cty.Number),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		switch v := args[0]; {
		case v.Type() == cty.String && v.IsKnown():
			return stdlib.Strlen(v)
		case v.Type().IsTupleType():
			return cty.NumberIntVal(int64(len(v.Type().TupleElementTypes()))), nil
		case v.Type().IsObjectType():
			return cty.NumberIntVal(int64(len(v.Type().AttributeTypes()))), nil
		case !v.IsKnown():
			return cty.UnknownVal(cty.Number), nil
		case v.CanIterateElements():
			return v.Length(), nil
		}
		return cty.NilVal, errors.New("it has no length")
	},
})

// one is the only element there is, or null.
var one = function.New(&function.Spec{
	Params: []function.Parameter{{Name: "list", Type: cty.DynamicPseudoType, AllowDynamicType: true, AllowUnknown: true}},
	Type:   function.StaticReturnType(cty.DynamicPseudoType),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		v := args[0]
		if !v.IsKnown() || !v.CanIterateElements() {
			return cty.DynamicVal, nil
		}
		it, n, only := v.ElementIterator(), 0, cty.NullVal(cty.DynamicPseudoType)
		for it.Next() {
			_, only = it.Element()
			n++
		}
		if n > 1 {
			return cty.NilVal, errors.New("it has more than one element")
		}
		return only, nil
	},
})

// replace is for plain texts; with a pattern between slashes it is not worked out.
var replace = function.New(&function.Spec{
	Params: []function.Parameter{{Name: "text", Type: cty.String}, {Name: "old", Type: cty.String}, {Name: "new", Type: cty.String}},
	Type:   function.StaticReturnType(cty.String),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		text, from, to := args[0].AsString(), args[1].AsString(), args[2].AsString()
		if len(from) > 1 && strings.HasPrefix(from, "/") && strings.HasSuffix(from, "/") {
			return cty.UnknownVal(cty.String), nil
		}
		if len(text)*(1+len(to)) > 16*maxValue {
			return cty.UnknownVal(cty.String), nil
		}
		return cty.StringVal(strings.ReplaceAll(text, from, to)), nil
	},
})

// cidrsubnet is the num-th of the networks that a prefix has when it is bits longer.
var cidrsubnet = function.New(&function.Spec{
	Params: []function.Parameter{{Name: "prefix", Type: cty.String}, {Name: "newbits", Type: cty.Number}, {Name: "netnum", Type: cty.Number}},
	Type:   function.StaticReturnType(cty.String),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		prefix, err := netip.ParsePrefix(args[0].AsString())
		if err != nil {
			return cty.NilVal, err
		}
		more, exact := args[1].AsBigFloat().Int64()
		total := prefix.Addr().BitLen()
		bits := prefix.Bits() + int(more)
		if exact != big.Exact || more < 0 || more > 128 || bits > total {
			return cty.NilVal, fmt.Errorf("%s cannot be cut %s bits further", prefix, args[1].AsBigFloat().Text('f', -1))
		}
		num, accuracy := args[2].AsBigFloat().Int(nil)
		if accuracy != big.Exact || num.Sign() < 0 || num.BitLen() > int(more) {
			return cty.NilVal, fmt.Errorf("%s, cut %d bits further, has no network %s", prefix, more, args[2].AsBigFloat().Text('f', -1))
		}
		base := new(big.Int).SetBytes(prefix.Masked().Addr().AsSlice())
		base.Or(base, num.Lsh(num, uint(total-bits)))
		addr, _ := netip.AddrFromSlice(base.FillBytes(make([]byte, total/8)))
		return cty.StringVal(netip.PrefixFrom(addr, bits).String()), nil
	},
})
