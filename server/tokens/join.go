package tokens

import (
	"crypto/sha256"
	"crypto/tls"
	"net"
	"net/url"
	"strconv"

	"classsr/fault"
)

// Join is all that a program needs to use a server, as one text: classsr://HOST:PORT/#token=...&sha256=...
type Join struct {
	Address     string // HOST:PORT
	Secret      string
	Fingerprint Fingerprint // zero: the certificate is one that the system trusts
}

// scheme begins joins.
const scheme = "classsr"

// String gives the text. It holds the secret.
func (j Join) String() string {
	text := scheme + "://" + j.Address + "/#token=" + j.Secret
	if j.Fingerprint != (Fingerprint{}) {
		text += "&sha256=" + j.Fingerprint.String()
	}
	return text
}

// ParseJoin reads what String gives. Errors are of kind fault.Usage and do not repeat the text, which holds a secret.
func ParseJoin(text string) (j Join, err error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != scheme || u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Path != "" && u.Path != "/" {
		return j, fault.New(fault.Usage, "it does not look like %s://HOST:PORT/#token=...&sha256=..., which `classsr token new` prints", scheme)
	}
	if err := CheckAddress(u.Host); err != nil {
		return j, err
	}
	j.Address = u.Host
	parts, err := url.ParseQuery(u.EscapedFragment())
	if err != nil || len(parts["token"]) != 1 || len(parts["sha256"]) > 1 || len(parts) != 1+len(parts["sha256"]) {
		return j, fault.New(fault.Usage, "behind # it needs token=... and at most sha256=..., each once")
	}
	if j.Secret = parts.Get("token"); !isSecret(j.Secret) {
		return j, fault.New(fault.Usage, "its token is none: it has %s and 43 letters and digits", secretPrefix)
	}
	if parts.Has("sha256") {
		if j.Fingerprint, err = ParseFingerprint(parts.Get("sha256")); err != nil {
			return j, err
		}
		if j.Fingerprint == (Fingerprint{}) {
			return j, fault.New(fault.Usage, "its fingerprint is zero")
		}
	}
	return j, nil
}

// CheckAddress refuses what is no HOST:PORT that a client can connect to. Errors are of kind fault.Usage.
func CheckAddress(address string) error {
	host, port, err := net.SplitHostPort(address)
	n, portErr := strconv.ParseUint(port, 10, 16)
	u, urlErr := url.Parse(scheme + "://" + address + "/")
	if err != nil || portErr != nil || n == 0 || host == "" || urlErr != nil || u.Host != address || net.ParseIP(host).IsUnspecified() {
		return fault.New(fault.Usage, "%q is no address of a server: give HOST:PORT, as studio.local:8443", address)
	}
	return nil
}

// TLS is how to connect: to a server with exactly this certificate, if there is a Fingerprint.
func (j Join) TLS() *tls.Config {
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if j.Fingerprint == (Fingerprint{}) {
		return c
	}
	c.InsecureSkipVerify = true // what VerifyConnection does is stricter
	c.VerifyConnection = func(s tls.ConnectionState) error {
		if len(s.PeerCertificates) == 0 || sha256.Sum256(s.PeerCertificates[0].Raw) != j.Fingerprint {
			return &tls.CertificateVerificationError{
				UnverifiedCertificates: s.PeerCertificates,
				Err:                    fault.New(fault.Unauthorized, "the server %s has another certificate than the join string says: it may not be the right one", j.Address),
			}
		}
		return nil
	}
	return c
}
