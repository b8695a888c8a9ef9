package queue

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/nats-io/nkeys"

	"classsr/fault"
	"classsr/internal/atomicfile"
)

// Issuer signs what workers may do in a nats-server, which knows its public key.
type Issuer struct {
	pair   nkeys.KeyPair
	public string
}

// NewIssuer makes one that lasts as long as the program.
func NewIssuer() (*Issuer, error) {
	pair, err := nkeys.CreateAccount()
	if err != nil {
		return nil, err
	}
	return issuer(pair)
}

func issuer(pair nkeys.KeyPair) (*Issuer, error) {
	public, err := pair.PublicKey()
	if err == nil && !nkeys.IsValidPublicAccountKey(public) {
		err = errors.New("it is no key of an account")
	}
	if err != nil {
		return nil, err
	}
	return &Issuer{pair, public}, nil
}

// OpenIssuer reads the one whose key is in a file, and makes it if there is none. Only its user may read the file. A file that holds something else is an error
// of kind fault.Usage.
func OpenIssuer(file string) (*Issuer, error) {
	seed, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return makeIssuer(file)
	}
	if err != nil {
		return nil, fault.As(fault.Usage, err)
	}
	pair, err := nkeys.FromSeed(bytes.TrimSpace(seed))
	var i *Issuer
	if err == nil {
		i, err = issuer(pair)
	}
	if err != nil {
		return nil, fault.New(fault.Usage, "%s does not hold the key that signs what workers may do (%w): remove it to have another one made", file, err)
	}
	return i, nil
}

func makeIssuer(file string) (*Issuer, error) {
	i, err := NewIssuer()
	if err != nil {
		return nil, err
	}
	seed, err := i.pair.Seed()
	if err == nil {
		err = atomicfile.WritePrivate(file, append(seed, '\n'))
	}
	if err != nil {
		return nil, fmt.Errorf("cannot keep the key that signs what workers may do: %w", err)
	}
	return i, nil
}

// Public gives its public key, as a nats-server is told it.
func (i *Issuer) Public() string { return i.public }
