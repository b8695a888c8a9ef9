#!/usr/bin/env bash
# Writes over 200 pictures in all flavours of the formats that are read into the folder DIR, with programs of others: Debian's imagemagick (6.9),
# ffmpeg, libtiff-tools, gdal-bin, netpbm, webp, libheif-examples, libavif-bin and libjpeg-turbo-progs. What a program cannot write is told and left out.
#
#	imageio/testdata/flavours.sh DIR && CLASSSR_FLAVOURS=DIR go test -v -run OutsideFlavours ./imageio
set -u
out=${1:?a folder}
mkdir -p "$out"
cd "$out" || exit 1
mkdir -p png apng jpeg webp tiff gif bmp pnm tga heif
src=$(mktemp -d)
trap 'rm -rf "$src"' EXIT

# Sources of 67x45: smooth and hard parts; with alpha; of 16 bits; gray; of few colours; black and white.
convert -size 67x45 gradient:'#e04020'-'#1030c0' -fill '#20d040' -draw 'circle 19,19 28,25' -fill white -draw 'rectangle 36,8 60,17' \
	-fill black -draw 'line 1,40 65,20' -depth 8 "$src/rgb.png"
convert "$src/rgb.png" \( -size 67x45 radial-gradient:white-black \) -alpha off -compose CopyOpacity -composite -depth 8 PNG32:"$src/rgba.png"
convert "$src/rgb.png" \( -size 67x45 radial-gradient:white-black -threshold 40% \) -alpha off -compose CopyOpacity -composite PNG32:"$src/cutout.png"
convert -size 67x45 gradient:'#e0e140204021'-'#10113033c0c3' -depth 16 "$src/rgb16.png"
convert "$src/rgb16.png" \( -size 67x45 -depth 16 radial-gradient:white-black \) -alpha off -compose CopyOpacity -composite -depth 16 PNG64:"$src/rgba16.png"
convert "$src/rgb.png" -colorspace gray -depth 8 "$src/gray.png"
convert -size 67x45 -depth 16 gradient:black-white "$src/gray16.png"
convert "$src/rgb.png" +dither -colors 13 PNG8:"$src/few.png"
convert "$src/gray.png" -threshold 50% "$src/bilevel.png"
for i in 1 2 3; do convert "$src/rgb.png" -roll +$((11 * i))+$((5 * i)) "$src/frame_$i.png"; done

# try NAME COMMAND...: makes file NAME, which must come of the command.
try() {
	local name=$1
	shift
	if ! "$@" >"$src/log" 2>&1 || [ ! -s "$name" ]; then
		echo "left out: $name: $(tail -n 1 "$src/log" | cut -c 1-160)"
		rm -f "$name"
	fi
}
im() { try "${*: -1}" convert "$@"; } # the last word is the file
ff() { try "${*: -1}" ffmpeg -v error -y "$@"; }
into() { # NAME COMMAND...: its standard output
	local name=$1
	shift
	if ! "$@" >"$name" 2>"$src/log" || [ ! -s "$name" ]; then
		echo "left out: $name: $(tail -n 1 "$src/log" | cut -c 1-160)"
		rm -f "$name"
	fi
}

# PNG: colour types, depths, interlaced, transparent colours, levels, what profiles and gamma say.
for interlace in none PNG; do
	i=${interlace/none/plain}
	for d in 1 2 4 8 16; do im "$src/gray16.png" -interlace $interlace -define png:color-type=0 -define png:bit-depth=$d "png/gray$d-$i.png"; done
	for d in 8 16; do
		im "$src/rgb16.png" -interlace $interlace -define png:color-type=2 -define png:bit-depth=$d "png/rgb$d-$i.png"
		im "$src/rgba16.png" -colorspace Gray -interlace $interlace -define png:color-type=4 -define png:bit-depth=$d "png/graya$d-$i.png"
		im "$src/rgba16.png" -interlace $interlace -define png:color-type=6 -define png:bit-depth=$d "png/rgba$d-$i.png"
	done
	for n in 2 4 16 200; do im "$src/rgb.png" +dither -colors $n -interlace $interlace -type Palette -define png:format=png8 "png/palette$n-$i.png"; done
	im "$src/cutout.png" +dither -colors 20 -interlace $interlace -define png:format=png8 "png/palette-transparent-$i.png"
	im "$src/rgb.png" -transparent '#FFFFFF' -interlace $interlace -define png:color-type=2 "png/rgb-transparent-$i.png"
done
for f in rgb24 rgba rgb48be rgba64be gray ya8 gray16be ya16be pal8 monob; do ff -i "$src/rgba.png" -pix_fmt $f "png/ffmpeg-$f.png"; done
for p in none sub up avg paeth mixed; do ff -i "$src/rgb.png" -pred $p "png/ffmpeg-filter-$p.png"; done
source=testsrc=size=48x36:rate=5:duration=0.6
for f in rgb24 rgba gray ya8 pal8 rgb48be; do ff -f lavfi -i $source -pix_fmt $f -f apng "apng/$f.png"; done

# JPEG
for s in 1x1 2x1 1x2 2x2 4x1 4x2; do
	im "$src/rgb.png" -sampling-factor $s -quality 92 "jpeg/baseline-$s.jpg"
	im "$src/rgb.png" -sampling-factor $s -quality 92 -interlace JPEG "jpeg/progressive-$s.jpg"
done
for q in 20 60 100; do im "$src/rgb.png" -quality $q "jpeg/quality-$q.jpg"; done
im "$src/gray.png" -quality 92 jpeg/gray.jpg
im "$src/gray.png" -quality 92 -interlace JPEG jpeg/gray-progressive.jpg
im "$src/rgb.png" -colorspace CMYK -quality 95 jpeg/cmyk.jpg
im "$src/rgb.png" -colorspace CMYK -quality 95 -interlace JPEG jpeg/cmyk-progressive.jpg
im "$src/rgb.png" -quality 92 -define jpeg:optimize-coding=false jpeg/standard-tables.jpg
convert "$src/rgb.png" "$src/rgb.ppm"
convert "$src/gray.png" "$src/gray.pgm"
for r in 1 3B 7B; do into "jpeg/restart-$r.jpg" cjpeg -quality 90 -restart $r "$src/rgb.ppm"; done
into jpeg/restart-progressive.jpg cjpeg -quality 90 -restart 2B -progressive "$src/rgb.ppm"
into jpeg/rgb.jpg cjpeg -quality 95 -rgb "$src/rgb.ppm"
into jpeg/arithmetic.jpg cjpeg -quality 90 -arithmetic "$src/rgb.ppm"
for s in 1x1,1x1,1x1 2x2,1x1,1x1 2x2,2x1,2x1 2x1,1x1,1x1 1x2,1x1,1x1 4x1,1x1,1x1 4x2,1x1,1x1 2x2,1x2,1x2 1x4,1x1,1x1; do
	into "jpeg/cjpeg-${s//,/-}.jpg" cjpeg -quality 90 -sample $s "$src/rgb.ppm"
done
into jpeg/dct-float.jpg cjpeg -quality 90 -dct float "$src/rgb.ppm"
for f in yuvj420p yuvj422p yuvj444p; do ff -i "$src/rgb.png" -frames:v 1 -pix_fmt $f "jpeg/ffmpeg-$f.jpg"; done

# WebP
for m in 0 3 6; do
	try "webp/lossy-m$m.webp" cwebp -quiet -q 80 -m $m "$src/rgb.png" -o "webp/lossy-m$m.webp"
	try "webp/lossless-z$m.webp" cwebp -quiet -lossless -z $m "$src/rgba.png" -o "webp/lossless-z$m.webp"
done
try webp/lossy-alpha.webp cwebp -quiet -q 80 "$src/rgba.png" -o webp/lossy-alpha.webp
try webp/lossy-alpha-q30.webp cwebp -quiet -q 80 -alpha_q 30 "$src/rgba.png" -o webp/lossy-alpha-q30.webp
try webp/segments.webp cwebp -quiet -q 40 -segments 4 -sns 90 -f 60 -strong "$src/rgb.png" -o webp/segments.webp
try webp/simple-filter.webp cwebp -quiet -q 40 -nostrong -f 60 -sharpness 5 "$src/rgb.png" -o webp/simple-filter.webp
try webp/partitions.webp cwebp -quiet -q 60 -partition_limit 50 "$src/rgb.png" -o webp/partitions.webp
try webp/sharp-yuv.webp cwebp -quiet -q 90 -sharp_yuv "$src/rgb.png" -o webp/sharp-yuv.webp
try webp/near-lossless.webp cwebp -quiet -near_lossless 40 "$src/rgb.png" -o webp/near-lossless.webp
try webp/palette.webp cwebp -quiet -lossless "$src/few.png" -o webp/palette.webp
try webp/bilevel.webp cwebp -quiet -lossless "$src/bilevel.png" -o webp/bilevel.webp
im "$src/rgba.png" -quality 75 webp/magick.webp
im "$src/rgba.png" -define webp:lossless=true webp/magick-lossless.webp
for f in yuv420p yuva420p bgra; do ff -i "$src/rgba.png" -pix_fmt $f -c:v libwebp "webp/ffmpeg-$f.webp"; done
im -delay 20 "$src/frame_1.png" "$src/frame_2.png" "$src/frame_3.png" -loop 0 "$src/a.gif"
try webp/animated.webp gif2webp -quiet "$src/a.gif" -o webp/animated.webp
try webp/animated-lossy.webp gif2webp -quiet -lossy "$src/a.gif" -o webp/animated-lossy.webp

# TIFF: compressions, depths, colour models, layouts, orders
convert "$src/rgb.png" -depth 8 -type TrueColor -compress none "$src/rgb.tif"
convert "$src/rgba.png" -depth 8 -type TrueColorAlpha -compress none "$src/rgba.tif"
convert "$src/rgb16.png" -depth 16 -compress none "$src/rgb16.tif"
convert "$src/bilevel.png" -type Bilevel -depth 1 -compress none "$src/bilevel.tif"
tc() { try "${*: -1}" tiffcp "$@"; }
for c in none lzw lzw:2 zip zip:2 packbits zstd zstd:2 lzma lzma:2 webp jpeg:90 jpeg:r:90; do tc -c $c "$src/rgb.tif" "tiff/rgb-${c//:/-}.tif"; done
for c in lzw:2 zip:2 zstd:2; do tc -c $c -B "$src/rgb16.tif" "tiff/rgb16-big-endian-${c//:/-}.tif"; done
for c in none lzw zip packbits; do tc -c $c -p separate "$src/rgb.tif" "tiff/planar-$c.tif"; done
for c in none lzw zip jpeg:r:90 zstd:2; do tc -c $c -t -w 32 -l 16 "$src/rgb.tif" "tiff/tiles-${c//:/-}.tif"; done
tc -c zip -t -w 16 -l 16 -p separate "$src/rgba.tif" tiff/tiles-planar.tif
for o in -L -B; do for v in '' -8; do tc $o $v -c zip "$src/rgba.tif" "tiff/rgba$o$v.tif"; done; done
for c in g3:1d g3:1d:fill g3:2d g3:2d:fill g4 lzw zip packbits none; do
	tc -c $c "$src/bilevel.tif" "tiff/fax-${c//:/-}.tif"
	tc -c $c -f lsb2msb -r 8 "$src/bilevel.tif" "tiff/fax-${c//:/-}-lsb.tif"
done
for d in 1 2 4 8 10 12 14 16; do im "$src/gray16.png" -depth $d -type Grayscale -compress zip "tiff/gray$d.tif"; done
for d in 1 2 4 8 16; do im "$src/gray16.png" -depth $d -type Grayscale -define quantum:polarity=min-is-white -compress lzw "tiff/white$d.tif"; done
for d in 16 32 64; do
	im "$src/gray16.png" -define quantum:format=floating-point -depth $d -compress zip "tiff/float$d.tif"
	im "$src/rgb16.png" -define quantum:format=floating-point -depth $d -endian MSB -compress zip "tiff/rgb-float$d.tif"
done
im "$src/gray16.png" -depth 32 -compress zip tiff/uint32.tif
im "$src/rgb16.png" -depth 32 -compress lzw tiff/rgb-uint32.tif
for n in 2 13 200; do im "$src/rgb.png" +dither -colors $n -type Palette -compress lzw "tiff/palette$n.tif"; done
im "$src/rgba.png" -colors 40 -type PaletteMatte -compress zip tiff/palette-alpha.tif
im "$src/rgba.png" -colorspace Gray -compress zip tiff/gray-alpha.tif
for a in associated unassociated; do for d in 8 16; do im "$src/rgba16.png" -depth $d -define tiff:alpha=$a -compress zip "tiff/rgba$d-$a.tif"; done; done
im "$src/rgb.png" -colorspace CMYK -compress zip tiff/cmyk.tif
im "$src/rgb16.png" -colorspace CMYK -depth 16 -compress lzw tiff/cmyk16.tif
im "$src/rgb.png" -colorspace CMYK -compress jpeg -quality 95 tiff/cmyk-jpeg.tif
im "$src/rgba.png" -colorspace CMYK -compress zip tiff/cmyk-alpha.tif
im "$src/rgba.png" -colorspace CMYK -define tiff:alpha=associated -compress zip tiff/cmyk-associated.tif
im "$src/rgb.png" -colorspace Lab -compress zip tiff/lab.tif
im "$src/rgb.png" -colorspace YCbCr -compress none tiff/ycbcr.tif
im "$src/rgb.png" "$src/gray.png" "$src/few.png" -compress zip tiff/pages.tif
for f in rgb24 rgba gray gray16le gray16be rgb48le rgb48be rgba64le rgba64be pal8 monob monow ya8 ya16le yuv420p yuv422p yuv444p; do
	ff -i "$src/rgba.png" -pix_fmt $f "tiff/ffmpeg-$f.tif"
done
for c in raw packbits lzw deflate; do ff -i "$src/rgb.png" -compression_algo $c "tiff/ffmpeg-$c.tif"; done
for i in PIXEL BAND; do
	for p in 1 2; do try "tiff/gdal-$i-$p.tif" gdal_translate -q "$src/rgb16.tif" "tiff/gdal-$i-$p.tif" -co COMPRESS=DEFLATE -co PREDICTOR=$p -co TILED=YES -co BLOCKXSIZE=32 -co BLOCKYSIZE=32 -co INTERLEAVE=$i; done
done
try tiff/gdal-nbits12.tif gdal_translate -q -ot UInt16 -co NBITS=12 -scale 0 65535 0 4095 "$src/rgb16.tif" tiff/gdal-nbits12.tif
rm -f tiff/*.aux.xml

# GIF
for i in none GIF; do
	n=${i/none/plain}
	im "$src/rgb.png" -interlace $i "gif/rgb-$n.gif"
	im "$src/cutout.png" -interlace $i "gif/transparent-$n.gif"
	im "$src/bilevel.png" -interlace $i "gif/bilevel-$n.gif"
	im "$src/gray.png" -interlace $i "gif/gray-$n.gif"
done
for d in none background previous; do im -delay 10 -dispose $d "$src/frame_1.png" "$src/cutout.png" "$src/frame_3.png" -loop 0 "gif/animated-$d.gif"; done
im "$src/rgb.png" -repage 100x80+20+9 gif/offset.gif
ff -f lavfi -i $source gif/ffmpeg.gif
for f in rgb8 bgr8 rgb4_byte gray pal8; do ff -i "$src/rgb.png" -pix_fmt $f "gif/ffmpeg-$f.gif"; done

# BMP
for v in BMP2 BMP3 BMP; do
	try "bmp/rgb-$v.bmp" convert "$src/rgb.png" "$v:bmp/rgb-$v.bmp"
	try "bmp/few-$v.bmp" convert "$src/few.png" "$v:bmp/few-$v.bmp"
	try "bmp/bilevel-$v.bmp" convert "$src/bilevel.png" -type Bilevel "$v:bmp/bilevel-$v.bmp"
	try "bmp/gray-$v.bmp" convert "$src/gray.png" "$v:bmp/gray-$v.bmp"
	try "bmp/rgba-$v.bmp" convert "$src/rgba.png" "$v:bmp/rgba-$v.bmp"
done
im "$src/few.png" -compress RLE bmp/few-runs.bmp
im "$src/rgb.png" -colors 200 -compress RLE bmp/many-runs.bmp
for s in rgb555 rgb565 argb4444 argb1555; do im "$src/cutout.png" -define bmp:subtype=${s^^} "bmp/$s.bmp"; done
for f in bgra bgr24 rgb565le rgb555le rgb444le rgb8 bgr8 rgb4_byte gray pal8 monob; do ff -i "$src/rgba.png" -pix_fmt $f "bmp/ffmpeg-$f.bmp"; done
for n in 2 4 16; do
	convert "$src/rgb.png" +dither -colors $n "$src/n.ppm"
	into "bmp/netpbm-$n.bmp" ppmtobmp "$src/n.ppm"
	into "bmp/netpbm-os2-$n.bmp" ppmtobmp -os2 "$src/n.ppm"
done

# PNM, PAM, PFM
for f in pbm pgm ppm; do
	im "$src/rgb16.png" -depth 8 "pnm/raw.$f"
	im "$src/rgb16.png" -depth 8 -compress none "pnm/plain.$f"
	im "$src/rgb16.png" -depth 16 "pnm/raw16.$f"
	im "$src/rgb16.png" -depth 16 -compress none "pnm/plain16.$f"
done
im "$src/rgba.png" -depth 8 pnm/rgba.pam
im "$src/rgba16.png" -depth 16 pnm/rgba16.pam
im "$src/gray.png" -depth 8 pnm/gray.pam
im "$src/rgba.png" -colorspace Gray -depth 8 pnm/graya.pam
im "$src/rgb16.png" pnm/rgb.pfm
im "$src/gray16.png" -endian MSB pnm/gray-msb.pfm
for m in 1 7 31 100 1023; do into "pnm/maxval$m.ppm" pamdepth $m "$src/rgb.ppm"; done
for f in monob gray ya8 rgb24 rgba gray16be rgb48be rgba64be; do ff -i "$src/rgba.png" -pix_fmt $f "pnm/ffmpeg-$f.pam"; done

# TGA
for s in rgb rgba gray few cutout; do
	im "$src/$s.png" -compress none "tga/$s.tga"
	im "$src/$s.png" -compress RLE "tga/$s-runs.tga"
	im "$src/$s.png" -compress none -orient TopLeft "tga/$s-top.tga"
done
for f in bgra bgr24 rgb555le gray ya8 pal8; do for r in 0 1; do ff -i "$src/rgba.png" -pix_fmt $f -rle $r "tga/ffmpeg-$f-rle$r.tga"; done; done

# HEIC and AVIF
for q in 50 90; do
	try "heif/q$q.heic" heif-enc -q $q "$src/rgb.png" -o "heif/q$q.heic"
	try "heif/q$q.avif" avifenc --min 10 --max $((100 - q)) "$src/rgb.png" "heif/q$q.avif"
done
for y in 444 422 420; do
	try "heif/$y.avif" avifenc -y $y "$src/rgba.png" "heif/$y.avif"
	try "heif/$y-12bit.avif" avifenc -y $y -d 12 "$src/rgb16.png" "heif/$y-12bit.avif"
done
try heif/400.avif avifenc -y 400 "$src/gray.png" heif/400.avif
try heif/lossless.avif avifenc --lossless "$src/rgba.png" heif/lossless.avif

find . -type f | cut -d/ -f2 | sort | uniq -c
