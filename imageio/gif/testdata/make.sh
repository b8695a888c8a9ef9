#!/usr/bin/env bash
# Makes the files here, and pixels.txt: how ImageMagick shows them.
cd "$(dirname "$0")"
. ../../testdata/pixels.sh

# frame FILE N: how ImageMagick shows frame N on its canvas.
frame() {
	convert "$1" -alpha set -background none -coalesce "$work/frame_%d.png"
	cp "$work/frame_$(($2 - 1)).png" "$1.png"
	local sum
	sum=$(convert "$1.png" -alpha set -background 'rgba(0,0,0,0)' -alpha background -depth 8 rgba:- | sha256sum | cut -c1-64)
	rm "$1.png"
	echo "$1 $2 $(identify -format '%wx%h' "$work/frame_$(($2 - 1)).png") 8 $sum" >>pixels.txt
}

convert "$work/rgb.png" +dither -colors 60 plain.gif
convert "$work/rgb.png" +dither -colors 60 -interlace GIF interlaced.gif
convert "$work/gray.png" +dither -colors 30 gray.gif
convert "$work/bilevel.png" bilevel.gif
convert "$work/cutout.png" +dither -colors 13 transparent.gif
convert "$work/few.png" GIF87:version87.gif
convert "$work/few.png" -repage 35x32+5+7 offset.gif
convert "$work/few.png" -set comment 'a comment' comment.gif
ffmpeg -v error -y -i "$work/rgb.png" ffmpeg.gif || true
for dispose in none background previous; do
	convert -delay 10 -dispose none "$work/few.png" -dispose $dispose \( "$work/cutout.png" +dither -colors 13 -resize 60% -repage 27x21+9+6 \) \
		-dispose $dispose \( -size 9x7 xc:yellow -repage 27x21+16+11 \) \( -size 5x5 xc:blue -repage 27x21+1+15 \) animated-$dispose.gif
done
ffmpeg -v error -y -f lavfi -i testsrc=size=32x24:rate=5:duration=0.6 -vf "split[a][b];[a]palettegen=max_colors=15[p];[b][p]paletteuse=dither=none" ffmpeg-animated.gif
for f in *.gif; do frame "$f" 1; done
for f in *animated*.gif; do
	for n in $(seq 2 "$(identify "$f" | wc -l)"); do frame "$f" "$n"; done
done
