package main

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"classsr/imageio"
	"classsr/picture"
)

// makePictures makes so many small pictures in subfolders of a hundred.
func makePictures(t *testing.T, folder string, count int) {
	t.Helper()
	for i := range count {
		p := picture.New(24, 16, 3, false, 8)
		for k := range p.Pix8 {
			p.Pix8[k] = byte(k*(i%251+3) + i)
		}
		name := filepath.Join(folder, fmt.Sprintf("%03d", i/100), fmt.Sprintf("img%d.png", i))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if err := imageio.Encode(&b, p, imageio.PNG, imageio.EncodeOptions{}); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// contents gives the checksums of all files below a folder, but for the journal, by their paths below it.
func contents(t *testing.T, folder string) map[string][32]byte {
	t.Helper()
	all := map[string][32]byte{}
	err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Name() == ".classsr-journal" {
			return err
		}
		if runtime.GOOS == "windows" && strings.HasSuffix(path, ".partial") {
			return nil // of the run that was killed: there it goes away when it has lain for a minute
		}
		data, err := os.ReadFile(path)
		all[strings.TrimPrefix(path, folder)] = sha256.Sum256(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func upscaleFolder(in, out string) *exec.Cmd {
	return exec.Command("classsr", "upscale", "--fast", "-r", "--json", "-o", out, in)
}

// objects counts the lines that a run printed: one for each picture and the summary. It gives the pictures that were enlarged.
func objects(t *testing.T, out []byte) (enlarged []string) {
	t.Helper()
	for line := range strings.Lines(string(out)) {
		if strings.Contains(line, `"out_width"`) {
			enlarged = append(enlarged, line[:strings.Index(line, `,"output"`)])
		}
	}
	return enlarged
}

// A run over thousands of pictures that is killed again and again enlarges each picture once (the one that it was killed at, perhaps twice),
// and the results are those of a run that was left alone.
func TestARunThatIsKilledGoesOn(t *testing.T) {
	count, kills := 120, 2
	if n, err := strconv.Atoi(os.Getenv("CLASSSR_PICTURES")); err == nil { // as make check-full has it
		count, kills = n, 5
	}
	folder := t.TempDir()
	in, whole, killed := filepath.Join(folder, "in"), filepath.Join(folder, "whole"), filepath.Join(folder, "killed")
	makePictures(t, in, count)
	start := time.Now()
	if out, err := upscaleFolder(in, whole).Output(); err != nil || len(objects(t, out)) != count {
		t.Fatalf("%v: %d pictures", err, len(objects(t, out)))
	}
	took := time.Since(start)
	times := map[string]int{}
	random := rand.New(rand.NewPCG(1, 2))
	for range kills {
		cmd := upscaleFolder(in, killed)
		var out bytes.Buffer
		cmd.Stdout = &out
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(random.Float64() * float64(took) / float64(kills)))
		_ = cmd.Process.Kill() // it may be done
		_ = cmd.Wait()
		for _, name := range objects(t, out.Bytes()) {
			times[name]++
		}
		t.Logf("killed when %d of %d pictures were done", len(times), count)
	}
	out, err := upscaleFolder(in, killed).Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range objects(t, out) {
		times[name]++
	}
	again := 0
	for _, n := range times {
		again += n - 1
	}
	// A result that was there when the run was killed may not have been told of.
	if len(times) < count-kills || len(times) > count || again > 0 {
		t.Errorf("%d pictures of %d were enlarged, %d of them again", len(times), count, again)
	}
	got, want := contents(t, killed), contents(t, whole)
	if len(got) != count || len(want) != count {
		t.Errorf("there are %d files, and %d of the run that was left alone; want %d", len(got), len(want), count)
	}
	for path, sum := range want {
		if got[path] != sum {
			t.Errorf("%s is missing or another", path)
		}
		if _, err := imageio.DecodeFile(filepath.Join(killed, path), imageio.Limits{}); err != nil {
			t.Error(err)
		}
	}
}
