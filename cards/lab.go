package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/klauspost/cpuid/v2"
)

// lab measures subjects and keeps what it finds.
type lab struct {
	*command
	data    string // the folder of records
	version string
	kernel  string
	threads int
}

func newLab(ctx context.Context, c *command) (*lab, error) {
	l := &lab{command: c, data: filepath.Join(c.docs, "cards", "data"), version: "unknown"}
	out, err := exec.CommandContext(ctx, c.program, "version", "--json").Output()
	if err != nil {
		return nil, fmt.Errorf("%s: %w; build it (make build) or name it by -classsr", c.program, err)
	}
	v := struct {
		Version, Kernel string
		Threads         int
	}{}
	if err := json.Unmarshal(out, &v); err != nil {
		return nil, fmt.Errorf("%s version --json: %w", c.program, err)
	}
	l.version, l.kernel, l.threads = v.Version, v.Kernel, v.Threads
	if commit, err := exec.CommandContext(ctx, "git", "describe", "--always", "--dirty", "--abbrev=10").Output(); err == nil {
		l.version += " " + strings.TrimSpace(string(commit))
	}
	return l, nil
}

// measure runs what is missing of a subject, and saves its record after each run.
func (l *lab) measure(ctx context.Context, s *subject) error {
	rec, err := load(filepath.Join(l.data, s.name+".json"))
	if err != nil {
		return err
	}
	if rec.Weights != s.weights {
		rec.Runs, rec.Crops = nil, ""
	}
	rec.Weights, rec.Info = s.weights, s.info
	for _, set := range testSets() {
		if !l.wanted(set.id) {
			continue
		}
		for _, way := range s.ways(set) {
			if rec.index(set.id, way) >= 0 && !l.again {
				continue
			}
			x, err := l.one(ctx, s, set, way)
			if err != nil {
				return err
			}
			if err := rec.put(x); err != nil {
				return err
			}
			if err := rec.save(l.data); err != nil {
				return err
			}
		}
	}
	if s.weights == "" || rec.Crops == s.weights && !l.again {
		return nil
	}
	if err := l.crops(ctx, s); err != nil {
		return err
	}
	rec.Crops = s.weights
	return rec.save(l.data)
}

// one measures a subject on a set in one way.
func (l *lab) one(ctx context.Context, s *subject, set *testSet, way string) (run, error) {
	hr, lr, err := l.folders(ctx, set, s.scale)
	if err != nil {
		return run{}, err
	}
	x := run{
		Set: set.id, Way: way, Date: time.Now().UTC().Format(time.DateOnly), Version: l.version,
		CPU: cpuid.CPU.BrandName, Kernel: l.kernel, Threads: l.threads,
	}
	args := []string{"eval", "--json", "--hr", hr}
	if lr != "" {
		args = append(args, "--lr", lr)
	}
	fmt.Fprintf(os.Stderr, "%s %s %s\n", s.name, set.id, way)
	if s.model == "" {
		x.Command = fmt.Sprintf("Lanczos filter (a = 3), 8 bits, x%d", s.scale)
		x.Kernel, x.Threads = "", 0
		out, err := measureLanczos(ctx, s, hr, lr)
		x.Output = rounded(string(out))
		return x, err
	}
	args = append(args, s.flags(way)...)
	cmd := exec.CommandContext(ctx, l.program, args...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return run{}, fmt.Errorf("%s %s: %w", l.program, strings.Join(args, " "), err)
	}
	x.Output = rounded(l.portable(s, string(bytes.TrimSpace(out))))
	x.Command = l.portable(s, "classsr "+strings.Join(args, " "))
	return x, nil
}

// long matches numbers with more than five digits after the point, as values in JSON.
var long = regexp.MustCompile(`:-?\d+\.\d{6,}[,}\]]`)

// rounded shortens such numbers, which nobody reads.
func rounded(text string) json.RawMessage {
	return long.ReplaceAllFunc([]byte(text), func(match []byte) []byte {
		last := len(match) - 1
		v, err := strconv.ParseFloat(string(match[1:last]), 64)
		if err != nil {
			return match
		}
		return append(strconv.AppendFloat([]byte{':'}, math.Round(v*1e5)/1e5, 'f', -1, 64), match[last])
	})
}

// portable takes the folders of this machine out of what is kept.
func (l *lab) portable(s *subject, text string) string {
	text = strings.ReplaceAll(text, l.shared, "$CLASSSR_SHARED")
	if s.model != s.name { // a path
		text = strings.ReplaceAll(text, s.model, filepath.Base(s.model))
	}
	return text
}
