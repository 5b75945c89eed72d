#!/usr/bin/env bash
# Builds the engine: llama-server, the llama.cpp tools and the ggml backends, from the Ollama module's own
# CMake project and a pinned llama.cpp source. The result is cached outside the checkout, so that every
# checkout shares it; build/lib/ollama, where Ollama looks, is a link to it.
#
#   build.sh            native CPU variant, and every GPU backend whose toolkit is found
#   build.sh --package  all CPU variants of this architecture
#
# LLAMA_CPP_SOURCE=DIR builds another llama.cpp checkout instead of the pinned one.
# WEIGHTROOM_CACHE=DIR keeps the result elsewhere than in the user's cache folder.
set -euo pipefail

llama_requirement='llama-cpp-python==0.3.36 --hash=sha256:832db0699007f1be95a7e41ef12e88926b02ba836461e36a36372db2760c1a2e'
llama_build=10488 # the llama.cpp build number of that package's vendor/llama.cpp
tools=(llama-server llama-bench llama-perplexity llama-quantize llama-fit-params llama-imatrix)

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$root"
say() { printf 'engine: %s\n' "$*" >&2; }
die() { say "$1"; [ $# -lt 2 ] || say "  $2"; exit 1; }
need() { command -v "$1" >/dev/null 2>&1 || die "$1 is missing." "Install $2, or run 'make deps', and try again."; }

variant=native
case "${1:-}" in
  '') ;;
  --package) variant=all ;;
  *) die "unknown option $1." "Use no option, or --package." ;;
esac

need go "Go 1.26 or newer"
ollama=$(awk '$1 == "github.com/ollama/ollama" { print $2 } $2 == "github.com/ollama/ollama" { print $3 }' go.mod | head -n 1)
[ -n "$ollama" ] || die "go.mod does not name github.com/ollama/ollama."

# On x86 a backend that is loaded at run time can't be built with -march=native, so name the features.
cpu_flags() {
  if [ "$variant" = all ]; then
    echo -DGGML_CPU_ALL_VARIANTS=ON
    return
  fi
  case "$(uname -s)-$(uname -m)" in
    Linux-x86_64)
      local have
      have=" $(grep -m1 '^flags' /proc/cpuinfo | cut -d: -f2) "
      while read -r kernel feature; do
        case "$have" in *" $kernel "*) echo "-DGGML_$feature=ON" ;; *) echo "-DGGML_$feature=OFF" ;; esac
      done <<'END'
sse4_2 SSE42
avx AVX
avx2 AVX2
bmi2 BMI2
fma FMA
f16c F16C
avx_vnni AVX_VNNI
avx512f AVX512
avx512vbmi AVX512_VBMI
avx512_vnni AVX512_VNNI
avx512_bf16 AVX512_BF16
amx_tile AMX_TILE
amx_int8 AMX_INT8
END
      ;;
    Linux-aarch64) echo -DGGML_CPU_ALL_VARIANTS=ON ;; # the ARM variants are few and small
    *) echo -DGGML_NATIVE=OFF ;;
  esac
}

# One line for each GPU backend that can be built here: name, Ollama's folder for it, its CMake flags.
gpu_backends() {
  local version
  if command -v nvcc >/dev/null 2>&1; then
    version=$(nvcc --version | sed -n 's/.*release \([0-9]*\)\..*/\1/p')
    if [ "${version:-0}" -ge 12 ]; then
      echo "cuda cuda_v$version -DGGML_CUDA=ON -DCMAKE_CUDA_ARCHITECTURES=${WEIGHTROOM_CUDA_ARCHITECTURES:-native}"
    else
      say "the CUDA toolkit is version ${version:-unknown}; 12 or newer is needed. Going on without CUDA."
    fi
  fi
  if command -v hipconfig >/dev/null 2>&1; then
    version=$(hipconfig --version | cut -d. -f1,2 | tr . _)
    echo "hip rocm_v$version -DGGML_HIP=ON"
  fi
  if command -v glslc >/dev/null 2>&1 && pkg-config --exists vulkan 2>/dev/null; then
    if printf '#include <vulkan/vulkan.hpp>\nvk::LayerSettingEXT s;\n' | "${CXX:-c++}" -std=c++17 -fsyntax-only -x c++ - 2>/dev/null; then
      echo "vulkan vulkan -DGGML_VULKAN=ON"
    else
      say "the Vulkan headers are too old (vk::LayerSettingEXT is missing). Going on without Vulkan."
    fi
  fi
}

mapfile -t cpu < <(cpu_flags)
mapfile -t gpus < <(gpu_backends)

if command -v sha256sum >/dev/null 2>&1; then sha=sha256sum; else sha='shasum -a 256'; fi
source_id=$llama_requirement
if [ -n "${LLAMA_CPP_SOURCE:-}" ]; then
  [ -f "$LLAMA_CPP_SOURCE/CMakeLists.txt" ] || die "LLAMA_CPP_SOURCE=$LLAMA_CPP_SOURCE holds no llama.cpp source." "Name a checkout, or unset it."
  source_id="$(cd "$LLAMA_CPP_SOURCE" && pwd) $(git -C "$LLAMA_CPP_SOURCE" rev-parse HEAD 2>/dev/null || echo unversioned)"
fi
script=$(cat "${BASH_SOURCE[0]}" build/engine/patches/*.patch | $sha | cut -c1-64)
key=$(printf '%s\n' "$ollama" "$source_id" "$(uname -s)-$(uname -m)" "$variant" "${cpu[@]}" "${gpus[@]}" "$script" | $sha | cut -c1-16)

case "$(uname -s)" in
  Darwin) cache_default="$HOME/Library/Caches/weightroom" ;;
  *) cache_default="${XDG_CACHE_HOME:-$HOME/.cache}/weightroom" ;;
esac
cache="${WEIGHTROOM_CACHE:-$cache_default}/engine"
done_dir="$cache/$key"

link() {
  mkdir -p build/lib
  ln -sfn "$done_dir/lib/ollama" build/lib/ollama
}

finish_if_built() {
  [ -f "$done_dir/complete" ] || return 0
  link
  say "up to date (Ollama $ollama, $variant CPU${gpus[*]:+, ${gpus[*]%% *}})."
  exit 0
}

finish_if_built

need cmake "CMake 3.24 or newer"
need git git
need patch patch
need python3 "Python 3"
need "${CC:-cc}" "a C compiler"
need "${CXX:-c++}" "a C++ compiler"
if command -v ninja >/dev/null 2>&1; then generator=Ninja; else need make make; generator='Unix Makefiles'; fi

# One build at a time: a second checkout waits and then finds the result. A lock whose owner is gone is taken over.
mkdir -p "$cache"
lock="$cache/$key.lock"
until mkdir "$lock" 2>/dev/null; do
  owner=$(cat "$lock/pid" 2>/dev/null || true)
  if [ -n "$owner" ] && ! kill -0 "$owner" 2>/dev/null || [ -n "$(find "$lock" -maxdepth 0 -mmin +1 -empty)" ]; then
    rm -rf "$lock"
    continue
  fi
  [ -n "${waiting:-}" ] || say "waiting for another build of the same engine"
  waiting=1
  sleep 1
  finish_if_built
done
trap 'rm -rf "$lock"' EXIT
echo $$ >"$lock/pid"
finish_if_built
work=$(mktemp -d "$cache/build-XXXXXX")
trap 'rm -rf "$work" "$lock"' EXIT

say "fetching sources (Ollama $ollama, llama.cpp b$llama_build)"
module=$(go mod download -json "github.com/ollama/ollama@$ollama" | sed -n 's/.*"Dir": "\(.*\)".*/\1/p') ||
  die "the Ollama module could not be fetched." "Check the network and try again."
if [ -n "${LLAMA_CPP_SOURCE:-}" ]; then
  cp -R "$LLAMA_CPP_SOURCE" "$work/llama.cpp"
else
  printf '%s\n' "$llama_requirement" >"$work/requirements.txt"
  python3 -m pip --version >/dev/null 2>&1 || die "pip is missing." "Install python3-pip, or run 'make deps', and try again."
  python3 -m pip download --quiet --no-deps --no-binary llama-cpp-python --dest "$work" \
    --requirement "$work/requirements.txt" >"$work/pip.log" 2>&1 ||
    { cat "$work/pip.log" >&2; die "the llama.cpp source could not be fetched." "Check the network and try again."; }
  tar -xzf "$work"/llama_cpp_python-*.tar.gz -C "$work"
  mv "$work"/llama_cpp_python-*/vendor/llama.cpp "$work/llama.cpp"
fi
rm -f "$work/llama.cpp/.git" # a stray submodule pointer, which would stop the patches
for patch in "$root"/build/engine/patches/*.patch; do
  (cd "$work/llama.cpp" && patch --quiet --strip=1 --forward <"$patch") ||
    die "${patch##*/} does not fit this llama.cpp source." "Use the pinned source, or bring the patch up to date."
done

jobs=$(getconf _NPROCESSORS_ONLN)
stage="$work/stage"
mkdir -p "$stage/lib/ollama"

# build NAME TARGETS FLAG...: configures and builds below $work/NAME, with one progress line.
build() {
  local name=$1 targets=$2
  shift 2
  local log="$work/$name.log"
  cmake -S "$module/llama/server" -B "$work/$name" -G "$generator" -DCMAKE_BUILD_TYPE=Release \
    -DBUILD_SHARED_LIBS=ON -DGGML_BACKEND_DL=ON -DGGML_NATIVE=OFF -DGGML_OPENMP=OFF \
    -DLLAMA_BUILD_NUMBER="$llama_build" \
    -DFETCHCONTENT_SOURCE_DIR_LLAMA_CPP="$work/llama.cpp" "$@" >"$log" 2>&1 ||
    { tail -n 30 "$log" >&2; die "the $name build could not be configured." "The lines above say why."; }
  # shellcheck disable=SC2086 # targets is a list
  cmake --build "$work/$name" --parallel "$jobs" --target $targets 2>&1 | tee -a "$log" | progress "$name" ||
    { tail -n 30 "$log" >&2; die "the $name build failed." "The lines above say why."; }
}

progress() {
  awk -v name="$1" -v tty="$([ -t 2 ] && echo 1)" '
    match($0, /^\[ *[0-9]+%\]/) { p = substr($0, 2, RLENGTH - 3) + 0 }
    match($0, /^\[[0-9]+\/[0-9]+\]/) { split(substr($0, 2, RLENGTH - 2), a, "/"); p = int(100 * a[1] / a[2]) }
    p != last { if (tty) printf "\rengine: building %s %3d%%", name, p > "/dev/stderr"
                else if (p >= next10) { printf "engine: building %s %d%%\n", name, p > "/dev/stderr"; next10 = p - p % 10 + 10 }
                last = p }
    END { if (tty) print "" > "/dev/stderr" }'
}

if [ "$(uname -s)" = Darwin ]; then
  cpu+=(-DBUILD_SHARED_LIBS=OFF -DGGML_BACKEND_DL=OFF -DGGML_METAL=ON -DGGML_METAL_EMBED_LIBRARY=ON)
fi
build cpu "${tools[*]}" "${cpu[@]}" -DOLLAMA_RUNNER_DIR=
cmake --install "$work/cpu" --component llama-server --prefix "$stage" --strip >>"$work/cpu.log" 2>&1
for tool in "${tools[@]}"; do
  install -m 755 "$work/cpu/bin/$tool" "$stage/lib/ollama/$tool"
done
find "$work/cpu/bin" -name '*.so*' -exec cp -an {} "$stage/lib/ollama/" \;

built=cpu
for gpu in "${gpus[@]}"; do
  read -r backend dir flags <<<"$gpu"
  # shellcheck disable=SC2086 # flags is a list
  build "$backend" "ggml-$backend" $flags -DOLLAMA_RUNNER_DIR="$dir" -DOLLAMA_GPU_BACKEND="$backend"
  cmake --install "$work/$backend" --component llama-server --prefix "$stage" --strip >>"$work/$backend.log" 2>&1 || true
  compgen -G "$stage/lib/ollama/$dir/libggml-$backend*" >/dev/null || die "the $backend backend was not installed."
  built="$built $backend"
done

"$stage/lib/ollama/llama-server" --version >"$work/version" 2>&1 || { cat "$work/version" >&2; die "the built llama-server does not start."; }
printf 'ollama %s\nllama.cpp b%s\nvariant %s\nbackends %s\n' "${ollama#v}" "$llama_build" "$variant" "$built" >"$stage/lib/ollama/ENGINE"
touch "$stage/complete"
rm -rf "$done_dir"
mv -T "$stage" "$done_dir" 2>/dev/null || mv "$stage" "$done_dir"
link
say "done: $built, in ${SECONDS} s."
