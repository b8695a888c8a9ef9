#!/bin/bash
# Measures classsr on this machine's GPU, beside PyTorch: all there is to know is in docs/gpu.md, "How fast". It needs Linux, a driver and python3; PyTorch for what is
# beside it; and either Go and this repository, or what `make gpu-bench-pack` makes, which needs nothing else.
#
#	bench/gpu/run.sh --out results                 # all of it: an hour at most on a fast card
#	bench/gpu/run.sh --out results --minutes 8     # no case is begun after 8 minutes; the same command goes on where it ended
#	bench/gpu/run.sh --out results --parts networks --nets rcan-64
#	bench/gpu/run.sh --quick                       # small pictures: whether all of it works
#
# All flags: run.sh --help. GPU_BENCH_PROGRAMS names a folder with the programs, if these are not to be built.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Programs: those that were named, those of a pack, or new ones.
programs=${GPU_BENCH_PROGRAMS:-$here/programs}
if [ ! -x "$programs/gpu-bench" ] && [ -f "$here/programs.tar.xz" ]; then
	python3 -c 'import sys, tarfile; tarfile.open(sys.argv[1]).extractall(sys.argv[2])' "$here/programs.tar.xz" "$work/programs"
	programs=$work/programs
fi
if [ ! -x "$programs/gpu-bench" ]; then
	if ! command -v go >/dev/null || [ ! -f "$here/../../go.mod" ]; then
		echo "missing: programs: there is no Go to build them, and what \`make gpu-bench-pack\` makes is not here" >&2
		exit 1
	fi
	programs=$here/../../build/gpu-bench-programs
	mkdir -p "$programs"
	(cd "$here/../.." && export CGO_ENABLED=0 && go build -o "$programs/gpu-bench" ./bench/gpu && go build -o "$programs/classsr" ./cmd/classsr &&
		go build -o "$programs/classsr-gpu" ./cmd/classsr-gpu)
fi
programs=$(cd "$programs" && pwd)
export CLASSSR_GPU=$programs/classsr-gpu

# Vulkan's loader: the system's, or the pack's. Bare machines often have a driver and no loader.
if ! ldconfig -p 2>/dev/null | grep -q 'libvulkan\.so\.1' && [ -e "$programs/libvulkan.so.1" ]; then
	export LD_LIBRARY_PATH=$programs${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
fi

# The loader finds a driver by a JSON file. Containers often have NVIDIA's driver without that, or have it elsewhere.
known=$(find /etc/vulkan /usr/share/vulkan /usr/local/share/vulkan -name 'nvidia*.json' -path '*icd.d*' 2>/dev/null | head -n 1 || true)
if [ -z "${VK_DRIVER_FILES:-}${VK_ICD_FILENAMES:-}$known" ] && { [ -e /dev/nvidiactl ] || command -v nvidia-smi >/dev/null; }; then
	icd=$(find /usr/local/nvidia /usr/lib /opt -maxdepth 6 -name 'nvidia*icd*.json' -path '*vulkan*' 2>/dev/null | head -n 1 || true)
	if [ -z "$icd" ]; then
		library=libGLX_nvidia.so.0 # needs X11's libraries; the other one does not
		ldconfig -p 2>/dev/null | grep -q 'libX11\.so\.6' || library=libEGL_nvidia.so.0
		icd=$work/nvidia_icd.json
		printf '{"file_format_version": "1.0.0", "ICD": {"library_path": "%s", "api_version": "1.3.0"}}\n' "$library" >"$icd"
	fi
	export VK_DRIVER_FILES=$icd VK_ICD_FILENAMES=$icd
fi

photo=()
[ -e "$programs/photo.jpg" ] && photo=(-photo "$programs/photo.jpg")
[ ${#photo[@]} = 0 ] && [ -e "$here/../../docs/samples/photo.jpg" ] && photo=(-photo "$here/../../docs/samples/photo.jpg")
"$programs/gpu-bench" "${photo[@]}" -classsr "$programs/classsr" "$@"
