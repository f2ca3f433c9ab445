#!/bin/sh
# packaging/reproduce.sh TARGET: builds the committed source twice, in two directories with other names, and compares the bytes.
# Exit code 0: the same; 1: not.
set -eu
cd "$(dirname "$0")/.."
target="$1"
unset CARGO_TARGET_DIR
scratch="$(mktemp -d)"
trap 'rm -rf "$scratch"' EXIT

for place in one another/and/longer; do
  mkdir -p "$scratch/$place"
  git archive HEAD | tar -x -C "$scratch/$place"
  binary="$("$scratch/$place/packaging/build.sh" "$target")"
  cp "$binary" "$scratch/$(printf '%s' "$place" | tr / -).bin"
  rm -rf "${scratch:?}/$place/target"
done
if cmp "$scratch/one.bin" "$scratch/another-and-longer.bin"; then
  sha256sum "$scratch/one.bin" | cut -c 1-64
else
  echo "the two builds differ" >&2
  exit 1
fi
