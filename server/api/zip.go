package api

import (
	"archive/zip"
	"context"
	"fmt"
	"io"
	"os"
	"path"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"classsr/fault"
	"classsr/server/jobs"
	"classsr/server/problem"
)

// many is the input of GET /v1/jobs.zip.
type many struct {
	IDs []string `query:"id,explode" maxItems:"1000" doc:"jobs whose results are wanted; all that are done if there are none"`
}

// archive answers with the results of several jobs as one zip file, stored as they are, since pictures do not get smaller.
func (a *api) archive(ctx context.Context, in *many) (*huma.StreamResponse, error) {
	wanted, err := a.wanted(ctx, in.IDs)
	if err != nil {
		return nil, problem.Of(err)
	}
	return a.stream(func(x *exchange) error {
		h := x.w.Header()
		h.Set("Content-Type", "application/zip")
		h.Set("Content-Disposition", `attachment; filename="classsr.zip"`)
		z := zip.NewWriter(x.w)
		names := map[string]int{}
		for _, j := range wanted {
			if err := a.pack(z, j, entryName(names, downloadName(j))); err != nil {
				panic(fmt.Errorf("zip: %w", err)) // too late for an answer: the connection is closed
			}
		}
		return z.Close()
	})
}

// wanted gives the jobs whose results are asked for.
func (a *api) wanted(ctx context.Context, ids []string) (done []jobs.Job, err error) {
	for _, id := range ids {
		j, err := a.finished(ctx, id)
		if err != nil {
			return nil, err
		}
		done = append(done, j)
	}
	if len(ids) > 0 {
		return done, nil
	}
	const all = 1000
	found, err := a.Jobs.List(of(ctx).token.Name, "", all)
	if err != nil {
		return nil, err
	}
	for _, j := range found {
		if j.State == jobs.Done {
			done = append(done, j)
		}
	}
	if len(done) == 0 {
		return nil, fault.New(fault.NotFound, "no job is done")
	}
	return done, nil
}

func (a *api) pack(z *zip.Writer, j jobs.Job, name string) error {
	f, err := os.Open(a.Store.Result(j.ID, j.Ending))
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	to, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store, Modified: j.Ended})
	if err != nil {
		return err
	}
	_, err = io.Copy(to, f)
	return err
}

// entryName makes a name that no entry before has, in whatever case its letters are, and that is a file's on every system.
func entryName(names map[string]int, name string) string {
	name = strings.TrimLeft(strings.Map(func(r rune) rune {
		if strings.ContainsRune(`<>:"/\|?*`, r) {
			return '_'
		}
		return r
	}, name), " ")
	stem, ending := strings.TrimSuffix(name, path.Ext(name)), path.Ext(name)
	for {
		key := strings.ToLower(name)
		n := names[key]
		names[key]++
		if n == 0 {
			return name
		}
		name = fmt.Sprintf("%s (%d)%s", stem, n+1, ending)
	}
}
