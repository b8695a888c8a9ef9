package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"classsr"
)

// subject is what is measured: a model, or an interpolation to compare it with.
type subject struct {
	name  string // of the record and the page
	model string // what -m takes; empty for Lanczos
	scale int
	info  classsr.Info
	// weights is the SHA-256 of the model's file as it would be written now.
	weights string
}

const lanczos = "lanczos"

// newSubject opens a model by its name or path.
func newSubject(nameOrPath string) (*subject, error) {
	m, err := classsr.Open(nameOrPath)
	if err != nil {
		return nil, err
	}
	sum := sha256.New()
	if err := m.Weights().Write(sum); err != nil {
		return nil, fmt.Errorf("%s: %w", nameOrPath, err)
	}
	s := &subject{name: nameOrPath, model: nameOrPath, info: m.Info(), weights: hex.EncodeToString(sum.Sum(nil))}
	if !slices.Contains(classsr.Names(), nameOrPath) {
		s.name = strings.TrimSuffix(filepath.Base(nameOrPath), filepath.Ext(nameOrPath))
	}
	s.scale = s.info.Scale
	s.info.Name = s.name // the path is of this machine
	return s, nil
}

// baselines are what models of a scale are compared with.
func baselines(scale int) []*subject {
	suffix := fmt.Sprintf("-x%d", scale)
	list := []*subject{
		{name: classsr.Bicubic + suffix, model: classsr.Bicubic, scale: scale},
		{name: lanczos + suffix, scale: scale},
	}
	if name := "carn-m" + suffix; slices.Contains(classsr.Names(), name) {
		if s, err := newSubject(name); err == nil { // a built-in model that cannot be read is reported by whoever measures it
			list = append(list, s)
		}
	}
	return list
}

// ways lists how the subject is measured on a set.
func (s *subject) ways(set *testSet) []string {
	if s.info.ClassModule == nil {
		return []string{wayFull}
	}
	ways := []string{wayRouted, wayFull}
	if set.branches {
		for k := range len(s.info.Classes) - 1 { // the last one is the full network
			ways = append(ways, fmt.Sprint(wayBranch, k+1))
		}
	}
	if set.paper {
		ways = append(ways, wayPaper)
	}
	if set.budgets {
		for b := 30; b <= 100; b += 10 {
			ways = append(ways, fmt.Sprint(wayBudget, b))
		}
	}
	return ways
}

// flags are those of eval for a way.
func (s *subject) flags(way string) []string {
	flags := []string{"-m", s.model}
	if s.model == classsr.Bicubic {
		flags = append(flags, "-s", fmt.Sprint(s.scale))
	}
	budget, isBudget := strings.CutPrefix(way, wayBudget)
	switch {
	case s.info.ClassModule == nil:
	case isBudget:
		flags = append(flags, "--budget", budget)
	case way == wayRouted:
		flags = append(flags, "--compare-full")
	default:
		flags = append(flags, "--mode", way)
	}
	return flags
}
