package tokens

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"classsr/fault"
)

func TestCertificate(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "tls")
	made, mark, err := Certificate(folder, []string{"studio.local", "0.0.0.0", "192.168.1.7", "STUDIO.local", "[fe80::1]", "localhost"})
	if err != nil {
		t.Fatal(err)
	}
	leaf := made.Leaf
	if want := []string{"localhost", "studio.local"}; !slices.Equal(leaf.DNSNames, want) {
		t.Errorf("it is for %v", leaf.DNSNames)
	}
	if len(leaf.IPAddresses) != 4 || !leaf.IPAddresses[2].Equal(net.ParseIP("192.168.1.7")) {
		t.Errorf("it is for %v", leaf.IPAddresses)
	}
	if left := time.Until(leaf.NotAfter); left < 9*365*24*time.Hour || leaf.NotBefore.After(time.Now()) {
		t.Errorf("it holds from %v to %v", leaf.NotBefore, leaf.NotAfter)
	}
	if info, err := os.Stat(filepath.Join(folder, "key.pem")); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("the key's mode is %v: %v", info.Mode(), err)
	}
	_, again, err := Certificate(folder, []string{"other.local"})
	if err != nil || again != mark {
		t.Errorf("the second time it is another one: %v", err)
	}
	if of, err := FingerprintOf(filepath.Join(folder, "cert.pem")); err != nil || of != mark {
		t.Errorf("%s, %v", of, err)
	}
	if _, err := FingerprintOf(filepath.Join(folder, "key.pem")); fault.KindOf(err) != fault.Usage {
		t.Errorf("a key: %v", err)
	}

	// A server that was killed between the two files.
	if err := os.Remove(filepath.Join(folder, "cert.pem")); err != nil {
		t.Fatal(err)
	}
	if _, other, err := Certificate(folder, nil); err != nil || other == mark {
		t.Errorf("without a certificate: %v", err)
	}
	// A certificate without its key is not replaced: others may know it.
	if err := os.Remove(filepath.Join(folder, "key.pem")); err != nil {
		t.Fatal(err)
	}
	if _, _, err := Certificate(folder, nil); fault.KindOf(err) != fault.Usage || !strings.Contains(err.Error(), "key.pem") {
		t.Errorf("without a key: %v", err)
	}
}

// Only the server with the certificate of the join string is talked to.
func TestJoinedTLS(t *testing.T) {
	certificate, mark, err := Certificate(t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") }))
	server.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}}
	server.Config.ErrorLog = nil
	server.StartTLS()
	defer server.Close()
	get := func(j Join) error {
		transport := &http.Transport{TLSClientConfig: j.TLS(), DisableKeepAlives: true}
		answer, err := (&http.Client{Transport: transport}).Get(server.URL)
		if err == nil {
			_ = answer.Body.Close()
		}
		return err
	}
	if err := get(Join{Fingerprint: mark}); err != nil {
		t.Error(err)
	}
	other := mark
	other[31] ^= 1
	var wrong *tls.CertificateVerificationError
	if err := get(Join{Fingerprint: other}); !errors.As(err, &wrong) || fault.KindOf(err) != fault.Unauthorized {
		t.Errorf("another certificate: %v", err)
	}
	if err := get(Join{}); !errors.As(err, &wrong) {
		t.Errorf("without a fingerprint: %v", err)
	}
}

func TestParseJoin(t *testing.T) {
	j := Join{Address: "studio.local:8443", Secret: newSecret(), Fingerprint: Fingerprint{1, 2}}
	for _, want := range []Join{j, {Address: "[::1]:1", Secret: j.Secret}} {
		if got, err := ParseJoin(want.String()); err != nil || got != want {
			t.Errorf("%s became %+v: %v", want, got, err)
		}
	}
	if got, err := ParseJoin("classsr://studio.local:8443#sha256=" + strings.ToUpper(j.Fingerprint.String()) + "&token=" + j.Secret); err != nil || got != j {
		t.Errorf("%+v: %v", got, err)
	}
	mark := "&sha256=" + j.Fingerprint.String()
	for _, text := range []string{
		"", "studio.local:8443", "https://studio.local:8443/#token=" + j.Secret, "classsr://studio.local/#token=" + j.Secret, "classsr://:8443/#token=" + j.Secret,
		"classsr://studio.local:0/#token=" + j.Secret, "classsr://studio.local:70000/#token=" + j.Secret, "classsr://a@studio.local:8443/#token=" + j.Secret,
		"classsr://studio.local:8443/x#token=" + j.Secret, "classsr://studio.local:8443/?x#token=" + j.Secret, "classsr://studio.local:8443/",
		"classsr://studio.local:8443/#token=" + j.Secret[1:], "classsr://studio.local:8443/#token=" + j.Secret + "%0a", j.String() + mark, j.String() + "&x=1",
		"classsr://studio.local:8443/#token=" + j.Secret + "&sha256=" + strings.Repeat("0", 64), "classsr://0.0.0.0:8443/#token=" + j.Secret,
		"classsr://studio.local:8443/#token=" + j.Secret + "&token=" + j.Secret + mark, "classsr://studio.local:8443/#token=" + j.Secret + "&sha256=00",
	} {
		if got, err := ParseJoin(text); fault.KindOf(err) != fault.Usage {
			t.Errorf("%s became %+v: %v", text, got, err)
		} else if strings.Contains(err.Error(), j.Secret[4:]) {
			t.Errorf("the secret is told: %v", err)
		}
	}
}

func FuzzJoin(f *testing.F) {
	j := Join{Address: "studio.local:8443", Secret: newSecret(), Fingerprint: Fingerprint{1, 2}}
	f.Add(j.String())
	f.Add("classsr://[fe80::1%25eth0]:1/#token=" + j.Secret)
	f.Fuzz(func(t *testing.T, text string) {
		j, err := ParseJoin(text)
		if err != nil {
			if fault.KindOf(err) != fault.Usage {
				t.Errorf("%q: %v", text, err)
			}
			return
		}
		if again, err := ParseJoin(j.String()); err != nil || again != j {
			t.Errorf("%q became %+v, then %+v: %v", text, j, again, err)
		}
	})
}
