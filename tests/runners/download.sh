# shellcheck shell=bash
# The action downloads a release whose digest it knows, from a server that is a directory here. Sourced by run.sh after script.sh.

download="$work/download"
rm -rf "$download"
mkdir -p "$download/bin"
version="$(sed -n 's/^version = "\(.*\)"$/\1/p' Cargo.toml | head -n 1)"
name="countersign-$version-x86_64-unknown-linux-musl"
mkdir -p "$download/$name"
cp "$stub" "$download/$name/countersign"
tar -czf "$download/$name.tar.gz" -C "$download" "$name"
sum="$(sha256sum "$download/$name.tar.gz" | cut -c 1-64)"

# A curl that fetches from that directory, and tells what it was asked for.
cat > "$download/bin/curl" <<'CURL'
#!/usr/bin/env bash
printf '%s\n' "$*" >> "$CURL_LOG"
while [[ "$1" != --output ]]; do shift; done
cp "$CURL_SERVES/${3##*/}" "$2"
CURL
chmod +x "$download/bin/curl"

# An action of this version whose table knows that archive.
known="$download/_actions/acme/countersign/v0.1.0"
mkdir -p "$known/action"
cp "$root/Cargo.toml" "$known"
printf '# digests\n%s  %s.tar.gz\n' "$sum" "$name" > "$known/action/digests.txt"
fetched=(STUB_DOTENV="$(dotenv pass 0)" IN_BINARY= GITHUB_ACTION_PATH="$known" RUNNER_TOOL_CACHE="$download/tools"
  CURL_LOG="$download/log" CURL_SERVES="$download" PATH="$download/bin:$PATH")

run_script "${fetched[@]}"
ended "download: a release in the table" 0 pass
check "download: from the releases of the action's own repository, over https alone" grep -q -- \
  "--proto =https --proto-redir =https .* https://github.com/acme/countersign/releases/download/v$version/$name.tar.gz\$" "$download/log"
run_script "${fetched[@]}"
ended "download: again" 0 pass
check "download: the second run takes it from the tool cache" test "$(wc -l < "$download/log")" = 1
echo poisoned >> "$download/tools/countersign/$version/$sum/$name.tar.gz"
run_script "${fetched[@]}" && ended "download: what somebody changed in the cache is not run" 4 error
run_script "${fetched[@]}" && ended "download: and is fetched anew the next time" 0 pass
run_script "${fetched[@]}" IN_CHECKSUM="$(printf '%064d' 1)" && ended "download: another digest than was asked for" 4 error
run_script "${fetched[@]}" IN_CHECKSUM=abc && ended "download: a checksum that is none" 2 error
run_script "${fetched[@]}" IN_VERSION=latest && ended "download: a version that is not exact" 2 error
run_script "${fetched[@]}" IN_VERSION=9.9.9 && ended "download: a version that the table does not know" 2 error
run_script "${fetched[@]}" RUNNER_ARCH=S390X IN_CHECKSUM="$sum" && ended "download: a runner that there is no release for" 2 error
run_script "${fetched[@]}" IN_DOWNLOAD_URL=http://mirror.example.com RUNNER_TOOL_CACHE="$download/none" && \
  ended "download: a mirror without https" 2 error
run_script "${fetched[@]}" CURL_SERVES=/nowhere RUNNER_TOOL_CACHE="$download/none" && ended "download: a server that has nothing" 4 error
: > "$download/log"
run_script "${fetched[@]}" IN_DOWNLOAD_URL=https://mirror.example.com/countersign/ RUNNER_TOOL_CACHE="$download/mirrored"
ended "download: from a mirror" 0 pass
check "download: the mirror was asked" grep -q " https://mirror.example.com/countersign/v$version/$name.tar.gz\$" "$download/log"
: > "$download/log"
run_script "${fetched[@]}" IN_BINARY="$stub" && ended "download: nothing is downloaded where there is a binary" 0 pass
check "download: curl was not asked" test ! -s "$download/log"
