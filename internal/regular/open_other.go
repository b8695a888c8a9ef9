//go:build !unix

package regular

// withoutWaiting is of no use where pipes have no place among files.
const withoutWaiting = 0
