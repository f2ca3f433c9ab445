#!/bin/sh
# packaging/archive.sh BINARY TARGET OUTDIR: what is published for one target, as OUTDIR/countersign-VERSION-TARGET.tar.gz (.zip on
# Windows): the binary, man pages, completions, licences, README and CHANGELOG. GNU tar writes the same bytes each time.
set -eu
cd "$(dirname "$0")/.."
binary="$1" target="$2" out="$3"
version="$(sed -n 's/^version = "\([0-9A-Za-z.+-]*\)"$/\1/p' Cargo.toml | head -n 1)"
name="countersign-$version-$target"
scratch="$(mktemp -d)"
trap 'rm -rf "$scratch"' EXIT
inside="$scratch/$name"

mkdir -p "$inside/man" "$inside/completions" "$out"
cp "$binary" README.md CHANGELOG.md LICENSE-APACHE LICENSE-MIT "$inside/"
"$binary" man "$inside/man"
"$binary" completions bash > "$inside/completions/countersign.bash"
"$binary" completions zsh > "$inside/completions/_countersign"
"$binary" completions fish > "$inside/completions/countersign.fish"
"$binary" completions powershell > "$inside/completions/countersign.ps1"

case "$target" in
  *-windows-*)
    archive="$out/$name.zip"
    # Windows has bsdtar, which makes a zip of what is to be called so.
    tar -a -cf "$archive" -C "$scratch" "$name"
    ;;
  *)
    archive="$out/$name.tar.gz"
    if tar --version | grep -q GNU; then
      tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner --mode=go=rX,u+rw -cf - -C "$scratch" "$name" | gzip -9n > "$archive"
    else
      tar -cf - -C "$scratch" "$name" | gzip -9n > "$archive"
    fi
    ;;
esac
printf '%s\n' "$archive"
