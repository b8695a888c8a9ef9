package pipeline

import (
	"classsr/imageio"
	"classsr/imageio/y4m"
	"classsr/imageio/yuv"
	"classsr/internal/regular"
	"classsr/picture"
)

// Y4M is what the format of videos is called where those of pictures have the names of package imageio.
const Y4M = "y4m"

// VideoHeader is Header for a video in a file: what becomes of its frames, by the lines of the file. MACs and Bytes are those of all frames. accept may refuse
// it by the form of a frame; matrix is as in a Video.
func (p *Pipeline) VideoHeader(path, name string, matrix yuv.Matrix, accept func(imageio.Config) error) (*Header, error) {
	f, err := regular.Open(path)
	if err != nil {
		return nil, readError(path, err)
	}
	defer func() { _ = f.Close() }() // it was read only
	info, err := f.Stat()
	if err != nil {
		return nil, readError(path, err)
	}
	c, err := y4m.Scan(f, info.Size())
	if err != nil {
		return nil, err
	}
	if accept != nil {
		if err := accept(imageio.Config{Config: formOf(c.Header), Format: Y4M}); err != nil {
			return nil, err
		}
	}
	m := &mover{Pipeline: p, video: Video{Matrix: matrix}, header: c.Header, result: &VideoResult{}}
	if err := m.prepare(name); err != nil {
		return nil, err
	}
	h := m.course.header(imageio.Config{Config: formOf(c.Header), Format: Y4M})
	h.Frames, h.Decided, h.Divides, h.Routes = c.Frames, c.Noted, false, false
	h.MACs *= int64(c.Frames)
	h.Bytes = m.into.StreamBytes(c.Frames)
	return h, nil
}

// formOf is the form of pictures that frames become.
func formOf(h y4m.Header) picture.Config { return yuv.New(h, yuv.BT709, 1).Config() }

// IsVideo tells whether a file is a video, by its first bytes. What cannot be read is none.
func IsVideo(path string) bool {
	f, err := regular.Open(path)
	if err != nil {
		return false
	}
	defer func() { _ = f.Close() }() // it was read only
	first := make([]byte, 16)
	n, _ := f.Read(first)
	return y4m.Recognise(first[:n])
}
