#!/usr/bin/env bash
# Makes the files here, and pixels.txt: how ffmpeg shows the frames of animations.
cd "$(dirname "$0")"
. ../../testdata/pixels.sh

# frames FILE: each of them on its canvas.
frames() {
	ffmpeg -v error -y -i "$1" -fps_mode passthrough "$work/frame_%d.png"
	local n sum
	for n in $(seq "$(find "$work" -name 'frame_*.png' | wc -l)"); do
		sum=$(convert "$work/frame_$n.png" -alpha set -background 'rgba(0,0,0,0)' -alpha background -depth 8 rgba:- | sha256sum | cut -c1-64)
		echo "$1 $n $(identify -format '%wx%h' "$work/frame_$n.png") 8 $sum" >>pixels.txt
		rm "$work/frame_$n.png"
	done
}

source=testsrc=size=32x24:rate=5:duration=0.6
ffmpeg -v error -y -f lavfi -i "$source" -pix_fmt rgb24 -f apng rgb.png
ffmpeg -v error -y -f lavfi -i "$source" -pix_fmt gray -f apng gray.png
ffmpeg -v error -y -f lavfi -i "$source" -vf "split[a][b];[a]palettegen=max_colors=15[p];[b][p]paletteuse=dither=none" -f apng palette.png
ffmpeg -v error -y -f lavfi -i "$source" -vf "format=rgba,colorkey=0x0000ff:0.4:0.2,fade=in:0:5:alpha=1" -pix_fmt rgba -f apng alpha.png
for f in *.png; do frames "$f"; done
