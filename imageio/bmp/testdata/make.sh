#!/usr/bin/env bash
# Makes the files here, and pixels.txt: how ImageMagick shows them.
cd "$(dirname "$0")"
. ../../testdata/pixels.sh

convert "$work/bilevel.png" -type bilevel BMP3:bilevel.bmp
convert "$work/few.png" -type palette -compress none BMP3:palette4.bmp
convert "$work/few.png" -type palette -compress RLE BMP3:palette-runs.bmp
convert "$work/gray.png" -type palette -compress none BMP3:gray.bmp
convert "$work/few.png" -type palette BMP2:os2.bmp
convert "$work/rgb.png" -type TrueColor BMP2:os2-24.bmp
convert "$work/rgb.png" -type TrueColor BMP3:rgb24.bmp
convert "$work/rgba.png" -type TrueColorMatte BMP:alpha-v5.bmp
convert "$work/rgb.png" -type TrueColor -define bmp:subtype=RGB565 BMP:rgb565.bmp
convert "$work/rgb.png" -type TrueColor -define bmp:subtype=RGB555 BMP:rgb555.bmp
for form in bgra bgr24 rgb565le rgb555le rgb444le pal8 gray monob rgb8 rgb4_byte bgr8; do
	ffmpeg -v error -y -i "$work/rgb.png" -pix_fmt $form ffmpeg-$form.bmp || rm -f ffmpeg-$form.bmp
done
for f in *.bmp; do
	case $f in
	*444*) ;; # ImageMagick shows white as 240 of 255
	*555* | *565*) near "$f" 8 1 ;;
	*) pixels "$f" 8 ;;
	esac
done
