// Package classsr enlarges pictures two, three, four or eight times with neural networks, on ordinary machines: no GPU, no
// Python, nothing to download. It implements the super-resolution framework ClassSR (Kong et al., CVPR 2021) and its networks.
//
// Open a model (one that is built in, or a file), make an Upscaler of it, and give it pictures:
//
//	model, err := classsr.Open("carn-m-x4")
//	...
//	up, err := model.Upscaler(classsr.Options{})
//	...
//	large, report, err := up.Upscale(ctx, small)
//
// Pictures are picture.Picture: gray or RGB, with or without alpha, 8 or 16 bits a sample; package imageio reads and writes
// their files. Pictures are cut into pieces with real context around each, computed on all cores; memory is bounded by the
// pieces and the two pictures. This package does not read or write picture files, and trains nothing.
package classsr
