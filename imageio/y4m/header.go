package y4m

import (
	"fmt"
	"strconv"
	"strings"

	"classsr/fault"
)

// Header says what all frames of a stream are.
type Header struct {
	Width, Height int // pixels, 1 to 65535
	// Rate is the number of frames a second and Aspect the shape of a pixel, width over height, as fractions; 0:0 where a stream does not say.
	Rate, Aspect Ratio
	Format       Format
	// Full says that samples take all their values (pc): black is 0 and white the highest one. Else black is 16 and white 235 (tv), of 8 bits. Where
	// a stream does not say, gray is full and all else is not, as ffmpeg has it.
	Full bool
}

// Ratio is a fraction; 0:0 is unknown.
type Ratio struct{ Num, Den int }

// Value is the fraction as a number; 0 if it is unknown.
func (r Ratio) Value() float64 {
	if r.Den == 0 {
		return 0
	}
	return float64(r.Num) / float64(r.Den)
}

// Format says which samples a frame has.
type Format struct {
	Depth int // bits, 8 or 10
	// Across and Down are how many pixels share a sample of chroma beside and below each other, 1 or 2; 0 if there is no chroma (gray).
	Across, Down int
	Siting       Siting
}

// Siting is where samples of chroma lie that several pixels share.
type Siting string

// Sitings, by the names that streams have for them. Center lies in the middle of four pixels (JPEG, MPEG-1), Left between two that lie on top of each
// other (MPEG-2, H.264), TopLeft on the upper left one of four (DV in PAL, nearly). Chroma of 4:2:2 lies on the left pixel of two.
const (
	Center  Siting = "jpeg"
	Left    Siting = "mpeg2"
	TopLeft Siting = "paldv"
)

// formats are those that are known, by the names that streams have for them.
var formats = map[string]Format{
	"420": {8, 2, 2, Center}, "420jpeg": {8, 2, 2, Center}, "420mpeg2": {8, 2, 2, Left}, "420paldv": {8, 2, 2, TopLeft},
	"422": {8, 2, 1, Left}, "444": {8, 1, 1, ""}, "mono": {8, 0, 0, ""},
	"420p10": {10, 2, 2, Left}, "422p10": {10, 2, 1, Left}, "444p10": {10, 1, 1, ""}, "mono10": {10, 0, 0, ""},
}

// name is the name of a format in streams.
func (f Format) name() string {
	if f.Depth == 8 && f.Across == 2 && f.Down == 2 {
		return "420" + string(f.Siting)
	}
	for name, known := range formats {
		if known == f {
			return name
		}
	}
	panic("y4m: a format that has no name")
}

// Plane is the size of plane i of a frame: 0 is luma, 1 and 2 are chroma (blue and red).
func (h Header) Plane(i int) (width, height int) {
	if i == 0 {
		return h.Width, h.Height
	}
	f := h.Format
	return (h.Width + f.Across - 1) / f.Across, (h.Height + f.Down - 1) / f.Down
}

// Planes is how many planes a frame has, 1 or 3.
func (h Header) Planes() int {
	if h.Format.Across == 0 {
		return 1
	}
	return 3
}

// samples is how many samples a frame has in all planes.
func (h Header) samples() int {
	sum := 0
	for i := range h.Planes() {
		w, high := h.Plane(i)
		sum += w * high
	}
	return sum
}

// Bytes is what a frame takes in the stream, and in memory.
func (h Header) Bytes() int64 { return int64(h.samples()) * int64((h.Format.Depth+7)/8) }

// magic is what streams begin with.
const magic = "YUV4MPEG2"

// howMade tells who has another video how to make a stream of it.
const howMade = "make one with ffmpeg -i FILE -f yuv4mpegpipe -, through a pipe, or ffmpeg -i FILE clip.y4m"

// Recognise tells whether a file that begins so is a stream of this kind.
func Recognise(first []byte) bool { return strings.HasPrefix(string(first), magic+" ") }

// parse reads the first line of a stream.
func parse(line string) (h Header, err error) {
	fields := strings.Split(line, " ")
	if fields[0] != magic {
		return h, fault.New(fault.Unsupported, "not a y4m stream: it does not begin with %s; %s", magic, howMade)
	}
	h.Format = formats["420"]
	standard, extended, ranged := "", "", ""
	for _, field := range fields[1:] {
		if field == "" {
			continue
		}
		value := field[1:]
		switch field[0] {
		case 'W':
			h.Width, err = side(value)
		case 'H':
			h.Height, err = side(value)
		case 'F':
			h.Rate, err = ratio(value)
		case 'A':
			h.Aspect, err = ratio(value)
		case 'I':
			err = checkInterlacing(value)
		case 'C':
			standard = value
		case 'X':
			if name, is := strings.CutPrefix(value, "YSCSS="); is {
				extended = strings.ToLower(name)
			}
			if name, is := strings.CutPrefix(value, "COLORRANGE="); is {
				ranged = name
			}
		}
		if err != nil {
			return h, err
		}
	}
	if h.Width == 0 || h.Height == 0 {
		return h, fault.New(fault.Damaged, "damaged y4m: its first line gives no size")
	}
	if standard == "" {
		standard = extended
	}
	if f, known := formats[standard]; known {
		h.Format = f
	} else if standard != "" {
		return h, fault.New(fault.Unsupported, "a y4m of the kind C%s: there are 4:2:0, 4:2:2 and 4:4:4 of 8 and 10 bits, and gray; with ffmpeg, add -pix_fmt yuv420p", standard)
	}
	h.Full = ranged == "FULL" || ranged == "" && h.Planes() == 1
	return h, nil
}

// longestSide bounds the sides of frames.
const longestSide = 1<<16 - 1

func side(text string) (int, error) {
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > longestSide {
		return 0, fault.New(fault.Damaged, "damaged y4m: a side of %q pixels", text)
	}
	return n, nil
}

func ratio(text string) (r Ratio, err error) {
	num, den, ok := strings.Cut(text, ":")
	if r.Num, err = strconv.Atoi(num); err == nil && ok {
		r.Den, err = strconv.Atoi(den)
	}
	if err != nil || !ok || r.Num < 0 || r.Den < 0 {
		return Ratio{}, fault.New(fault.Damaged, "damaged y4m: %q is no fraction", text)
	}
	if r.Num == 0 || r.Den == 0 {
		return Ratio{}, nil
	}
	return r, nil
}

func checkInterlacing(value string) error {
	switch value {
	case "p", "?", "":
		return nil
	case "t", "b", "m":
		return fault.New(fault.Unsupported, "the video is interlaced: each frame holds two half pictures of different moments; make whole frames of them first, with ffmpeg -vf bwdif")
	}
	return fault.New(fault.Damaged, "damaged y4m: interlacing %q", value)
}

// line is the first line of a stream.
func (h Header) line() string {
	text := fmt.Sprintf("%s W%d H%d F%d:%d Ip A%d:%d C%s", magic, h.Width, h.Height, h.Rate.Num, h.Rate.Den, h.Aspect.Num, h.Aspect.Den, h.Format.name())
	if h.Format.Depth > 8 {
		text += " XYSCSS=" + strings.ToUpper(h.Format.name())
	}
	if h.Full {
		return text + " XCOLORRANGE=FULL\n"
	}
	return text + " XCOLORRANGE=LIMITED\n"
}
