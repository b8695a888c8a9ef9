#!/bin/bash
# Makes the files of this folder with other programs: ImageMagick 6, libtiff's tools 4.5, GDAL 3.6 (Debian's imagemagick, libtiff-tools,
# gdal-bin). What ImageMagick reads in them is in PNGs of 16 bits with alpha; references.txt says in which.
set -eu
cd "$(dirname "$0")"
rm -f ./*.tif ./*.png references.txt
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
size=23x17
im() { convert -quiet "$@"; }
im -size $size plasma:tomato-steelblue -seed 7 -define png:color-type=2 -depth 8 "$work/rgb.png"
im -seed 7 -size $size plasma:tomato-steelblue -depth 8 "$work/rgb.tif"
im "$work/rgb.tif" -colorspace Gray "$work/gray.tif"
im -size $size -depth 16 gradient:black-white -rotate 90 -resize $size! "$work/gray16.tif"
im "$work/rgb.tif" \( "$work/gray.tif" -negate \) -alpha off -compose CopyOpacity -composite "$work/rgba.tif"
im "$work/rgb.tif" -depth 16 -evaluate add 0.13% "$work/rgb16.tif"
im -size 203x61 xc:white -font DejaVu-Sans -pointsize 30 -fill black -draw 'line 3,3 190,55 circle 50,30 70,30 rectangle 120,10 160,40' -monochrome -type Bilevel -depth 1 -compress none "$work/fax.tif"

# libtiff: compressions, layouts, orders of bytes and bits
for c in none lzw lzw:2 zip zip:2 packbits zstd zstd:2 lzma webp; do tiffcp -c $c "$work/rgb.tif" "rgb-${c/:/-predictor}.tif"; done
tiffcp -c zip "$work/rgba.tif" rgba-zip.tif
tiffcp -c lzw:2 "$work/rgb16.tif" rgb16-lzw-predictor2.tif
tiffcp -c zip:2 -B "$work/rgb16.tif" rgb16-zip-predictor2-big-endian.tif
tiffcp -c zip -p separate "$work/rgb.tif" rgb-planar.tif
tiffcp -c lzw -f lsb2msb "$work/rgb.tif" rgb-lzw-lsb.tif
tiffcp -c none -f lsb2msb "$work/rgb.tif" rgb-lsb.tif
tiffcp -8 -c zip -r 5 "$work/rgb.tif" rgb-big.tif
tiffcp -8 -B -c zip -t -w 16 -l 16 "$work/rgba.tif" rgba-big-big-endian-tiles.tif
tiffcp -c jpeg:r:90 -t -w 16 -l 16 "$work/rgb.tif" rgb-jpeg-ycbcr-tiles.tif
tiffcp -c jpeg:90 -r 16 "$work/rgb.tif" rgb-jpeg-strips.tif
tiffcp -c jpeg:90 "$work/gray.tif" gray-jpeg.tif
for c in g3:1d g3:1d:fill g3:2d g3:2d:fill g4; do n=${c//:/-}; tiffcp -c $c "$work/fax.tif" "fax-$n.tif"; tiffcp -c $c -f lsb2msb -r 16 "$work/fax.tif" "fax-$n-lsb-strips.tif"; done

# ImageMagick: depths, colour models
for d in 1 2 4; do im "$work/gray.tif" -depth $d -type Grayscale -compress zip "gray$d.tif"; done
for d in 10 12 14; do im "$work/gray16.tif" -depth $d -compress none "gray$d.tif"; done
im "$work/gray16.tif" -compress lzw gray16.tif
im "$work/rgb.tif" -colors 13 -type Palette -depth 4 -compress none palette4.tif
im "$work/rgb.tif" -colors 200 -type Palette -compress lzw palette8.tif
im "$work/rgba.tif" -colors 40 -type PaletteMatte -compress zip palette8-alpha.tif
im "$work/rgba.tif" -colorspace Gray -compress zip gray-alpha.tif
im "$work/rgba.tif" -define tiff:alpha=associated -compress zip rgba-associated.tif
im "$work/rgb.tif" -define quantum:polarity=min-is-white -colorspace Gray -compress none gray-min-is-white.tif
im "$work/rgb.tif" -colorspace CMYK -compress zip cmyk.tif
im "$work/rgb16.tif" -colorspace CMYK -depth 16 -compress zip cmyk16.tif
im "$work/rgb.tif" -colorspace CMYK -compress jpeg -quality 95 cmyk-jpeg.tif
im "$work/rgb.tif" -colorspace Lab -compress zip lab.tif
im "$work/rgb16.tif" -colorspace Lab -depth 16 -compress zip lab16.tif
im "$work/rgb.tif" -colorspace YCbCr -define tiff:photometric=ycbcr -sampling-factor 4:4:4 -compress none ycbcr.tif || rm -f ycbcr.tif
for d in 16 32 64; do im "$work/gray16.tif" -define quantum:format=floating-point -depth $d -compress zip "float$d.tif"; done
im "$work/rgb16.tif" -define quantum:format=floating-point -depth 32 -compress zip rgb-float32.tif
im "$work/gray16.tif" -depth 32 -compress zip uint32.tif
im "$work/rgb.tif" "$work/gray.tif" -compress zip pages.tif

# GDAL: types of samples, predictors, bands, holes
gdal() { gdal_translate -q --config GDAL_PAM_ENABLED NO "$@"; }
for t in Int16 Float32 Float64 Int32; do gdal -ot $t -scale 0 65535 -500 2500 "$work/gray16.tif" "gdal-$t.tif" -co COMPRESS=DEFLATE; done
gdal -ot Float32 -scale 0 65535 -500 2500 "$work/gray16.tif" gdal-float32-predictor3.tif -co COMPRESS=DEFLATE -co PREDICTOR=3
gdal -ot Float64 -scale 0 65535 -500 2500 "$work/gray16.tif" gdal-float64-predictor3-lzw-tiles.tif -co COMPRESS=LZW -co PREDICTOR=3 -co TILED=YES -co BLOCKXSIZE=32 -co BLOCKYSIZE=32 -co ENDIANNESS=BIG
gdal "$work/rgb16.tif" rgb16-planar-tiles.tif -co COMPRESS=DEFLATE -co PREDICTOR=2 -co TILED=YES -co BLOCKXSIZE=16 -co BLOCKYSIZE=16 -co INTERLEAVE=BAND -co PROFILE=BASELINE
gdal -b 1 -b 2 -b 3 -b 1 -b 2 "$work/rgb.tif" bands5.tif -co COMPRESS=ZSTD -co PHOTOMETRIC=MINISBLACK
gdal -b 1 -b 2 -b 3 -b 1 "$work/rgb.tif" bands4-no-alpha.tif -co COMPRESS=DEFLATE -co ALPHA=NO -co INTERLEAVE=BAND -co PROFILE=BASELINE
gdal -co NBITS=12 "$work/gray16.tif" gdal-12bit.tif -scale 0 65535 0 4095 -ot UInt16 -co COMPRESS=DEFLATE
gdal "$work/rgb.tif" webp-lossless.tif -co COMPRESS=WEBP -co WEBP_LOSSLESS=YES
gdal "$work/rgb.tif" jpeg-ycbcr-gdal.tif -co COMPRESS=JPEG -co PHOTOMETRIC=YCBCR -co JPEG_QUALITY=95

for f in *.tif; do
	n=${f%.tif}
	case $n in
	gdal-Int16 | gdal-Int32 | gdal-[Ff]loat* | bands*) continue ;; # ImageMagick reads these in other ways
	esac
	im "$f[0]" -auto-orient -type TrueColorMatte -colorspace sRGB -define png:color-type=6 -define png:bit-depth=16 -define png:exclude-chunks=all "$work/ref.png"
	sum=$(convert "$work/ref.png" -depth 16 rgba:- | md5sum | cut -c 1-8)
	cp "$work/ref.png" "$sum.png"
	echo "$f $sum.png" >>references.txt
done
