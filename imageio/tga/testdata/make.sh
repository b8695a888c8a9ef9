#!/usr/bin/env bash
# Makes the files here, and pixels.txt: how ImageMagick shows them.
cd "$(dirname "$0")"
. ../../testdata/pixels.sh

for kind in rgb:TrueColor rgba:TrueColorMatte gray:Grayscale few:Palette; do
	convert "$work/${kind%:*}.png" -type ${kind#*:} -compress none ${kind%:*}.tga
	convert "$work/${kind%:*}.png" -type ${kind#*:} -compress RLE ${kind%:*}-runs.tga
done
for form in bgra bgr24 rgb555le gray pal8 ya8; do
	ffmpeg -v error -y -i "$work/rgba.png" -pix_fmt $form ffmpeg-$form.tga || rm -f ffmpeg-$form.tga
	ffmpeg -v error -y -i "$work/rgba.png" -pix_fmt $form -rle 0 ffmpeg-plain-$form.tga || rm -f ffmpeg-plain-$form.tga
done
convert "$work/rgb.png" ppm:- | pamtotga -rgb -norle >netpbm.tga
convert "$work/few.png" ppm:- | pamtotga -cmap >netpbm-cmap.tga
for f in *.tga; do
	case $f in *555*) near "$f" 8 1 ;; *) pixels "$f" 8 ;; esac
done
