package node

// Pause calls f while no ledger can close.
func (n *Node) Pause(f func()) {
	n.write.Lock()
	defer n.write.Unlock()
	f()
}

// Pending is how many transactions are in the queue or being applied.
func (n *Node) Pending() int {
	n.queue.mu.Lock()
	defer n.queue.mu.Unlock()
	return n.queue.count
}
