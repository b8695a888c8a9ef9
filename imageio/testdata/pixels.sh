# What the scripts that make the files of the formats' testdata share. Needs Debian's imagemagick (6.9), netpbm and ffmpeg.
set -euo pipefail
rm -f pixels.txt ./*.reference
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# A picture of 27x21 with smooth and hard parts; one with alpha; one of 16 bits; one gray; one of 13 colours.
convert -size 27x21 gradient:'#e04020'-'#1030c0' -fill '#20d040' -draw 'circle 9,9 14,12' -fill white -draw 'rectangle 16,4 24,7' \
	-fill black -draw 'line 1,19 25,10' -depth 8 "$work/rgb.png"
convert "$work/rgb.png" \( -size 27x21 radial-gradient:white-black \) -alpha off -compose CopyOpacity -composite -depth 8 PNG32:"$work/rgba.png"
convert "$work/rgb.png" \( -size 27x21 radial-gradient:white-black -threshold 40% \) -alpha off -compose CopyOpacity -composite -depth 8 PNG32:"$work/cutout.png"
convert "$work/rgb.png" -colorspace gray -depth 8 "$work/gray.png"
convert -size 27x21 gradient:'#e0e140204021'-'#10113033c0c3' -depth 16 "$work/rgb16.png"
convert "$work/rgb.png" +dither -colors 13 PNG8:"$work/few.png"
convert "$work/gray.png" -threshold 50% "$work/bilevel.png"

# pixels FILE DEPTH [PAGE]: how ImageMagick shows it, as a checksum of red, green, blue, alpha with black where nothing is seen.
pixels() {
	local frame=${3:-1}
	local sum
	sum=$(convert "$1[$((frame - 1))]" -auto-orient -alpha set -background 'rgba(0,0,0,0)' -alpha background -depth "$2" -endian MSB rgba:- | sha256sum | cut -c1-64)
	echo "$1 $frame $(identify -format '%wx%h' "$1[$((frame - 1))]") $2 $sum" >>pixels.txt
}

# near FILE DEPTH TOLERANCE [PAGE]: the same where others round differently, as a picture that is at most so many levels away.
near() {
	local frame=${4:-1}
	convert "$1[$((frame - 1))]" -auto-orient -alpha set -background 'rgba(0,0,0,0)' -alpha background -depth "$2" PNG32:"$1.$frame.reference"
	echo "$1 $frame $(identify -format '%wx%h' "$1.$frame.reference") $2 $3" >>pixels.txt
}
