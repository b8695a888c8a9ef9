package main

// published is a network as others publish it, with PSNR (Y) at a scale.
type published struct {
	name   string
	scale  int
	kmacs  float64 // thousand multiply-accumulates an LR pixel, as plain convolutions
	set5   float64
	set14  float64
	source string
}

// publishedNetworks are weights that their authors publish, measured once with PyTorch 1.13 on the LR pictures of Set5 and Set14 that these pages
// use (for x2, on ones made by the same filter), by the same protocol: Y, a border of as many pixels as the scale removed.
var publishedNetworks = []published{
	{"FSRCNN (PCSR)", 4, 24.3, 30.69, 27.69, "3587jjh/PCSR, fsrcnn-x4, trained on DIV2K"},
	{"FSRCNN (ARM-Net)", 4, 24.3, 30.62, 27.66, "chenbong/ARM-Net, arm-fsrcnn, trained on DIV2K"},
	{"FSRCNN (ETDS)", 4, 24.3, 30.78, 27.75, "ECNUSR/ETDS, FSRCNN_x4, trained on DIV2K"},
	{"SPANV2-32", 4, 139.0, 31.77, 28.38, "Amazingren/NTIRE2026_ESR, team22_spanv2_c2"},
	{"CARN-M (PCSR)", 4, 564.1, 31.82, 28.43, "3587jjh/PCSR, carn-x4, with BatchNorm, trained on DIV2K"},
	{"CARN-M (ARM-Net)", 4, 564.1, 31.94, 28.46, "chenbong/ARM-Net, arm-carn, trained on DIV2K"},
	{"CARN-M", 4, 564.1, 31.88, 28.42, "nmhkahn/CARN-pytorch, carn_m, trained on DIV2K"},
	{"FSRCNN (ETDS)", 2, 24.3, 37.00, 32.70, "ECNUSR/ETDS, FSRCNN_x2, trained on DIV2K"},
}

// paperResult is a row of the table of results of the ClassSR paper at x4: PSNR in dB over RGB, and FLOPs of a patch as the paper counts them.
type paperResult struct {
	network string // as package arch names it
	label   string
	routed  bool
	params  string
	psnr    [3]float64 // Test2K, Test4K, Test8K
	flops   [3]string
	percent [3]float64
}

var paperResults = []paperResult{
	{"fsrcnn", "FSRCNN", false, "25K", [3]float64{25.61, 26.90, 32.66}, [3]string{"468M", "468M", "468M"}, [3]float64{100, 100, 100}},
	{"fsrcnn", "ClassSR-FSRCNN", true, "113K", [3]float64{25.61, 26.91, 32.73}, [3]string{"311M", "286M", "238M"}, [3]float64{66, 61, 51}},
	{"carn", "CARN", false, "295K", [3]float64{25.95, 27.34, 33.18}, [3]string{"1.15G", "1.15G", "1.15G"}, [3]float64{100, 100, 100}},
	{"carn", "ClassSR-CARN", true, "645K", [3]float64{26.01, 27.42, 33.24}, [3]string{"814M", "742M", "608M"}, [3]float64{71, 64, 53}},
	{"srresnet", "SRResNet", false, "1.5M", [3]float64{26.19, 27.65, 33.50}, [3]string{"5.20G", "5.20G", "5.20G"}, [3]float64{100, 100, 100}},
	{"srresnet", "ClassSR-SRResNet", true, "3.1M", [3]float64{26.20, 27.66, 33.50}, [3]string{"3.62G", "3.30G", "2.70G"}, [3]float64{70, 63, 52}},
	{"rcan", "RCAN", false, "15.6M", [3]float64{26.39, 27.89, 33.76}, [3]string{"32.60G", "32.60G", "32.60G"}, [3]float64{100, 100, 100}},
	{"rcan", "ClassSR-RCAN", true, "30.1M", [3]float64{26.39, 27.88, 33.73}, [3]string{"21.22G", "19.49G", "16.36G"}, [3]float64{65, 60, 50}},
}

// paperBranches are the paper's FLOPs of a patch of 32x32 for the three branches and the Class-Module.
var paperBranches = map[string][3]string{
	"fsrcnn": {"141M", "304M", "468M"}, "carn": {"0.38G", "0.77G", "1.15G"}, "srresnet": {"1.66G", "3.44G", "5.20G"}, "rcan": {"10.33G", "19.9G", "32.6G"},
}

// armResult is ARM (ECCV 2022) at one setting of its trade-off, on Test8K.
type armResult struct {
	network string
	psnr    float64
	flops   string
	percent float64
}

var armResults = []armResult{
	{"fsrcnn", 32.75, "290M", 62}, {"fsrcnn", 32.73, "249M", 53}, {"fsrcnn", 32.66, "187M", 40},
	{"carn", 33.31, "784M", 68}, {"carn", 33.27, "612M", 53}, {"carn", 33.18, "489M", 42},
}
