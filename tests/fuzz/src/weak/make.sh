#!/usr/bin/env bash
# Makes every file beside it: a worthless key, which signs twenty times as fast as a good one (see `weak.rs`), and UnionPay's
# certificate of it beneath two authorities. Needs Python 3 and the OpenSSL command line. Run it in this directory.
set -euo pipefail
cd "$(dirname "$0")"
unionpay='/C=CN/O=China Financial Certification Authority/CN=041@8310000000083040@中国银联股份有限公司@00016495'
export MSYS_NO_PATHCONV=1
rm -f ./*.crt ./*.pem

# The modulus is the product of the 64 greatest primes of 32 bits with which 65537 is a good exponent.
python3 - > weak.cnf <<'PYTHON'
def prime(n):
    return n % 2 == 1 and all(n % d for d in range(3, int(n**0.5) + 1, 2))
modulus, found, candidate = 1, 0, 2**32
while found < 64:
    candidate -= 1
    if prime(candidate) and candidate % 65537 != 1:
        modulus, found = modulus * candidate, found + 1
print(f"""asn1 = SEQUENCE:key
[key]
algorithm = SEQUENCE:rsa
key = BITWRAP,SEQUENCE:numbers
[rsa]
algorithm = OID:rsaEncryption
parameters = NULL
[numbers]
modulus = INTEGER:{modulus:#x}
exponent = INTEGER:65537""")
PYTHON
openssl asn1parse -genconf weak.cnf -noout -out weak.der
openssl pkey -pubin -inform DER -in weak.der -out public.pem

# issue <name> <subject> <constraints> <serial> <the key and the issuer, as options>
issue() {
  local name=$1 subject=$2 serial=$4
  printf 'basicConstraints=%s\n' "$3" > extensions
  shift 4
  # Whose key the request carries does not matter where another is put in its place.
  openssl req -new -utf8 -key root.pem -subj "$subject" -out request
  openssl x509 -req -sha256 -in request -days 36500 -set_serial "$serial" -extfile extensions -out "$name.crt" "$@" 2>/dev/null
}
for authority in root middle; do
  openssl genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out "$authority.pem" 2>/dev/null
done
openssl pkey -in middle.pem -pubout -out middle.public
issue root '/C=CN/O=China Financial Certification Authority/CN=Root' critical,CA:TRUE 1 -signkey root.pem
issue middle '/C=CN/O=China Financial Certification Authority/CN=OCA1' critical,CA:TRUE 2 \
  -force_pubkey middle.public -CA root.crt -CAkey root.pem
issue leaf "$unionpay" CA:FALSE 4 -force_pubkey public.pem -CA middle.crt -CAkey middle.pem
rm -f weak.cnf weak.der extensions request middle.public root.pem middle.pem ./*.srl
