package soak

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// tokenFor makes a token and gives its secret.
func tokenFor(t *testing.T, file, name string) string {
	t.Helper()
	out, err := exec.Command(program, "token", "new", name, "--token-file", file, "--rate", "1000").Output()
	if err != nil {
		t.Fatal(err)
	}
	_, secret, _ := strings.Cut(string(out), "token: ")
	return strings.TrimSpace(secret)
}

// Many clients of one token send ten times what the machine does. Memory stays within its budget, what is too much is refused with a time to come again, what was
// accepted is done once and right, and small pictures of another token are answered at once.
func TestLoad(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("memory is read from /proc")
	}
	const memory, besides = 300 << 20, 60 << 20
	clients, seconds := load(5, 40, 200), load(4, 40, 300)
	data := t.TempDir()
	file := filepath.Join(data, "tokens")
	crowd, other := tokenFor(t, file, "crowd"), tokenFor(t, file, "other")
	r := start(t, filepath.Join(data, "data"), "--memory", strconv.Itoa(memory), "--token-file", file, "--plain-http", "--queue", strconv.Itoa(4*clients), "--grace", "2s")
	pictures := [][]byte{picture(t, 160, 120, 1), picture(t, 240, 180, 2), picture(t, 320, 240, 3)}
	var want []string
	for _, p := range pictures {
		sum := sha256.Sum256(enlarged(t, p))
		want = append(want, hex.EncodeToString(sum[:]))
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Duration(seconds)*time.Second)
	defer cancel()
	var (
		mu                sync.Mutex
		accepted          = map[string]int{}
		refused, mistakes int
		slowest           time.Duration
		direct            int
		most              int64
		all               sync.WaitGroup
	)
	for n := range clients {
		all.Go(func() {
			random := rand.New(rand.NewPCG(uint64(n), 7))
			for ctx.Err() == nil {
				which := random.IntN(len(pictures))
				got, err := do(ctx, client(20*time.Second), "POST", r.url+"/v1/jobs?name=p.png", bytes.NewReader(pictures[which]), map[string]string{"Authorization": "Bearer " + crowd})
				if err != nil {
					continue // the time is over, or the connection was closed
				}
				wait := 10 * time.Millisecond
				mu.Lock()
				switch {
				case got.status == http.StatusAccepted:
					var j job
					_ = json.Unmarshal(got.body, &j)
					accepted[j.ID] = which
				case got.status == http.StatusTooManyRequests && got.header.Get("Retry-After") != "":
					refused++
					wait = 200 * time.Millisecond
				default:
					mistakes++
					t.Errorf("answered %d %s", got.status, got.body)
				}
				mu.Unlock()
				time.Sleep(wait)
			}
		})
	}
	all.Go(func() {
		small := picture(t, 64, 48, 9)
		for ctx.Err() == nil {
			begun := time.Now()
			got, err := do(t.Context(), client(30*time.Second), "PUT", r.url+"/v1/upscale?fast=true", bytes.NewReader(small), map[string]string{"Authorization": "Bearer " + other})
			took := time.Since(begun)
			mu.Lock()
			if err != nil || got.status != http.StatusOK {
				t.Errorf("a small picture: %d %s %v", got.status, got.body, err)
			}
			slowest, direct = max(slowest, took), direct+1
			mu.Unlock()
			time.Sleep(100 * time.Millisecond)
		}
	})
	all.Go(func() {
		for ctx.Err() == nil {
			most = max(most, r.resident())
			time.Sleep(50 * time.Millisecond)
		}
	})
	all.Wait()
	if most > memory+besides {
		t.Errorf("%d MB resident, %d allowed", most>>20, (memory+besides)>>20)
	}
	if slowest > 2*time.Second {
		t.Errorf("a small picture of another token took %v", slowest)
	}
	if refused == 0 && clients >= 40 {
		t.Error("nothing was refused: that was no load")
	}
	done, ended := 0, r.jobs(crowd)
	for id, which := range accepted {
		j, there := ended[id]
		switch {
		case !there:
			t.Errorf("job %s was accepted and is lost", id)
		case j.State == "failed":
			t.Errorf("job %s failed: %+v", id, j.Error)
		case j.State == "done":
			done++
			if j.Result.SHA256 != want[which] {
				t.Errorf("job %s has other bytes than the command gives", id)
			}
		}
	}
	line := fmt.Sprintf("%d clients, %d s: %d jobs accepted, %d of them done by then, %d refused; %d small pictures of another token, the slowest in %d ms; at most %d MB resident with --memory %d MB",
		clients, seconds, len(accepted), done, refused, direct, slowest.Milliseconds(), most>>20, memory>>20)
	t.Log(line)
	if code := r.end(); code != 0 {
		t.Errorf("ended with %d\n%s", code, r.log.String())
	}
}

// Connections that send a byte now and then keep nobody else waiting.
func TestSlowLoris(t *testing.T) {
	count, seconds := load(100, 1000, 1000), load(2, 10, 60)
	r := start(t, t.TempDir(), "--memory", "300MB")
	address := strings.TrimPrefix(r.url, "http://")
	ctx, cancel := context.WithTimeout(t.Context(), time.Duration(seconds)*time.Second)
	defer cancel()
	var all sync.WaitGroup
	for n := range count {
		all.Go(func() {
			beginnings := []string{"GET / HTTP/1.1\r\nHost: " + address + "\r\nX-", "PUT /v1/upscale HTTP/1.1\r\nHost: " + address + "\r\nContent-Length: 100000\r\n\r\n\x89PNG", ""}
			for ctx.Err() == nil {
				c, err := net.DialTimeout("tcp", address, 5*time.Second)
				if err != nil {
					continue
				}
				_, err = c.Write([]byte(beginnings[n%len(beginnings)]))
				for err == nil && ctx.Err() == nil {
					time.Sleep(300 * time.Millisecond)
					_, err = c.Write([]byte("x"))
				}
				_ = c.Close()
				time.Sleep(time.Second) // more would be a flood, which is no slow client's way
			}
		})
	}
	time.Sleep(time.Second)
	var slowest time.Duration
	asked := 0
	for ctx.Err() == nil {
		begun := time.Now()
		got, err := do(t.Context(), client(10*time.Second), "GET", r.url+"/v1/models", nil, nil)
		if err != nil || got.status != http.StatusOK {
			t.Errorf("%d %v", got.status, err)
		}
		slowest = max(slowest, time.Since(begun))
		asked++
		time.Sleep(50 * time.Millisecond)
	}
	all.Wait()
	if slowest > time.Second {
		t.Errorf("a new request took %v beside %d slow ones", slowest, count)
	}
	t.Logf("%d slow connections: %d new requests, the slowest in %v; %d MB resident", count, asked, slowest.Round(100*time.Microsecond), r.resident()>>20)
}

// While the disk is full, uploads are refused as unavailable; what was there is not harmed, and it goes on when there is space.
func TestDiskFull(t *testing.T) {
	if os.Geteuid() != 0 || runtime.GOOS != "linux" {
		t.Skip("only root can mount a small disk")
	}
	data := t.TempDir()
	if text, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", data).CombinedOutput(); err != nil {
		t.Skipf("no small disk can be mounted here: %s", text)
	}
	t.Cleanup(func() { _ = exec.Command("umount", data).Run() })
	r := start(t, data, "--memory", "300MB", "--max-disk", "1GB")
	p := picture(t, 64, 48, 1)
	submit := func() answer {
		got, err := do(t.Context(), client(20*time.Second), "POST", r.url+"/v1/jobs?fast=true&name=a.png", bytes.NewReader(p), nil)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	if got := submit(); got.status != http.StatusAccepted {
		t.Fatalf("before: %d %s", got.status, got.body)
	}
	filler := filepath.Join(data, "filler")
	_ = os.WriteFile(filler, make([]byte, 64<<20), 0o600) // as much as there is
	for range 5 {
		if got := submit(); got.status != http.StatusServiceUnavailable || got.header.Get("Retry-After") == "" {
			t.Errorf("with a full disk: %d %s", got.status, got.body)
		}
	}
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(30 * time.Second)
	got := submit()
	for ; got.status != http.StatusAccepted && time.Now().Before(deadline); got = submit() {
		time.Sleep(200 * time.Millisecond)
	}
	if got.status != http.StatusAccepted {
		t.Fatalf("after: %d %s", got.status, got.body)
	}
	for {
		states := map[string]int{}
		for _, j := range r.jobs("") {
			states[j.State]++
		}
		if states["done"] == 2 && len(states) == 1 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("jobs: %v\n%s", states, r.log.String())
		}
		time.Sleep(100 * time.Millisecond)
	}
}
