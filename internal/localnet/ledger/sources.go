package ledger

import "github.com/stellar/go-stellar-sdk/xdr"

// marks is a set of contracts in which one may stand for others: what is not in it has not been there.
type marks uint64

// sources are all contracts that have said anything so far, each with a mark.
type sources struct {
	list []xdr.ContractId
	mark map[xdr.ContractId]marks
}

// nobody marks events of no contract.
const nobody marks = 1

// of is the set of those that have said these events.
func (s *sources) of(events []Event) (set marks) {
	for i := range events {
		id := events[i].Event.ContractId
		if id == nil {
			set |= nobody
			continue
		}
		m, known := s.mark[*id]
		if !known {
			if s.mark == nil {
				s.mark = map[xdr.ContractId]marks{}
			}
			m = nobody << (1 + len(s.list)%63)
			s.list, s.mark[*id] = append(s.list, *id), m
		}
		set |= m
	}
	return set
}

// marked is the set of those that are wanted; nil stands for no contract.
func (s *sources) marked(wanted func(*xdr.ContractId) bool) (set marks) {
	if wanted(nil) {
		set = nobody
	}
	for i := range s.list {
		if wanted(&s.list[i]) {
			set |= s.mark[s.list[i]]
		}
	}
	return set
}
