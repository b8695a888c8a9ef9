// Package tokens says who may use the server, and how much: the file of tokens, what workers and the page need to join, and the certificate
// that a server makes for itself.
//
// A secret has 256 random bits, so that its plain SHA-256 in the file tells nothing about it.
package tokens

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"slices"
	"strings"
	"time"

	"classsr/fault"
)

// Token says what one user or program may do. Limits that are zero are the server's.
type Token struct {
	// Name is of letters, digits, points, hyphens and underscores, at most 64. It is the owner of jobs.
	Name string
	// Hash is the SHA-256 of the secret.
	Hash [sha256.Size]byte
	// Expires is when the token ends; zero means never.
	Expires time.Time
	// Weight is how large a part of the machine it gets beside others; 0 means 1.
	Weight float64
	// Rate is how many requests a second it may send.
	Rate float64
	// Bytes and Pixels are what it may send, and get as results, a day.
	Bytes, Pixels int64
	// Jobs is how many of its jobs may wait.
	Jobs int
	// Scopes are what it may do; none means ScopeJobs alone.
	Scopes []string
}

// Scopes of tokens.
const (
	ScopeJobs    = "jobs"    // send pictures, get results
	ScopeMetrics = "metrics" // read /metrics
	ScopeWorker  = "worker"  // do work for the server
	ScopeCluster = "cluster" // see to the machines that do work
)

// scopes are all there are.
var scopes = []string{ScopeJobs, ScopeMetrics, ScopeWorker, ScopeCluster}

// Has tells whether the token may do something.
func (t Token) Has(scope string) bool {
	if len(t.Scopes) == 0 {
		return scope == ScopeJobs
	}
	return slices.Contains(t.Scopes, scope)
}

// localName is who asks where there is no token file.
const localName = "local"

// Local is the token of those who reach a server without a token file. It may do everything.
func Local() Token { return Token{Name: localName, Scopes: slices.Clone(scopes)} }

// secretPrefix begins all secrets, so that people and programs that look for leaked ones recognise them.
const secretPrefix = "csr_"

// secretBytes is how many random bytes a secret has.
const secretBytes = 32

// newSecret makes a secret.
func newSecret() string {
	b := make([]byte, secretBytes)
	_, _ = rand.Read(b) // it never fails
	return secretPrefix + base64.RawURLEncoding.EncodeToString(b)
}

// isSecret tells whether a text looks like a secret.
func isSecret(text string) bool {
	body, ok := strings.CutPrefix(text, secretPrefix)
	b, err := base64.RawURLEncoding.Strict().DecodeString(body)
	return ok && err == nil && len(b) == secretBytes && len(body) == base64.RawURLEncoding.EncodedLen(secretBytes)
}

const (
	digits  = "0123456789"
	letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
)

// checkName refuses what cannot be a token's name.
func checkName(name string) error {
	const most = 64
	switch {
	case name == "" || len(name) > most || strings.Trim(name, digits+letters+".-_") != "" || strings.Trim(name[:1], digits+letters) != "":
		return fault.New(fault.Usage, "%q is no name of a token: use at most %d letters, digits, points, hyphens and underscores, and a letter or digit first", name, most)
	case name == localName:
		return fault.New(fault.Usage, "%q is who uses a server without tokens: give another name", name)
	}
	return nil
}
