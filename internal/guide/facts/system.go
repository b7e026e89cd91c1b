package facts

// System is the running system, as its targets file names it.
type System struct {
	targets Targets
}

// Targets says where the running system is found.
type Targets struct{}
