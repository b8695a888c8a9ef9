#!/usr/bin/env bash
# Packs the test pictures of the folder DIR into ZIP, and lists in TXT how ImageMagick 6.9 shows each: as a checksum of red, green, blue and alpha in
# 16 bits, with black where nothing is seen; or "refused".
#
#	suite.sh DIR ZIP TXT
#
# pngsuite.zip is from www.schaik.com/pngsuite (Willem van Schaik), libtiff.zip holds small files of test/images in libtiff's source; of those
# that ImageMagick shows wrongly (docs/pictures.md) libtiff.txt says "read" or, what is refused here, "unsupported".
set -euo pipefail
zip=$(realpath -m "$2") txt=$(realpath -m "$3")
shown=$(mktemp)
cd "$1"
rm -f "$zip" "$txt"
zip -q -X -9 "$zip" -- *
for f in *; do
	case $f in
	LICENSE) continue ;;
	logluv*) echo "$f unsupported" && continue ;;
	ojpeg* | minisblack-2c* | test_float64* | palette-1c-4b*) echo "$f read" && continue ;;
	esac
	if convert "${f}[0]" -set colorspace sRGB -auto-orient -alpha set -background 'rgba(0,0,0,0)' -alpha background -depth 16 -endian MSB rgba:- >"$shown" 2>/dev/null || [ -s "$shown" ]; then
		echo "$f $(identify -format '%wx%h' "${f}[0]" 2>/dev/null) $(sha256sum <"$shown" | cut -c 1-32)"
	else
		echo "$f refused"
	fi
done >"$txt"
rm -f "$shown"
