package binding

import (
	"errors"
	"fmt"

	"github.com/stellar/go-stellar-sdk/xdr"
)

// Call is a function of the contract with its arguments: one of the …Call structs of contract_gen.go, or a pointer to one.
type Call interface {
	Function() string
	Args() []xdr.ScVal
}

// Invoke is the call as a transaction makes it.
func Invoke(contract Address, c Call) xdr.InvokeContractArgs {
	return xdr.InvokeContractArgs{
		ContractAddress: contract.ScAddress(), FunctionName: xdr.ScSymbol(c.Function()), Args: c.Args(),
	}
}

// ErrUnknownFunction is returned for a function that is not in the interface.
var ErrUnknownFunction = errors.New("not a function of the contract")

// DecodeCall reads a call into a pointer to one of the …Call structs. It refuses an unknown function (ErrUnknownFunction) and, naming the
// argument (*FieldError), anything that is not exactly as the interface says. Which contract is called it does not look at.
func DecodeCall(args xdr.InvokeContractArgs) (Call, error) {
	name := string(args.FunctionName)
	call := NewCall(name)
	if call == nil {
		return nil, fmt.Errorf("function %q: %w", name, ErrUnknownFunction)
	}
	if err := call.(interface{ fill([]xdr.ScVal) error }).fill(args.Args); err != nil {
		return nil, fmt.Errorf("function %s: %w", name, err)
	}
	return call, nil
}
