#!/bin/sh
# packaging/build.sh TARGET: the release binary for one target, the same bytes in whatever directory it is built.
# Prints where it is. With `cargo auditable` on the machine the binary says what it was built from (`cargo audit bin`).
set -eu
cd "$(dirname "$0")/.."
target="$1"
profile="${PROFILE:-release}"

# No path of this machine may get into the binary.
home="${CARGO_HOME:-$HOME/.cargo}"
out="${CARGO_TARGET_DIR:-$PWD/target}"
RUSTFLAGS="--remap-path-prefix=$PWD=/countersign --remap-path-prefix=$out=/countersign/target --remap-path-prefix=$home=/cargo"
case "$target" in
  *-windows-msvc) RUSTFLAGS="$RUSTFLAGS -Ctarget-feature=+crt-static -Clink-arg=/Brepro" ;;
  *-musl) RUSTFLAGS="$RUSTFLAGS -Ctarget-feature=+crt-static" ;;
esac
case "$target" in
  *-windows-msvc) ;;
  *) CFLAGS="${CFLAGS:-} -ffile-prefix-map=$PWD=/countersign -ffile-prefix-map=$out=/countersign/target -ffile-prefix-map=$home=/cargo" ;;
esac
export RUSTFLAGS CARGO_INCREMENTAL=0 ${CFLAGS:+CFLAGS}

if cargo auditable --version > /dev/null 2>&1; then auditable=auditable; else auditable=""; fi
# shellcheck disable=SC2086 # nothing, or one word
cargo $auditable build --quiet --locked --profile "$profile" --target "$target" --bin countersign

case "$profile" in dev) directory=debug ;; *) directory="$profile" ;; esac
case "$target" in *-windows-*) end=.exe ;; *) end="" ;; esac
printf '%s\n' "$out/$target/$directory/countersign$end"
