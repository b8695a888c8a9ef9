#!/usr/bin/env bash
# Makes the files here, and pixels.txt: how libwebp shows them. Needs Debian's webp and python3-pil too.
cd "$(dirname "$0")"
. ../../testdata/pixels.sh

# frames FILE TOLERANCE: each of them on its canvas.
frames() {
	/usr/bin/python3 -c 'import sys, PIL.Image as I
m = I.open(sys.argv[1])
for n in range(getattr(m, "n_frames", 1)):
	m.seek(n)
	m.convert("RGBA").save("%s.%d.reference" % (sys.argv[1], n + 1), "PNG")' "$1"
	local f
	for f in "$1".*.reference; do
		f=${f#"$1".}
		echo "$1 ${f%.reference} $(identify -format '%wx%h' "png:$1.$f") 8 $2" >>pixels.txt
	done
}

cwebp -quiet -q 80 "$work/rgb.png" -o lossy.webp
cwebp -quiet -q 80 -alpha_filter best "$work/rgba.png" -o lossy-alpha.webp
cwebp -quiet -q 80 -alpha_method 0 "$work/rgba.png" -o lossy-plain-alpha.webp
cwebp -quiet -lossless "$work/rgb.png" -o lossless.webp
cwebp -quiet -lossless -exact "$work/rgba.png" -o lossless-alpha.webp
cwebp -quiet -lossless "$work/few.png" -o lossless-palette.webp
cwebp -quiet -lossless "$work/bilevel.png" -o lossless-bilevel.webp

gif=../../gif/testdata
gif2webp -quiet $gif/animated-background.gif -o animated-background.webp
gif2webp -quiet -mixed -q 80 -min_size $gif/animated-previous.gif -o animated-previous.webp
gif2webp -quiet -lossy -q 80 $gif/ffmpeg-animated.gif -o animated-lossy.webp
cwebp -quiet -lossless -exact "$work/cutout.png" -o "$work/a.webp"
cwebp -quiet -q 90 "$work/rgba.png" -resize 14 10 -o "$work/b.webp"
cwebp -quiet -lossless -exact "$work/rgba.png" -resize 9 9 -o "$work/c.webp"
webpmux -frame "$work/a.webp" +100+0+0+0+b -frame "$work/b.webp" +100+6+4+1+b -frame "$work/c.webp" +100+2+2+0-b -frame "$work/c.webp" +100+12+8+0+b \
	-loop 1 -o mixed.webp 2>/dev/null
for f in *.webp; do
	case $f in *loss[l]ess* | animated-background*) frames "$f" 0 ;; *) frames "$f" 4 ;; esac
done
