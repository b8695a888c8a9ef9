package soak

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// picture is a PNG of stripes and noise, other ones for other numbers.
func picture(t *testing.T, w, h, number int) []byte {
	t.Helper()
	r := rand.New(rand.NewPCG(uint64(number), 1))
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			m.SetRGBA(x, y, color.RGBA{uint8((x*number + y) & 255), uint8((x + y*2) & 255), uint8(r.IntN(32) * 8), 255})
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// A server that is killed again and again under load does every job that it accepted, once, with the bytes that the command gives, and leaves no file that nobody
// knows.
func TestKilled(t *testing.T) {
	times := load(1, 5, 20)
	const perLife = 6
	data := t.TempDir()
	random := rand.New(rand.NewPCG(3, uint64(time.Now().UnixNano())))
	pictures := [][]byte{picture(t, 90, 60, 1), picture(t, 61, 40, 2), picture(t, 200, 150, 3)}
	var want []string
	for _, p := range pictures {
		sum := sha256.Sum256(enlarged(t, p, "--fast"))
		want = append(want, hex.EncodeToString(sum[:]))
	}
	accepted := map[string]int{} // job: which picture
	for life := range times {
		r := start(t, data, "--memory", "300MB")
		for range perLife {
			n := random.IntN(len(pictures))
			got, err := do(t.Context(), client(10*time.Second), "POST", r.url+"/v1/jobs?fast=true&name=p.png", bytes.NewReader(pictures[n]), nil)
			if err != nil || got.status != http.StatusAccepted {
				t.Fatalf("life %d: %d %s %v\n%s", life, got.status, got.body, err, r.log.String())
			}
			var j job
			if err := json.Unmarshal(got.body, &j); err != nil {
				t.Fatal(err)
			}
			accepted[j.ID] = n
		}
		time.Sleep(time.Duration(random.IntN(400)) * time.Millisecond)
		r.kill()
	}
	r := start(t, data, "--memory", "300MB")
	deadline := time.Now().Add(time.Duration(30+2*times) * time.Second)
	for {
		jobs, waiting := r.jobs(""), 0
		for id, n := range accepted {
			j, there := jobs[id]
			switch {
			case !there:
				t.Fatalf("job %s was accepted and is lost", id)
			case j.State == "failed" || j.State == "cancelled":
				t.Fatalf("job %s: %s, %+v", id, j.State, j.Error)
			case j.State != "done":
				waiting++
			case j.Result.SHA256 != want[n]:
				t.Fatalf("job %s has other bytes than the command gives", id)
			}
		}
		if len(jobs) != len(accepted) {
			t.Fatalf("%d jobs, %d were accepted", len(jobs), len(accepted))
		}
		if waiting == 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d jobs wait still\n%s", waiting, r.log.String())
		}
		time.Sleep(100 * time.Millisecond)
	}
	for id, n := range accepted {
		got, err := do(t.Context(), client(10*time.Second), "GET", r.url+"/v1/jobs/"+id+"/result", nil, nil)
		if sum := sha256.Sum256(got.body); err != nil || hex.EncodeToString(sum[:]) != want[n] {
			t.Fatalf("the result of %s: %d %v", id, got.status, err)
		}
	}
	if code := r.end(); code != 0 {
		t.Errorf("ended with %d\n%s", code, r.log.String())
	}
	checkFiles(t, data, accepted)
	if text := r.log.String(); strings.Contains(text, "panic") {
		t.Errorf("a panic:\n%s", text)
	}
}

// checkFiles demands that every file in a server's folder belongs to a job or to the server.
func checkFiles(t *testing.T, data string, accepted map[string]int) {
	t.Helper()
	err := filepath.WalkDir(data, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, _ := filepath.Rel(data, path)
		parts := strings.Split(filepath.ToSlash(name), "/")
		switch parts[0] {
		case "incoming":
			return fmt.Errorf("%s was left", name)
		case "results":
			id, _, _ := strings.Cut(parts[len(parts)-1], ".")
			if _, ok := accepted[id]; !ok {
				return fmt.Errorf("%s belongs to no job", name)
			}
		}
		if strings.Contains(name, "partial") {
			return fmt.Errorf("%s was left", name)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}
