"""Rules about dependencies that need nothing but cargo: sources, licences, one crypto library.

The same rules stand in deny.toml for `cargo deny check`, which also knows advisories; it takes minutes to build, so
people run it and this does not.
"""

import json
import pathlib
import re
import subprocess
import sys

LICENCES = {
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-3-Clause",
    "CDLA-Permissive-2.0",  # The list of public certificate authorities, which is data.
    "ISC",
    "MIT",
    "Unicode-3.0",
    "Zlib",
}
# Other implementations of TLS, signatures and hashing.
BARRED = re.compile(r"aws-lc-|openssl(-sys|-src)?$|native-tls|boring|libsodium|mbedtls|wolfssl")
# What a function signs, verifies and encrypts with: one of each, and nothing beside ring.
ONCE = {"ring", "rustls", "rustls-webpki", "sha2", "hmac", "md-5"}
OTHER_SIGNERS = {"rsa", "p256", "p384", "ecdsa", "ed25519-dalek", "aes", "aes-gcm", "chacha20poly1305"}
# The simulator plays the channels with keys of its own making, and shares no crypto with what it tests.
OTHER_SIGNERS_USERS = {"channel-simulator"}

wrong = []


def cargo(*arguments):
    return subprocess.check_output(["cargo", *arguments], text=True)


def allowed(expression):
    """Whether a licence expression can be met: `OR` (once written `/`) needs one side, `AND` both."""
    words = expression.replace("/", " OR ").replace("(", " ( ").replace(")", " ) ").split()

    def either():
        met = both()
        while words and words[0] == "OR":
            words.pop(0)
            met = both() or met
        return met

    def both():
        met = one()
        while words and words[0] == "AND":
            words.pop(0)
            met = one() and met
        return met

    def one():
        name = words.pop(0)
        if name == "(":
            met = either()
            words.pop(0)
            return met
        if words and words[0] == "WITH":
            name = f"{name} {words.pop(0)} {words.pop(0)}"
        return name in LICENCES

    return either()


for expression, expected in [
    ("MIT OR GPL-3.0", True),
    ("MIT AND GPL-3.0", False),
    ("GPL-3.0/MIT", True),
    ("(MIT OR GPL-3.0) AND ISC", True),
    ("GPL-3.0 OR MIT AND GPL-2.0", False),
    ("Apache-2.0 WITH LLVM-exception", True),
]:
    assert allowed(expression) == expected, expression

lock = pathlib.Path("Cargo.lock").read_text(encoding="utf-8")
for entry in lock.split("[[package]]")[1:]:
    name = re.search(r'^name = "(.+)"$', entry, re.M).group(1)
    source = re.search(r'^source = "(.+)"$', entry, re.M)
    if source and not source.group(1).startswith("registry+https://github.com/rust-lang/crates.io-index"):
        wrong.append(f"{name} does not come from crates.io: {source.group(1)}")
    if BARRED.match(name):
        wrong.append(f"{name}: ring is the only crypto library")

metadata = json.loads(cargo("metadata", "--locked", "--format-version", "1"))
for package in metadata["packages"]:
    licence = package["license"]
    if not licence or not allowed(licence):
        wrong.append(f"{package['name']} {package['version']}: licence {licence}")
    for dependency in package["dependencies"]:
        signs = package["source"] is None and dependency["name"] in OTHER_SIGNERS
        if signs and package["name"] not in OTHER_SIGNERS_USERS:
            wrong.append(f"{package['name']} uses {dependency['name']}; ring signs, verifies and encrypts")

functions = sorted(folder.name for folder in pathlib.Path("functions").iterdir() if folder.is_dir())
for function in functions:
    tree = cargo("tree", "--locked", "--edges", "normal", "--prefix", "none", "--package", function)
    crates = {tuple(line.split()[:2]) for line in tree.splitlines() if line.strip()}
    names = [name for name, _ in crates]
    for name in sorted(ONCE & set(names)):
        if names.count(name) > 1:
            wrong.append(f"{function} holds {names.count(name)} versions of {name}")
    for name in sorted(OTHER_SIGNERS & set(names)):
        wrong.append(f"{function} holds {name} beside ring")
    if "ring" not in names:
        wrong.append(f"{function} holds no ring: the tree is read wrongly")

print(f"{len(metadata['packages'])} packages, {len(functions)} functions")
if wrong:
    sys.exit("\n".join(wrong))
