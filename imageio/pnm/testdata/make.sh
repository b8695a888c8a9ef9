#!/usr/bin/env bash
# Makes the files here, and pixels.txt: how ImageMagick shows them.
cd "$(dirname "$0")"
. ../../testdata/pixels.sh

convert "$work/bilevel.png" -crop 13x11+10+3 +repage -compress none plain.pbm
convert "$work/gray.png" -crop 13x11+10+3 +repage -compress none plain.pgm
convert "$work/rgb.png" -crop 13x11+10+3 +repage -compress none plain.ppm
convert "$work/rgb16.png" -crop 13x11+10+3 +repage -compress none plain16.ppm
convert "$work/bilevel.png" raw.pbm
convert "$work/gray.png" raw.pgm
convert "$work/rgb.png" raw.ppm
convert "$work/rgb16.png" -crop 13x21+0+0 +repage raw16.ppm
convert "$work/rgb16.png" -colorspace gray raw16.pgm
convert "$work/rgb.png" ppm:- | pamdepth 31 >maxval31.ppm
convert "$work/rgb16.png" -crop 13x21+0+0 +repage ppm:- | pamdepth 1023 >maxval1023.ppm
convert "$work/gray.png" gray.pam
convert "$work/rgb.png" rgb.pam
convert "$work/rgba.png" -crop 13x11+10+3 +repage rgba.pam
convert "$work/rgba.png" -crop 13x11+10+3 +repage -colorspace gray graya.pam
convert "$work/rgb16.png" -crop 13x11+10+3 +repage rgb16.pam
ffmpeg -v error -y -i "$work/bilevel.png" -pix_fmt monob ffmpeg-monob.pam
ffmpeg -v error -y -i "$work/rgba.png" -vf crop=13:11 -pix_fmt ya8 ffmpeg-ya8.pam
ffmpeg -v error -y -i "$work/rgba.png" -vf crop=13:11 -pix_fmt rgba64be ffmpeg-rgba64.pam
printf 'P3\n# a comment\n3 # width\n2\n# white\n15\n0 1 2 15 14 13\n 7 8 9\t1 1 1 2 2 2 3 3 3\n' >comments.ppm
for f in *.p?m; do
	case $f in maxval31*) near "$f" 8 1 ;; *16* | *64* | *1023*) pixels "$f" 16 ;; *) pixels "$f" 8 ;; esac
done
