//go:build unix

package regular

import "syscall"

// withoutWaiting keeps a pipe from blocking that took the file's place since it was looked at, and a terminal from becoming the process's own.
const withoutWaiting = syscall.O_NONBLOCK | syscall.O_NOCTTY
