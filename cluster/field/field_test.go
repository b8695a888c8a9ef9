// Package field tries a cluster as it is used: a coordinator, workers and, where one is wanted, a nats-server, each a process of its own, on hosts that can be
// killed, stopped and cut off. It has tests only.
//
// The processes are the test program itself, which plays the part that an environment variable says, so that tests reach hooks that the command has not. Hosts are
// network namespaces (net_linux_test.go), or this machine where a test needs no more.
//
// CLASSSR_LOAD says how much is tried: unset for seconds, short for two minutes, full for all of it.
package field
