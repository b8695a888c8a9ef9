//go:build !amd64

package kernel

// processorSets lists the sets of assembly; there is none for this processor yet. This is the place for NEON.
func processorSets() []*Set { return nil }
