#!/usr/bin/env bash
# Makes the files here, and pixels.txt: how libheif and libavif of Debian's libheif-examples and libavif-bin show them.
cd "$(dirname "$0")"
. ../../testdata/pixels.sh
rm -f described.* # made last

# shown FILE PICTURE DEPTH TOLERANCE, in levels at most or in dB on average
shown() {
	convert "$2" -alpha set -background 'rgba(0,0,0,0)' -alpha background -depth "$3" "$(if [[ $3 == 16 ]]; then echo PNG64; else echo PNG32; fi):$1.1.reference"
	echo "$1 1 $(identify -format '%wx%h' "png:$1.1.reference") $3 $4" >>pixels.txt
}

convert "$work/rgb.png" -filter triangle -resize 70x60\! -depth 8 "$work/large.png" # libx265 makes none that are smaller than 64 pixels
for chroma in 420 422 444; do
	heif-enc -q 80 -p chroma=$chroma "$work/large.png" -o colour-$chroma.heic >/dev/null
done
convert "$work/large.png" -colorspace gray "$work/large-gray.png"
heif-enc -q 80 "$work/large-gray.png" -o gray.heic >/dev/null
heif-enc -q 80 -b 10 "$work/large.png" -o 10bit.heic >/dev/null
for f in *.heic; do
	heif-convert "$f" "$work/shown.png" >/dev/null
	case $f in # where chroma is halved, it is interpolated here and repeated there
	gray*) ;; # refused
	*444*) shown "$f" "$work/shown.png" 8 6 ;;
	*) shown "$f" "$work/shown.png" 8 30dB ;;
	esac
done

for yuv in 420 422 444; do avifenc --min 8 --max 14 -y $yuv "$work/rgb.png" colour-$yuv.avif >/dev/null; done
avifenc --min 8 --max 14 -y 400 "$work/gray.png" gray.avif >/dev/null
avifenc --min 8 --max 14 "$work/rgba.png" alpha.avif >/dev/null
avifenc --lossless "$work/rgb.png" lossless.avif >/dev/null
avifenc --min 8 --max 14 -d 10 "$work/rgb16.png" 10bit.avif >/dev/null
avifenc --min 8 --max 14 -d 12 "$work/rgb16.png" 12bit.avif >/dev/null
avifenc --min 8 --max 14 -r l "$work/rgb.png" limited.avif >/dev/null
for n in 0 1 2 3; do
	avifenc --min 8 --max 14 -y 444 --irot $n "$work/rgb.png" turned-$n.avif >/dev/null
	avifenc --min 8 --max 14 -y 444 --irot $n --imir 0 "$work/rgb.png" turned-$n-mirrored-0.avif >/dev/null
	avifenc --min 8 --max 14 -y 444 --irot $n --imir 1 "$work/rgb.png" turned-$n-mirrored-1.avif >/dev/null
done
for f in *.avif; do
	avifdec "$f" "$work/shown.png" >/dev/null
	case $f in
	turned-*) # avifdec leaves the turns to the reader
		n=${f#turned-} && n=${n%%[-.]*}
		convert "$work/shown.png" -rotate $((-90 * n)) +repage "$work/shown.png"
		case $f in *mirrored-0*) convert "$work/shown.png" -flip "$work/shown.png" ;; *mirrored-1*) convert "$work/shown.png" -flop "$work/shown.png" ;; esac
		;;
	esac
	case $f in
	1*) shown "$f" "$work/shown.png" 16 600 ;;
	*alpha* | *420* | *422*) shown "$f" "$work/shown.png" 8 28dB ;;
	*) shown "$f" "$work/shown.png" 8 6 ;;
	esac
done

# With metadata (exiftool of Debian's libimage-exiftool-perl), for metadata_test.go.
convert "$work/rgb.png" -resize 80x70\! -quality 50 "$work/described.jpg"
exiftool -q -overwrite_original '-icc_profile<=../../../icc/testdata/compatibleWithAdobeRGB1998.icc' -EXIF:Model=Box -EXIF:Orientation#=6 -EXIF:XResolution=300 \
	-EXIF:YResolution=300 -XMP-dc:Title=Title "$work/described.jpg"
heif-enc -q 10 "$work/described.jpg" -o described.heic >/dev/null
avifenc --min 40 --max 60 "$work/described.jpg" described.avif >/dev/null
