package soak

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// attack is a request as it goes over the wire.
type attack struct {
	name string
	raw  []byte
	// harmless requests may be answered 2xx or 3xx, as odd as they are: nothing is let in by them.
	harmless bool
}

// request puts a request together.
func request(method, target string, header []string, body []byte) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\n", method, target)
	for _, h := range header {
		b.WriteString(h + "\r\n")
	}
	if body != nil {
		fmt.Fprintf(&b, "Content-Length: %d\r\n", len(body))
	}
	b.WriteString("\r\n")
	b.Write(body)
	return b.Bytes()
}

// bomb is a PNG whose header promises a size that its data do not have.
func bomb(w, h uint32) []byte {
	chunk := func(kind string, data []byte) []byte {
		b := binary.BigEndian.AppendUint32(nil, uint32(len(data)))
		b = append(append(b, kind...), data...)
		return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[4:]))
	}
	header := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, w), h)
	header = append(header, 8, 2, 0, 0, 0)
	b := append([]byte("\x89PNG\r\n\x1a\n"), chunk("IHDR", header)...)
	b = append(b, chunk("IDAT", bytes.Repeat([]byte{0}, 100))...)
	return append(b, chunk("IEND", nil)...)
}

// form makes the body of a form.
func form(parts ...string) []byte {
	var b bytes.Buffer
	for _, p := range parts {
		b.WriteString("--B\r\n" + p + "\r\n")
	}
	b.WriteString("--B--\r\n")
	return b.Bytes()
}

const formType = "Content-Type: multipart/form-data; boundary=B"

func field(name, value string) string {
	return fmt.Sprintf("Content-Disposition: form-data; name=%q\r\n\r\n%s", name, value)
}

func file(name string, data []byte) string {
	return fmt.Sprintf("Content-Disposition: form-data; name=\"file\"; filename=\"%s\"\r\n\r\n%s", name, data)
}

// attacks lists them: each kind in many variants.
func attacks(t *testing.T) (all []attack) {
	add := func(name string, raw []byte) { all = append(all, attack{name, raw, false}) }
	odd := func(name string, raw []byte) { all = append(all, attack{name, raw, true}) }
	small := picture(t, 8, 8, 1)
	uploads := []string{"/v1/jobs", "/v1/pictures", "/v1/upscale"}
	for _, to := range uploads {
		for _, size := range [][2]uint32{{0, 0}, {1, 0}, {1 << 31, 1}, {1<<32 - 1, 1<<32 - 1}, {60000, 60000}, {1 << 20, 1 << 20}, {100000, 30000}} {
			add(fmt.Sprintf("bomb %v", size), request("POST", to, nil, bomb(size[0], size[1])))
			add(fmt.Sprintf("bomb %v in a form", size), request("POST", to, []string{formType}, form(file("a.png", bomb(size[0], size[1])))))
		}
		for cut := 0; cut < len(small); cut += 7 {
			add(fmt.Sprintf("picture cut at %d", cut), request("POST", to, nil, small[:cut]))
		}
		whole := form(field("mode", "full"), file("a.png", small))
		for cut := 0; cut < len(whole)-1; cut += 11 {
			add(fmt.Sprintf("form cut at %d", cut), request("POST", to, []string{formType}, whole[:cut]))
		}
		many := make([]string, 10000)
		for i := range many {
			many[i] = field(fmt.Sprint("f", i), "1")
		}
		add("10,000 fields", request("POST", to, []string{formType}, form(many...)))
		add("a field of a megabyte", request("POST", to, []string{formType}, form(field("mode", strings.Repeat("x", 1<<20)))))
		add("two pictures", request("POST", to, []string{formType}, form(file("a.png", small), file("b.png", small))))
		add("no picture", request("POST", to, []string{formType}, form(field("mode", "full"))))
		add("nothing", request("POST", to, nil, []byte{}))
		add("the wrong field", request("POST", to, []string{formType}, form(strings.Replace(file("a", small), `name="file"`, `name="picture"`, 1))))
		add("a boundary without end", request("POST", to, []string{"Content-Type: multipart/form-data; boundary=" + strings.Repeat("x", 1000)}, whole))
		add("no boundary", request("POST", to, []string{"Content-Type: multipart/form-data"}, whole))
		add("JSON", request("POST", to, []string{"Content-Type: application/json"}, []byte(strings.Repeat("[", 100000))))
		add("an encoded body", request("POST", to, []string{"Content-Encoding: gzip"}, small))
		for _, query := range []string{
			"mode=nonsense", "mode=full&mode=full", "budget=-1", "budget=1e999", "budget=NaN", "scale=0", "scale=1e9", "fit=0x0", "fit=99999999999x9", "width=-3", "quality=x",
			"format=exe", "model=../../etc/passwd", "model=%2e%2e%2f", "output=/etc/x", "unknown=1", "%zz=1", "a;b=c", "picture=../../x", "picture=zz", "kind=%00", "megapixels=1e300",
		} {
			add("query "+query, request("POST", to+"?"+query, nil, small))
		}
		for _, n := range []string{"-5", "99999999999999999999", "1e3", "0x10", "5, 6"} {
			raw := fmt.Sprintf("POST %s HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\nContent-Length: %s\r\n\r\n%s", to, n, small)
			add("length "+n, []byte(raw))
		}
		for _, chunks := range []string{"zz\r\nabc\r\n0\r\n\r\n", "fffffffffffffffff\r\n", "5\r\nab", "-1\r\n", "3\r\nabcdef\r\n0\r\n\r\n", "3;" + strings.Repeat("x", 20000) + "\r\nabc\r\n0\r\n\r\n"} {
			raw := fmt.Sprintf("POST %s HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n%s", to, chunks)
			add("chunks", []byte(raw))
		}
		add("two lengths", []byte("POST "+to+" HTTP/1.1\r\nHost: HOST\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd"))
		add("a length and chunks", []byte("POST "+to+" HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"))
		for _, h := range []string{"Origin: http://evil.example", "Origin: null", "Origin: https://HOST.evil.example", "Sec-Fetch-Site: cross-site"} {
			add(h, request("POST", to, []string{h}, small))
		}
	}
	for _, host := range []string{"evil.example", "evil.example:80", "127.0.0.1.evil.example", "", "localhost:1", "[::1]:1", "HOST@evil.example", "HOST, evil.example"} {
		for _, target := range []string{"/", "/v1/jobs", "/v1/models", "/v1/jobs/x/result"} {
			add("host "+host, []byte(fmt.Sprintf("GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", target, host)))
		}
	}
	for _, path := range []string{
		"/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/..%2f..%2fetc/passwd", "/v1/jobs/../../../etc/passwd/result", "/v1/jobs/..%2f..%2fx/result", "/v1/jobs/%00/result",
		"/v1/pictures/../../key", "/v1/pictures/..%2f..%2fkey", "/v1/jobs/" + strings.Repeat("a", 5000), "/v1/jobs/%0d%0aSet-Cookie:x=1", "/\\..\\..\\windows", "/v1/jobs/x/route-map.png",
		"/v1/jobs/AAAAAAAAAAAAAAAAAAAAAAAAAA", "/v1/jobs/AAAAAAAAAAAAAAAAAAAAAAAAAA/events", "/v1/pictures/" + strings.Repeat("0", 64), "/v1/pictures/" + strings.Repeat("0", 64) + "/plan", "/v1/pictures/" + strings.Repeat("0", 64) + "/view",
		"/v1/jobs.zip?id=../../key", "/v1/jobs?limit=99999999", "/v1/jobs?limit=-1", "/v1/jobs?before=../x", "/metrics", "/debug/pprof/", "/.git/config", "/v1/", "/v1/nothing",
	} {
		for _, method := range []string{"GET", "HEAD", "DELETE", "POST", "PUT", "PATCH", "OPTIONS", "TRACE", "BREW"} {
			raw := request(method, path, nil, nil)
			if (method == "GET" || method == "HEAD") && strings.HasPrefix(path, "/v1/jobs?before") || method == "OPTIONS" {
				odd(method+" "+path, raw)
				continue
			}
			add(method+" "+path, raw)
		}
	}
	for _, r := range []string{"bytes=0-0,0-0,0-0", "bytes=-1", "bytes=999999999-", "bytes=" + strings.Repeat("0-1,", 2000) + "0-1", "lines=1-2", "bytes=5-2"} {
		odd("range "+r, request("GET", "/", []string{"Range: " + r}, nil))
		add("range of nothing", request("GET", "/v1/jobs/x/result", []string{"Range: " + r}, nil))
	}
	for _, junk := range []string{
		"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "GET / HTTP/9.9\r\n\r\n", "GET\r\n\r\n", strings.Repeat("A", 100000), "GET / HTTP/1.1\r\nX: \x00\r\n\r\n", "GET / HTTP/1.1\r\n : x\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "GET / HTTP/1.1\r\nHost: HOST\r\nX: " + strings.Repeat("y", 40000) + "\r\n\r\n",
		"GET http://evil.example/ HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\n\r\n", "CONNECT evil.example:80 HTTP/1.1\r\nHost: evil.example:80\r\n\r\n",
	} {
		add("junk", []byte(junk))
	}
	return all
}

// Hostile requests are refused, all of them: with a 4xx, or by closing the connection. None makes a job, none is a mistake of the program's.
func TestHostile(t *testing.T) {
	r := start(t, t.TempDir(), "--memory", "300MB", "--log-level", "debug")
	address := strings.TrimPrefix(r.url, "http://")
	all := attacks(t)
	if len(all) < 500 {
		t.Errorf("only %d attacks", len(all))
	}
	for _, a := range all {
		raw := bytes.ReplaceAll(a.raw, []byte("HOST"), []byte(address))
		status, err := send(address, raw)
		switch {
		case err != nil:
			t.Errorf("%s: %v", a.name, err)
		case status >= 500 && status != http.StatusServiceUnavailable:
			t.Errorf("%s: answered %d", a.name, status)
		case status != 0 && status < 400 && !a.harmless:
			t.Errorf("%s: let in with %d", a.name, status)
		}
	}
	if jobs := r.jobs(""); len(jobs) != 0 {
		t.Errorf("%d jobs were made", len(jobs))
	}
	if text := r.log.String(); strings.Contains(text, "panic") || strings.Contains(text, "mistake") {
		t.Errorf("a mistake of the program's:\n%s", text)
	}
	time.Sleep(time.Second) // all of them counted
	got, err := do(t.Context(), client(20*time.Second), "PUT", r.url+"/v1/upscale?fast=true", bytes.NewReader(picture(t, 32, 32, 1)), nil)
	if err != nil || got.status != http.StatusOK {
		t.Errorf("a good request after all of that: %d %s %v", got.status, got.body, err)
	}
}

// send sends bytes as they are and reads the answer's status; 0 is a connection that was closed without one.
func send(address string, raw []byte) (int, error) {
	c, err := net.DialTimeout("tcp", address, 5*time.Second)
	if err != nil {
		return 0, err
	}
	defer func() { _ = c.Close() }()
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	go func() {
		_, _ = c.Write(raw)
		if tcp, ok := c.(*net.TCPConn); ok {
			_ = tcp.CloseWrite()
		}
	}()
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		if e, ok := err.(net.Error); ok && e.Timeout() { //nolint:errorlint // as package net returns it
			return 0, fmt.Errorf("no answer in time: %w", err)
		}
		return 0, nil
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 1<<20))
	return res.StatusCode, nil
}
