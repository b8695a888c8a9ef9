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
	"slices"
	"strings"
	"sync"
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

// sent is a job that a client wants done: its picture, under a key of its own. id is empty as long as no server has said that it is accepted.
type sent struct {
	which   int
	key, id string
}

// submitting sends jobs one after the other, those that no server has accepted yet first, until the server is gone or most have been accepted, and gives them all.
func submitting(r *running, pictures [][]byte, client *http.Client, mine []*sent, most int, random *rand.Rand) ([]*sent, error) {
	for accepted := 0; accepted < most; accepted++ {
		i := slices.IndexFunc(mine, func(s *sent) bool { return s.id == "" })
		if i < 0 {
			i = len(mine)
			mine = append(mine, &sent{which: random.IntN(len(pictures)), key: fmt.Sprintf("%x", random.Uint64())})
		}
		s := mine[i]
		got, err := do(r.t.Context(), client, "POST", r.url+"/v1/jobs?fast=true&name=p.png", bytes.NewReader(pictures[s.which]), map[string]string{"Idempotency-Key": s.key})
		if err != nil { // it is killed
			return mine, nil
		}
		var j job
		if err := json.Unmarshal(got.body, &j); got.status != http.StatusAccepted || err != nil {
			return mine, fmt.Errorf("answered %d %s", got.status, got.body)
		}
		s.id = j.ID
	}
	return mine, nil
}

// A server that is killed at any time, while clients send it pictures and it works, again and again, does every job that it accepted once, with the bytes that the
// command gives, and leaves no file that nobody knows. Clients who do not know whether their job was accepted send it again under its key: it is done once, too.
func TestKilled(t *testing.T) {
	times := load(2, 5, 20)
	const clients, perLife = 4, 8
	data := t.TempDir()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(3, seed))
	pictures := [][]byte{picture(t, 90, 60, 1), picture(t, 61, 40, 2), picture(t, 200, 150, 3)}
	var want []string
	for _, p := range pictures {
		sum := sha256.Sum256(enlarged(t, p, "--fast"))
		want = append(want, hex.EncodeToString(sum[:]))
	}
	var all [clients][]*sent
	rounds := func(r *running, most int, kill time.Duration) {
		var working sync.WaitGroup
		for n := range clients {
			own := rand.New(rand.NewPCG(random.Uint64(), uint64(n)))
			working.Go(func() {
				var err error
				if all[n], err = submitting(r, pictures, client(10*time.Second), all[n], most, own); err != nil {
					t.Error(err)
				}
			})
		}
		if kill > 0 {
			time.Sleep(kill)
			r.kill()
		}
		working.Wait()
	}
	for range times {
		rounds(start(t, data, "--memory", "300MB"), perLife, time.Duration(1+random.IntN(700))*time.Millisecond)
	}
	r := start(t, data, "--memory", "300MB")
	rounds(r, 1, 0) // what was sent and not answered, or one more
	accepted := map[string]int{}
	for _, s := range slices.Concat(all[:]...) {
		if _, twice := accepted[s.id]; twice {
			t.Errorf("job %s stands for two", s.id)
		}
		accepted[s.id] = s.which
	}
	r.wait(accepted, want, time.Duration(60+5*times)*time.Second)
	for id, which := range accepted {
		got, err := do(t.Context(), client(10*time.Second), "GET", r.url+"/v1/jobs/"+id+"/result", nil, nil)
		if sum := sha256.Sum256(got.body); err != nil || hex.EncodeToString(sum[:]) != want[which] {
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
	t.Logf("killed %d times: %d jobs accepted, all done once", times, len(accepted))
}

// wait waits until the jobs that were accepted, of pictures by their numbers, are done, and demands that there are no others and that each has the bytes wanted.
func (r *running) wait(accepted map[string]int, want []string, patience time.Duration) {
	t := r.t
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		jobs, waiting := r.jobs(""), 0
		for id, which := range accepted {
			j, there := jobs[id]
			switch {
			case !there:
				t.Fatalf("job %s was accepted and is lost", id)
			case j.State == "failed" || j.State == "cancelled":
				t.Fatalf("job %s: %s, %+v", id, j.State, j.Error)
			case j.State != "done":
				waiting++
			case j.Result.SHA256 != want[which]:
				t.Fatalf("job %s has other bytes than the command gives", id)
			}
		}
		if len(jobs) != len(accepted) {
			t.Fatalf("%d jobs, %d were accepted", len(jobs), len(accepted))
		}
		if waiting == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d jobs wait still\n%s", waiting, r.log.String())
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// A server that is told to end while a job runs has it until its grace is over, which is no failure, and the next server does the job.
func TestEndsWithAJob(t *testing.T) {
	data := t.TempDir()
	want := sha256.Sum256(enlarged(t, picture(t, 480, 360, 5), "-m", "carn-x4"))
	r := start(t, data, "--memory", "400MB", "--grace", "1s")
	got, err := do(t.Context(), client(10*time.Second), "POST", r.url+"/v1/jobs?model=carn-x4&name=p.png", bytes.NewReader(picture(t, 480, 360, 5)), nil)
	var j job
	if err == nil {
		err = json.Unmarshal(got.body, &j)
	}
	if err != nil || got.status != http.StatusAccepted {
		t.Fatalf("%d %s %v", got.status, got.body, err)
	}
	for r.jobs("")[j.ID].State == "queued" {
		time.Sleep(10 * time.Millisecond)
	}
	if code := r.end(); code != 0 {
		t.Errorf("ended with %d\n%s", code, r.log.String())
	}
	r = start(t, data, "--memory", "400MB")
	r.wait(map[string]int{j.ID: 0}, []string{hex.EncodeToString(want[:])}, time.Minute)
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
