#!/bin/sh
# packaging/describe.sh REPOSITORY_URL SHA256SUMS OUTDIR: fills the descriptions for Homebrew and Scoop, and the digest table of the
# GitHub action, from the checksums of a release.
set -eu
cd "$(dirname "$0")"
url="$1" sums="$2" out="$3"
version="$(sed -n 's/^version = "\([0-9A-Za-z.+-]*\)"$/\1/p' ../Cargo.toml | head -n 1)"

# ARCHIVE: its digest, which must be there.
digest() {
  found="$(sed -n "s/^\([0-9a-f]\{64\}\)  \(.*\/\)\{0,1\}$1\$/\1/p" "$sums")"
  [ -n "$found" ] || { echo "error: $sums holds no $1" >&2; exit 3; }
  printf '%s' "$found"
}

fill() {
  for target in x86_64-unknown-linux-musl aarch64-unknown-linux-musl x86_64-apple-darwin aarch64-apple-darwin; do
    set -- "$@" -e "s/@$target@/$(digest "countersign-$version-$target.tar.gz")/g"
  done
  windows="$(digest "countersign-$version-x86_64-pc-windows-msvc.zip")"
  sed -e "s|@url@|$url|g" -e "s/@version@/$version/g" -e "s/@x86_64-pc-windows-msvc@/$windows/g" "$@"
}

mkdir -p "$out"
fill < homebrew/countersign.rb > "$out/countersign.rb"
fill < scoop/countersign.json > "$out/countersign.json"
for file in "$out"/countersign.*; do
  if grep -q '@' "$file"; then echo "error: $file is not filled" >&2; exit 3; fi
done
