package ncnn

import (
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"classsr/fault"
	"classsr/nn"
	"classsr/tensor"
)

// network is a text of these layers after an input of three channels.
func network(layers ...string) string {
	return fmt.Sprintf("7767517\n%d 9\nInput in 0 1 x\n%s", len(layers)+1, strings.Join(layers, "\n"))
}

// numbers is a mark, if it is not negative, and these numbers in float32.
func numbers(mark int64, count int) []byte {
	var b []byte
	if mark >= 0 {
		b = binary.LittleEndian.AppendUint32(b, uint32(mark))
	}
	for i := range count {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(float32(i)))
	}
	return b
}

func TestLayersAndWeights(t *testing.T) {
	text := network(
		"Convolution c 1 1 x a 0=2 1=1 5=1 6=6 9=1",
		"ConvolutionDepthWise d 1 1 a b 0=2 1=1 6=2 7=2",
		"PReLU p 1 1 b c 0=1",
		"BinaryOp m 2 1 c a d 0=2",
		"Concat j 2 1 d a e -23330=4,3,9,9,3 31=1",
		"PixelShuffle s 1 1 e f 0=2\r",
	)
	weights := slices.Concat(numbers(0, 6), numbers(-1, 2), []byte{0x47, 0x6b, 0x30, 0x01, 0, 0x3c, 1, 0}, numbers(-1, 1))
	n, err := readText(text, weights)
	if err != nil {
		t.Fatal(err)
	}
	wantOps := []nn.Op{
		nn.Conv{In: 3, Out: 2, Kernel: 1}, nn.ReLU{}, nn.Conv{In: 2, Out: 2, Kernel: 1, Groups: 2, NoBias: true}, nn.PReLU{Slopes: 1},
		nn.Mul{}, nn.Concat{}, nn.PixelShuffle{Factor: 2},
	}
	wantInputs := [][]nn.Value{{0}, {1}, {2}, {3}, {4, 2}, {5, 2}, {6}}
	wantParams := [][]tensor.Array{
		{{Dims: []int{2, 3, 1, 1}, Data: []float32{0, 1, 2, 3, 4, 5}}, {Dims: []int{2}, Data: []float32{0, 1}}},
		2: {{Dims: []int{2, 1, 1, 1}, Data: []float32{1, 1.0 / (1 << 24)}}}, 3: {{Dims: []int{1}, Data: []float32{0}}}, 6: nil,
	}
	for i, l := range n.Layers {
		if l.Op != wantOps[i] || !slices.Equal(l.Inputs, wantInputs[i]) {
			t.Errorf("layer %d is %+v of %v, want %+v of %v", i, l.Op, l.Inputs, wantOps[i], wantInputs[i])
		}
		if fmt.Sprint(l.Params) != fmt.Sprint(wantParams[i]) {
			t.Errorf("layer %d has %v, want %v", i, l.Params, wantParams[i])
		}
	}
	if l := n.Layers[1]; len(n.Layers) != len(wantOps) || l.Name != "c" || l.Line != 4 {
		t.Errorf("%d layers, the second is %q of line %d", len(n.Layers), l.Name, l.Line)
	}
}

func TestRefusedTexts(t *testing.T) {
	conv := "Convolution c 1 1 x y 0=1 1=1 6=3"
	for _, c := range []struct {
		text, want string
		kind       fault.Kind
	}{
		{"", "line 1: it does not begin with 7767517", fault.Unsupported},
		{"7767516\n0 0", "line 1: it does not begin", fault.Unsupported},
		{"\xdd\x85\x76\x00", "binary form", fault.Unsupported},
		{"7767517", "line 2", fault.Damaged},
		{"7767517\nx 1", `line 2: "x" is no number of layers`, fault.Damaged},
		{"7767517\n2 1\nInput in 0 1 x", "announces 2 layers, but 1 follow", fault.Damaged},
		{"7767517\n0 0", "no layer that computes something", fault.Damaged},
		{network(), "no layer that computes something", fault.Damaged},
		{network("Convolution c 1"), "line 4: a layer has a kind", fault.Damaged},
		{network("Convolution c 1 9 x y"), "does not name the inputs and outputs", fault.Damaged},
		{network("Convolution c -1 1 x y"), "does not name the inputs and outputs", fault.Damaged},
		{network("Convolution c 9223372036854775807 1 x y"), "does not name the inputs and outputs", fault.Damaged},
		{network("Convolution c 1 1 x y 0"), `"0" is no setting`, fault.Damaged},
		{network("Convolution c 1 1 x y 32=1"), "there is no setting 32", fault.Damaged},
		{network("Convolution c 1 1 x y -5=1"), "there is no setting -5", fault.Damaged},
		{network("Convolution c 1 1 x y 0=1 0=1"), "setting 0 is there twice", fault.Damaged},
		{network("Convolution c 1 1 x y -23310=2,1"), "does not have the length", fault.Damaged},
		{network("Convolution c 1 1 x y 0=one"), `setting 0 is "one"`, fault.Damaged},
		{network("Convolution c 1 1 x y 0=1e99999 1=1 6=3"), "not a whole number", fault.Damaged},
		{network("ReLU r 1 1 x y 0=nan"), "not a number", fault.Damaged},
		{network("Convolution c 1 1 z y"), `input "z" is made by no layer before it`, fault.Damaged},
		{network("Convolution c 1 1 x x 0=1 1=1 6=3"), `output "x" is made by another layer`, fault.Damaged},
		{network("MemoryData m 0 1 y 0=3"), "layers of this kind are not read", fault.Unsupported},
		{network("BatchNorm m 1 1 x y 0=3"), "layers of this kind are not read", fault.Unsupported},
		{network("Input i 0 1 y"), "second input", fault.Unsupported},
		{strings.Replace(network(conv), "0 1 x", "0 1 x 2=1", 1), "setting 2 is 1, and only 3 is read", fault.Unsupported},
		{network(conv + " 19=1"), "setting 19 is 1, and only 0", fault.Unsupported},
		{network(conv + " 8=1"), "setting 8 is 1", fault.Unsupported},
		{network(conv + " 20=1"), `setting 20="1" is not known for a Convolution`, fault.Unsupported},
		{network(conv + " 7=3"), `setting 7="3" is not known`, fault.Unsupported},
		{network(conv + " 3=2"), "setting 3 is 2, and only 1 is read", fault.Unsupported},
		{network(conv + " 2=2"), "setting 2 is 2", fault.Unsupported},
		{network(conv + " 11=3"), "setting 11 is 3, and only 1", fault.Unsupported},
		{network(conv + " 4=1"), "change the size", fault.Unsupported},
		{network(conv + " 9=3 -23310=2,0,6"), "activation 3", fault.Unsupported},
		{network(conv + " 9=2"), "activation 2", fault.Unsupported},
		{network(conv + " 5=7"), "setting 5 (bias) is 7", fault.Damaged},
		{network("Convolution c 1 1 x y 0=1 1=1 6=4"), "it has 4 weights", fault.Damaged},
		{network("Convolution c 1 1 x y 0=2147483647 1=31 6=3"), "there is no convolution", fault.Damaged},
		{network("Convolution c 1 1 x y 0=1 1=0 6=0"), "there is no convolution", fault.Damaged},
		{network("ConvolutionDepthWise c 1 1 x y 0=3 1=1 6=9 7=2"), "there is no convolution", fault.Damaged},
		{network("ConvolutionDepthWise c 1 1 x y 0=3 1=1 6=9 7=0"), "there is no convolution", fault.Damaged},
		{network("Convolution c 2 1 x x y 0=1 1=1 6=3"), "it has 2 inputs", fault.Unsupported},
		{network("Convolution c 1 2 x y z 0=1 1=1 6=3"), "it has 2 outputs", fault.Unsupported},
		{network("Concat c 0 1 y"), "it has 0 inputs", fault.Unsupported},
		{network("PReLU p 1 1 x y 0=4"), "4 slopes for 3 channels", fault.Damaged},
		{network("Interp i 1 1 x y 0=2 1=2.0 2=2.0"), "method 2", fault.Unsupported},
		{network("Interp i 1 1 x y 0=3 1=0.5 2=0.5"), "0.5 times", fault.Unsupported},
		{network("Interp i 1 1 x y 0=1 1=2.0 2=3.0"), "2 times in height and 3 in width", fault.Unsupported},
		{network("Interp i 1 1 x y 0=1 1=2.5 2=2.5"), "2.5 times", fault.Unsupported},
		{network("Interp i 1 1 x y 0=1 1=1e30 2=1e30"), "1e+30 times", fault.Unsupported},
		{network("Interp i 1 1 x y 0=1 1=-1 2=-1"), "-1 times", fault.Unsupported},
		{network("Interp i 1 1 x y 0=1 1=2 2=2 4=10"), "setting 4 is 10", fault.Unsupported},
		{network("PixelShuffle s 1 1 x y 0=2"), "squares of 2 pixels a side of 3 channels", fault.Damaged},
		{network("PixelShuffle s 1 1 x y 0=0"), "factor of 0", fault.Unsupported},
		{network("PixelShuffle s 1 1 x y 0=1 1=1"), "setting 1 is 1", fault.Unsupported},
		{network("Reorg a 1 1 x y 0=16", "Reorg b 1 1 y z 0=16"), "more than 16384", fault.TooLarge},
		{network("Interp a 1 1 x y 0=1 1=16 2=16", "Interp b 1 1 y z 0=1 1=16 2=16", "Interp c 1 1 z w 0=1 1=2 2=2"), "512/1", fault.TooLarge},
		{network("BinaryOp b 1 1 x y 0=0 1=1 2=1.0"), "operation 0 of 1 values", fault.Unsupported},
		{network("BinaryOp b 2 1 x x y 0=1"), "operation 1 of 2 values", fault.Unsupported},
		{network("BinaryOp b 2 1 x x y 0=2 1=1"), "operation 2 of 2 values (number: 1)", fault.Unsupported},
		{network("Interp i 1 1 x y 0=1 1=2 2=2", "BinaryOp b 2 1 x y z"), "its inputs differ", fault.Unsupported},
		{network(conv, "BinaryOp b 2 1 x y z"), "", fault.Damaged}, // no weights
		{network("Eltwise e 2 1 x x y 0=2"), "operation 2 with 0 coefficients", fault.Unsupported},
		{network("Eltwise e 2 1 x x y 0=1 -23301=1,2.0"), "operation 1 with 1 coefficients", fault.Unsupported},
		{network("Concat c 2 1 x x y 0=1"), "setting 0 is 1", fault.Unsupported},
		{network("ReLU a 1 1 x y", "ReLU b 1 1 x z"), "both line 4 and line 5", fault.Unsupported},
	} {
		n, err := readText(c.text, nil)
		if err == nil || !strings.Contains(err.Error(), c.want) || fault.KindOf(err) != c.kind {
			t.Errorf("%q\ngives %v and error %v of kind %s,\nwant one of kind %s with %q", c.text, n, err, fault.KindOf(err), c.kind, c.want)
		}
	}
}

func TestRefusedWeights(t *testing.T) {
	text := network("Convolution c 1 1 x y 0=2 1=1 5=1 6=6")
	whole := slices.Concat(numbers(0, 6), numbers(-1, 2))
	if _, err := readText(text, whole); err != nil {
		t.Fatal(err)
	}
	for length := range whole {
		if _, err := readText(text, whole[:length]); fault.KindOf(err) != fault.Damaged || !strings.Contains(err.Error(), ".bin, byte") {
			t.Errorf("%d bytes: error %v", length, err)
		}
	}
	for _, c := range []struct {
		weights []byte
		want    string
		kind    fault.Kind
	}{
		{append(slices.Clone(whole), 0), ".bin has 1 bytes more", fault.Damaged},
		{numbers(markInt8, 20), "int8", fault.Unsupported},
		{numbers(1, 300), "mark 0x00000001", fault.Unsupported},
		{numbers(markScaled, 8), "int8", fault.Unsupported},
	} {
		_, err := readText(text, c.weights)
		if err == nil || !strings.Contains(err.Error(), c.want) || fault.KindOf(err) != c.kind {
			t.Errorf("error %v of kind %s, want one of kind %s with %q", err, fault.KindOf(err), c.kind, c.want)
		}
	}
}

// Reading asks for no more memory than a multiple of the files, whatever they announce.
func TestMemoryIsThatOfTheFiles(t *testing.T) {
	for name, text := range map[string]string{
		"a large convolution": network("Convolution c 1 1 x y 0=16384 1=31 4=15 6=47235072"),
		"many layers":         network(slices.Repeat([]string{"A b 0 0"}, 100000)...),
		"many words":          network("Split s 1 99999 x " + strings.Repeat("y ", 99999)),
		"long lists":          network("ReLU s 1 1 x y -23301=99999" + strings.Repeat(",1", 99999)),
		"long name":           network(strings.Repeat("A", 500000) + " s 1 1 x y"),
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := readText(text, nil)
		runtime.ReadMemStats(&after)
		if used := after.TotalAlloc - before.TotalAlloc; err == nil || len(err.Error()) > 1000 || used > fair(len(text)) {
			t.Errorf("%s: %d bytes for a text of %d, error %.1000s", name, used, len(text), err)
		}
	}
}

// fair is how many bytes reading files of this size together may allocate.
func fair(size int) uint64 { return 1<<20 + 100*uint64(size) }

func TestFiles(t *testing.T) {
	text, weights := network("Convolution c 1 1 x y 0=2 1=1 5=1 6=6"), slices.Concat(numbers(0, 6), numbers(-1, 2))
	dir := t.TempDir()
	param, bin := filepath.Join(dir, "a.param"), filepath.Join(dir, "a.bin")
	check := func(want string, kind fault.Kind) {
		t.Helper()
		for _, path := range []string{param, bin} {
			_, err := ReadFile(path)
			if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want) || fault.KindOf(err) != kind) {
				t.Errorf("%s: error %v of kind %s, want %q of kind %s", path, err, fault.KindOf(err), want, kind)
			}
		}
	}
	check("a.param is missing: put it beside a.bin", fault.NotFound)
	write(t, param, []byte(text))
	check("a.bin is missing: put it beside a.param", fault.NotFound)
	write(t, bin, weights)
	check("", "")
	write(t, bin, weights[:9])
	check(`a.bin, byte 4: it ends here or before, where 24 bytes of weights should begin`, fault.Damaged)
	check(`("Convolution" "c", line 4 of a.param)`, fault.Damaged)
	write(t, param, []byte(text[:30]))
	check(`a.param, line 4`, fault.Damaged)
	write(t, param, make([]byte, maxText+1))
	check("larger than", fault.TooLarge)
	if err := os.Remove(bin); err != nil {
		t.Fatal(err)
	}
	write(t, param, []byte(text))
	if err := os.Mkdir(bin, 0o700); err != nil {
		t.Fatal(err)
	}
	check("folder", fault.Unsupported)
}

func write(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}
