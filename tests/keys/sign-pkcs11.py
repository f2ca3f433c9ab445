#!/usr/bin/env python3
"""Signs standard input with an Ed25519 key in a PKCS#11 token, for `--sign-command`: prints the 64 bytes of the signature.

Needs python-pkcs11 (pip). The key never leaves the token. One call of C_Sign: many tools sign in parts, which tokens refuse
for EdDSA.

  PKCS11_MODULE  the token's library, such as /usr/lib/softhsm/libsofthsm2.so
  PKCS11_TOKEN   the token's label
  PKCS11_KEY     the private key's label
  PKCS11_PIN     the user's PIN
"""
import os
import sys

import pkcs11

token = pkcs11.lib(os.environ["PKCS11_MODULE"]).get_token(token_label=os.environ["PKCS11_TOKEN"])
with token.open(user_pin=os.environ["PKCS11_PIN"]) as session:
    key = session.get_key(object_class=pkcs11.ObjectClass.PRIVATE_KEY, label=os.environ["PKCS11_KEY"])
    sys.stdout.buffer.write(key.sign(sys.stdin.buffer.read(), mechanism=pkcs11.Mechanism.EDDSA))
