package main

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// table writes the results as Markdown.
func (r *results) table(w io.Writer) error {
	t := &tables{Writer: bufio.NewWriter(w)}
	t.machine(r)
	t.networks(r.Networks)
	t.routed(r.Routed)
	t.files(r.Files)
	return t.Flush()
}

type tables struct{ *bufio.Writer }

// line writes a line. Flush tells of errors.
func (t *tables) line(format string, args ...any) { _, _ = fmt.Fprintf(t, format+"\n", args...) }

// row writes the cells of a row.
func (t *tables) row(cells ...string) { t.line("| %s |", strings.Join(cells, " | ")) }

// head writes the names of columns, of which the first few are texts.
func (t *tables) head(title string, texts int, columns ...string) {
	t.line("\n## %s\n", title)
	t.row(columns...)
	lines := make([]string, len(columns))
	for i := range lines {
		lines[i] = "---:"
		if i < texts {
			lines[i] = "---"
		}
	}
	t.row(lines...)
}

func (t *tables) machine(r *results) {
	m := r.Machine
	t.line("# A GPU beside PyTorch\n")
	t.line("- %s, %s, %d cores, kernels %s", m.System, m.CPU, m.Cores, m.Kernel)
	if d := m.Device; d != nil {
		t.line("- ours: %s (%s), driver %s, Vulkan %s, %d MB of memory, float16 %t", d.Name, d.Kind, d.Driver, d.API, d.Memory>>20, d.Half)
	}
	for _, card := range m.NVIDIA {
		t.line("- nvidia-smi (name, driver, memory, clock now and at most, memory's clock, power): %s", card)
	}
	if m.Torch != nil {
		t.line("- PyTorch %v on %v, CUDA %v, cuDNN %v", m.Torch["torch"], m.Torch["device"], m.Torch["cuda"], m.Torch["cudnn"])
	}
	for _, missing := range r.Missing {
		t.line("- missing: %s", missing)
	}
}

// number formats a number that is there if it is not 0.
func number(format string, v float64) string {
	if v == 0 {
		return "-"
	}
	return fmt.Sprintf(format, v)
}

func (t *tables) networks(all []network) {
	if len(all) == 0 {
		return
	}
	t.head("Networks", 4, "network", "picture", "ours", "PyTorch", "ours ms", "PyTorch ms", "ratio", "ours wall ms", "PyTorch wall ms", "ratio", "ours GMAC/s", "PyTorch GMAC/s",
		"ours MB", "PyTorch MB", "ratio", "from the processor", "dB", "from PyTorch", "bands")
	for _, n := range all {
		ours, torch := sideCells(n.Ours), sideCells(n.Torch)
		t.row(n.Net, n.Size, n.Precision, n.Peer, ours[0], torch[0], number("%.2f", n.DeviceRatio), ours[1], torch[1], number("%.2f", n.WallRatio), ours[2], torch[2],
			ours[3], torch[3], number("%.2f", n.MemoryRatio), n.OursFromCPU.largest(), n.OursFromCPU.decibels(), n.OursFromTorch.largest(), fmt.Sprint(n.Bands))
	}
	t.line("\nMilliseconds are medians: by the device's clock, without transfers; and wall, from planes in the processor's memory to pixels there. Ratios are ours over PyTorch's: below 1 ours is faster, or smaller.")
	t.line("Differences are the largest ones, as shares of the result's range; dB is the PSNR of all that was compared. What is wrong, or failed, has no speed:\n")
	for _, n := range all {
		for who, why := range map[string]string{"ours": n.OursFailed, "PyTorch": n.TorchFailed} {
			if why != "" {
				t.line("- %s: %s: %s", n.key(), who, why)
			}
		}
	}
}

// sideCells are milliseconds by the device's clock and in all, GMAC/s and memory.
func sideCells(s *side) [4]string {
	if s == nil {
		return [4]string{"-", "-", "-", "-"}
	}
	return [4]string{number("%.3f", s.Device.Median), number("%.3f", s.Wall.Median), number("%.4g", s.GMACPerS), number("%.0f", s.MemoryMB)}
}

func (a *apart) largest() string {
	if a == nil {
		return "-"
	}
	return fmt.Sprintf("%.1e", a.Max)
}

func (a *apart) decibels() string {
	if a == nil {
		return "-"
	}
	return fmt.Sprintf("%.0f", a.PSNR)
}

func (t *tables) routed(all []routed) {
	if len(all) == 0 {
		return
	}
	t.head("Routed and full, on the GPU", 3, "model", "picture", "precision", "routed ms", "full ms", "full/routed", "routed wall ms", "full wall ms", "full/routed", "choosing ms", "PSNR dB",
		"lost dB", "levels", "shares")
	for _, r := range all {
		if r.Failed != "" {
			t.row(r.Model, r.Size, r.Precision, "-", "-", "-", "-", "-", "-", "-", "-", "-", "-", r.Failed)
			continue
		}
		var shares []string
		for _, s := range r.Shares {
			shares = append(shares, fmt.Sprintf("%s %.0f %%", s.Name, 100*s.Share))
		}
		quality := []string{"-", "-", "-"}
		if r.PSNR > 0 {
			quality = []string{fmt.Sprintf("%.2f", r.PSNR), fmt.Sprintf("%.4f", r.PSNRLoss), fmt.Sprint(r.MaxLevel)}
		}
		cells := []string{
			r.Model, r.Size, r.Precision, number("%.3f", r.Routed.Device), number("%.3f", r.Full.Device), number("%.2f", r.DeviceRatio),
			number("%.2f", r.Routed.Wall), number("%.2f", r.Full.Wall), number("%.2f", r.WallRatio), number("%.2f", r.Routed.Route),
		}
		t.row(append(append(cells, quality...), strings.Join(shares, ", "))...)
	}
	t.line("\nMilliseconds by the device's clock have transfers in them; wall is choosing classes, networks and all around them, files aside. dB lost and levels are against the processor's result.")
}

func (t *tables) files(all []file) {
	if len(all) == 0 {
		return
	}
	t.head("From JPEG to JPEG, ms", 4, "model", "picture", "mode", "by", "process", "total", "decode", "choosing", "networks", "fill", "upload", "compute", "download", "check and paint",
		"encode", "MB", "GPU MB")
	for _, f := range all {
		if why := f.Failed + f.Because; why != "" {
			t.row(f.Model, f.Size, f.Mode, f.By, why)
			continue
		}
		cells := []string{f.Model, f.Size, f.Mode, f.By}
		for _, v := range []float64{f.Process, f.Total, f.Decode, f.Route, f.Network, f.Fill, f.Upload, f.Compute, f.Download, f.Paint, f.Encode, float64(f.PeakRSSMB), float64(f.DeviceMB)} {
			cells = append(cells, number("%.1f", v))
		}
		t.row(cells...)
	}
	t.line("\nProcess is the wall time of a process from its start to its end, total what it says itself. Fill to paint are sums over bands, of which two are under way at a time, and so are within networks;")
	t.line("encoding goes on beside networks, and encode is what is left then.")
}
