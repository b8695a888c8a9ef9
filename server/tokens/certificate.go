package tokens

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"classsr/fault"
	"classsr/internal/atomicfile"
)

// Fingerprint is the SHA-256 of a certificate, by which clients know a server that nobody vouches for.
type Fingerprint [sha256.Size]byte

// String gives 64 lower-case hexadecimal digits.
func (f Fingerprint) String() string { return hex.EncodeToString(f[:]) }

// ParseFingerprint reads what String gives; colons between the digits and capitals, as other programs write them, do not matter.
func ParseFingerprint(text string) (f Fingerprint, err error) {
	b, err := hex.DecodeString(strings.ReplaceAll(text, ":", ""))
	if err != nil || len(b) != len(f) {
		return f, fault.New(fault.Usage, "it is no SHA-256 of a certificate: 64 hexadecimal digits")
	}
	return Fingerprint(b), nil
}

// years is how long a certificate lasts that is made here. It is known by its fingerprint, which would change with every new one.
const years = 10

// Certificate gives the certificate in a folder, cert.pem and key.pem. If there is none, it makes one for these names and addresses, and for the
// machine itself. Errors are of kind fault.Usage if the files are none that belong together, fault.Busy if another program is making one, else
// mostly fault.Unavailable.
func Certificate(folder string, hosts []string) (tls.Certificate, Fingerprint, error) {
	certFile, keyFile := filepath.Join(folder, "cert.pem"), filepath.Join(folder, "key.pem")
	if _, err := os.Lstat(certFile); errors.Is(err, fs.ErrNotExist) {
		if err := makeCertificate(folder, certFile, keyFile, hosts); err != nil {
			return tls.Certificate{}, Fingerprint{}, fmt.Errorf("cannot make a certificate in %s: %w", folder, fault.Default(fault.Unavailable, err))
		}
	}
	return Load(certFile, keyFile)
}

// Load reads a certificate and its private key from files as PEM. Errors are of kind fault.Usage.
func Load(certFile, keyFile string) (tls.Certificate, Fingerprint, error) {
	certificate, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		return certificate, Fingerprint{}, fault.As(fault.Usage, fmt.Errorf("%s and %s are no certificate with its key: %w", certFile, keyFile, err))
	}
	return certificate, FingerprintOfPair(&certificate), nil
}

// FingerprintOfPair is that of a certificate that was read with its key.
func FingerprintOfPair(certificate *tls.Certificate) Fingerprint {
	return sha256.Sum256(certificate.Certificate[0])
}

// FingerprintOf reads a certificate from a file as PEM, without a key, and gives its fingerprint. Errors are of kind fault.Usage.
func FingerprintOf(certFile string) (f Fingerprint, err error) {
	text, err := os.ReadFile(certFile)
	if err != nil {
		return f, fault.As(fault.Usage, err)
	}
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if block.Type == "CERTIFICATE" {
			return sha256.Sum256(block.Bytes), nil
		}
	}
	return f, fault.New(fault.Usage, "%s holds no certificate as PEM", certFile)
}

// makeCertificate makes a key and a certificate.
func makeCertificate(folder, certFile, keyFile string, hosts []string) error {
	if _, err := os.Lstat(folder); errors.Is(err, fs.ErrNotExist) {
		if err := os.MkdirAll(folder, 0o700); err != nil {
			return err
		}
		if err := keepOwner(folder, nil); err != nil {
			return err
		}
	}
	unlock, err := lock(filepath.Join(folder, "lock"))
	if err != nil {
		return err
	}
	defer unlock()
	if _, err := os.Lstat(certFile); err == nil {
		return nil // somebody else was faster
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: newSerial(), Subject: pkix.Name{CommonName: "classsr"},
		NotBefore: now.Add(-24 * time.Hour), NotAfter: now.AddDate(years, 0, 0), // clocks differ
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, BasicConstraintsValid: true,
	}
	addNames(template, append([]string{"localhost", "127.0.0.1", "::1"}, hosts...))
	signed, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	// The key first: a certificate without its key would be in the way.
	keyText := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})
	for _, one := range []struct {
		name string
		text []byte
	}{{keyFile, keyText}, {certFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: signed})}} {
		if err := atomicfile.WritePrivate(one.name, one.text); err != nil {
			return err
		}
		if err := keepOwner(one.name, nil); err != nil {
			return err
		}
	}
	return nil
}

func newSerial() *big.Int {
	b := make([]byte, 16)
	_, _ = rand.Read(b) // it never fails
	b[0] &= 0x7f        // 127 bits, not negative
	return new(big.Int).SetBytes(b)
}

// addNames adds names and addresses, each once, but not those that stand for all.
func addNames(c *x509.Certificate, hosts []string) {
	for i, host := range hosts {
		ip := net.ParseIP(strings.Trim(host, "[]"))
		switch {
		case host == "" || ip.IsUnspecified() || slices.ContainsFunc(hosts[:i], func(other string) bool { return strings.EqualFold(other, host) }):
		case ip != nil:
			c.IPAddresses = append(c.IPAddresses, ip)
		default:
			c.DNSNames = append(c.DNSNames, host)
		}
	}
}
