package main

import (
	"fmt"
	"net"
	"os"
	"strings"
)

// Variables of the environment that stand for flags: secrets in a command line are seen by others.
const (
	joinVariable    = "CLASSSR_JOIN"
	tokenVariable   = "CLASSSR_TOKEN"
	clusterVariable = "CLASSSR_CLUSTER"
)

// readToken is the token in a file, or that of the environment if file is empty.
func readToken(file string) (string, error) {
	if file == "" {
		return strings.TrimSpace(os.Getenv(tokenVariable)), nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("cannot read the token: %w", err)
	}
	token := strings.TrimSpace(strings.TrimPrefix(string(text), "token: ")) // as `classsr token new` prints it
	if token == "" || strings.ContainsAny(token, "\r\n") {
		return "", usagef("--token-file %s: it must have nothing but the token, as `classsr token new` printed it", file)
	}
	return token, nil
}

// isLoopback tells whether a host is this machine.
func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
