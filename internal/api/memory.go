package api

import (
	"context"
	"sync"
)

// Memory is Transactions within this process, for one replica: it forgets with the process, and the oldest first.
type Memory struct {
	mu    sync.Mutex
	limit int
	all   map[string]Transaction
	order []string // hashes, oldest first
}

// NewMemory keeps at most limit transactions.
func NewMemory(limit int) *Memory {
	return &Memory{limit: limit, all: map[string]Transaction{}}
}

// Put keeps t; one of the same hash stays.
func (m *Memory) Put(_ context.Context, t Transaction) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, known := m.all[t.Hash]; known {
		return nil
	}
	m.order = append(m.order, t.Hash)
	m.all[t.Hash] = t
	for len(m.order) > m.limit {
		delete(m.all, m.order[0])
		m.order = m.order[1:]
	}
	return nil
}

// Get is what Put kept.
func (m *Memory) Get(_ context.Context, hash string) (Transaction, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	t, ok := m.all[hash]
	return t, ok, nil
}
