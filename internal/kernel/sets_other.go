//go:build !amd64 && !arm64

package kernel

// processorSets lists the sets of assembly; there is none for this processor.
func processorSets() []*Set { return nil }
