//! Signs as channels do, with a key that anybody can break and that signs twenty times as fast as a good one.
//!
//! A reader behind a signature is reached only by what is signed, and a good key needs half a millisecond for that, fifty times
//! what the reader takes. This key's modulus is the product of 64 primes of 32 bits each: it has the 2048 bits that verifiers
//! insist on, to them it is a key like any other, and a signature is 64 powers of small numbers, put together.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use num_bigint::BigUint;
use ring::digest::{SHA256, digest};

/// The public half, in PEM.
pub(crate) const PUBLIC: &str = include_str!("weak/public.pem");

const EXPONENT: u64 = 65_537;
const PRIMES: usize = 64;
const MODULUS_BYTES: usize = 256;
/// What PKCS #1 writes before a SHA-256 digest (RFC 8017, 9.2).
const DIGEST_INFO: [u8; 19] = [
    0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05,
    0x00, 0x04, 0x20,
];

static KEY: LazyLock<Vec<Factor>> = LazyLock::new(|| {
    let primes: Vec<u64> = (1..1 << 32)
        .rev()
        .filter(|n| n % EXPONENT != 1 && is_prime(*n))
        .take(PRIMES)
        .collect();
    let modulus = primes.iter().product::<BigUint>();
    let factor = |prime: &u64| {
        let others = &modulus / prime;
        Factor {
            prime: *prime,
            exponent: inverse(EXPONENT, prime - 1),
            weight: &others * inverse(below(&others, *prime), *prime),
        }
    };
    primes.iter().map(factor).collect()
});

/// One prime of the modulus.
struct Factor {
    prime: u64,
    /// Undoes the public exponent beneath this prime.
    exponent: u64,
    /// One beneath this prime, nothing beneath the others.
    weight: BigUint,
}

/// A signature by RSASSA-PKCS1-v1_5 with SHA-256, in base64.
pub(crate) fn sign(text: &[u8]) -> String {
    let digest = digest(&SHA256, text);
    let mut padded = vec![0xff; MODULUS_BYTES];
    padded[..2].copy_from_slice(&[0, 1]);
    let end = [&[0], &DIGEST_INFO[..], digest.as_ref()].concat();
    padded[MODULUS_BYTES - end.len()..].copy_from_slice(&end);
    let padded = BigUint::from_bytes_be(&padded);

    let modulus: &BigUint = &MODULUS;
    let parts = KEY.iter().map(|factor| {
        let part = power(below(&padded, factor.prime), factor.exponent, factor.prime);
        &factor.weight * part
    });
    let signature = (parts.sum::<BigUint>() % modulus).to_bytes_be();
    let mut whole = vec![0; MODULUS_BYTES - signature.len()];
    whole.extend_from_slice(&signature);
    STANDARD.encode(whole)
}

static MODULUS: LazyLock<BigUint> =
    LazyLock::new(|| KEY.iter().map(|factor| factor.prime).product());

fn below(number: &BigUint, prime: u64) -> u64 {
    (number % prime)
        .try_into()
        .expect("a remainder is less than what it is of")
}

/// `base` to the power of `exponent`, beneath a modulus of 32 bits.
fn power(mut base: u64, mut exponent: u64, modulus: u64) -> u64 {
    let mut power = 1;
    while exponent > 0 {
        if exponent % 2 == 1 {
            power = power * base % modulus;
        }
        base = base * base % modulus;
        exponent /= 2;
    }
    power
}

/// The number that makes one of `number` beneath a modulus of 32 bits that has no factor in common with it.
fn inverse(number: u64, modulus: u64) -> u64 {
    let (mut rest, mut next) = (i128::from(modulus), i128::from(number % modulus));
    let (mut past, mut found) = (0, 1);
    while next != 0 {
        let times = rest / next;
        (rest, next) = (next, rest - times * next);
        (past, found) = (found, past - times * found);
    }
    u64::try_from(past.rem_euclid(i128::from(modulus))).expect("the modulus has 32 bits")
}

fn is_prime(number: u64) -> bool {
    let mut divisors = (3..).step_by(2).take_while(|d| d * d <= number);
    number % 2 == 1 && divisors.all(|d| !number.is_multiple_of(d))
}
