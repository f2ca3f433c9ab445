#!/usr/bin/env bash
# Signs evidence with a key that never leaves a PKCS#11 token (SoftHSM2), through the script that docs/KEYS.md names, has it stamped
# by a timestamp authority of OpenSSL's, and verifies both with countersign, openssl and rfc3161-client. Installs softhsm2, opensc,
# python-pkcs11 and rfc3161-client where they are missing.
#
#   tests/keys/run.sh [BINARY]     without BINARY: target/debug/countersign, built first
set -euo pipefail
cd "$(dirname "$0")/../.."
root="$PWD"
tools="$root/target/keys"
work="$tools/work"
rm -rf "$work"
mkdir -p "$work/tokens"

if (( $# )); then
  binary="$(realpath "$1")"
else
  cargo build --locked --quiet
  binary="$root/target/debug/countersign"
fi
missing=()
for package in softhsm2 opensc openssl python3-venv python3-dev gcc; do
  if ! dpkg --status "$package" > /dev/null 2>&1; then missing+=("$package"); fi
done
if (( ${#missing[@]} )); then apt-get update --quiet > /dev/null; apt-get install --yes --quiet "${missing[@]}" > /dev/null; fi
python="$tools/venv/bin/python"
if [[ ! -x "$python" ]]; then python3 -m venv "$tools/venv"; fi
"$python" -m pip install --quiet --disable-pip-version-check python-pkcs11==0.7.0 rfc3161-client==1.0.9

module="$(dpkg --listfiles libsofthsm2 | grep -m1 'libsofthsm2\.so$')"
export SOFTHSM2_CONF="$work/softhsm2.conf"
printf 'directories.tokendir = %s\n' "$work/tokens" > "$SOFTHSM2_CONF"
softhsm2-util --init-token --free --label gate --pin 1234 --so-pin 5678 > /dev/null
pkcs11-tool --module "$module" --token-label gate --login --pin 1234 \
  --keypairgen --key-type EC:edwards25519 --label gate --id 01 > /dev/null 2>&1
pkcs11-tool --module "$module" --token-label gate --read-object --type pubkey --label gate --output-file "$work/gate.point" \
  > /dev/null 2>&1
# Newer tools give PEM; older ones the point, an octet string that ends in the 32 bytes that SPKI has behind twelve of its own.
if head -c 10 "$work/gate.point" | grep -q -- '-----BEGIN'; then
  cp "$work/gate.point" "$work/gate.pub.pem"
else
  { printf '\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00'; tail -c 32 "$work/gate.point"; } > "$work/gate.pub.der"
  openssl pkey -pubin -inform DER -in "$work/gate.pub.der" -out "$work/gate.pub.pem"
fi

# A root and a timestamp authority below it.
cat > "$work/tsa.cnf" <<CONFIGURATION
[req]
distinguished_name = dn
prompt = no
x509_extensions = root
[dn]
CN = root
[root]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign
subjectKeyIdentifier = hash
[stamps]
basicConstraints = CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = critical,timeStamping
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[tsa]
default_tsa = tool
[tool]
serial = $work/serial
crypto_device = builtin
signer_cert = $work/tsa.pem
signer_key = $work/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
accuracy = secs:1
ess_cert_id_alg = sha256
CONFIGURATION
openssl req -x509 -newkey rsa:2048 -nodes -keyout "$work/root.key" -days 9 -config "$work/tsa.cnf" -out "$work/root.pem" 2> /dev/null
openssl ecparam -name prime256v1 -genkey -noout -out "$work/tsa.key"
openssl req -new -key "$work/tsa.key" -subj '/CN=stamps' -config "$work/tsa.cnf" -out "$work/tsa.csr"
openssl x509 -req -in "$work/tsa.csr" -CA "$work/root.pem" -CAkey "$work/root.key" -CAcreateserial -days 9 \
  -extfile "$work/tsa.cnf" -extensions stamps -out "$work/tsa.pem" 2> /dev/null
cat > "$work/ask-tsa.sh" <<SCRIPT
cat > "$work/request"
openssl ts -reply -config "$work/tsa.cnf" -queryfile "$work/request" -out "$work/answer" 2> /dev/null
cat "$work/answer"
SCRIPT

export PKCS11_MODULE="$module" PKCS11_TOKEN=gate PKCS11_KEY=gate PKCS11_PIN=1234
scenario="$root/fixtures/scenarios/pass"
mapfile -t arguments < <("$python" -c 'import sys, tomllib
print("\n".join(tomllib.load(open(sys.argv[1], "rb"))["args"]))' "$scenario/scenario.toml")
(cd "$scenario" && "$binary" check "${arguments[@]}" --evidence "$work/evidence" --quiet \
  --sign-command "$python $root/tests/keys/sign-pkcs11.py" --public-key "$work/gate.pub.pem" --timestamp-command "sh $work/ask-tsa.sh")

folder="$(echo "$work"/evidence/d-*)"
"$binary" verify "$folder" --key "$work/gate.pub.pem" --any-subject --allow-pinned-clock --tsa-root "$work/root.pem" \
  > "$work/verify.txt"
grep -q '^VERIFIED$' "$work/verify.txt"
grep -q 'seen by the timestamp authority stamps at ' "$work/verify.txt"
field() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p" "$folder/decision.dsse.json" | tr -d '\n'; }
field payload | openssl base64 -d -A > "$work/statement"
field sig | openssl base64 -d -A > "$work/signature"
{ printf 'DSSEv1 28 application/vnd.in-toto+json %d ' "$(wc -c < "$work/statement")"; cat "$work/statement"; } > "$work/pae"
openssl pkeyutl -verify -pubin -inkey "$work/gate.pub.pem" -rawin -in "$work/pae" -sigfile "$work/signature" > /dev/null

sed -n 's/.*"signedTimestamp":"\([^"]*\)".*/\1/p' "$folder/decision.sigstore.json" | openssl base64 -d -A > "$work/timestamp"
openssl ts -verify -data "$work/signature" -in "$work/timestamp" -CAfile "$work/root.pem" > /dev/null 2>&1
"$python" - "$work" <<'SCRIPT'
import pathlib, sys
from cryptography import x509
from rfc3161_client import VerifierBuilder, decode_timestamp_response

work = pathlib.Path(sys.argv[1])
root, tsa = (x509.load_pem_x509_certificate((work / name).read_bytes()) for name in ("root.pem", "tsa.pem"))
verifier = VerifierBuilder().tsa_certificate(tsa).add_root_certificate(root).build()
answer = decode_timestamp_response((work / "timestamp").read_bytes())
assert verifier.verify_message(answer, (work / "signature").read_bytes())
SCRIPT

# A wrong PIN signs nothing and leaves nothing.
code=0
(cd "$scenario" && PKCS11_PIN=0000 "$binary" check "${arguments[@]}" --evidence "$work/none" --quiet \
  --sign-command "$python $root/tests/keys/sign-pkcs11.py" --public-key "$work/gate.pub.pem") 2> "$work/pin.txt" || code=$?
[[ "$code" == 4 && ! -e "$work/none" ]] || { echo "a wrong PIN ended with $code"; cat "$work/pin.txt"; exit 1; }
echo "PKCS#11: signed in the token, stamped, verified by countersign, openssl and rfc3161-client; a wrong PIN signs nothing"
