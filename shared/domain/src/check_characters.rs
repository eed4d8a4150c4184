//! ISO 7064 MOD 1271-36: two check characters over digits and capital letters.
//!
//! They catch every single wrong character and every swap of neighbours, so that a number typed
//! from a bank statement, or one that merely looks like ours, is not taken for ours.

const ALPHABET: &[u8; 36] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const MODULUS: usize = 1271;
const RADIX: usize = 36;

/// The two check characters for `text`, or `None` if it holds anything but digits and capitals.
#[must_use]
pub fn compute(text: &str) -> Option<String> {
    let sum = remainder(text)? * RADIX % MODULUS * RADIX % MODULUS;
    let check = (MODULUS + 1 - sum) % MODULUS;
    let mut out = String::with_capacity(2);
    for value in [check / RADIX, check % RADIX] {
        out.push(char::from(ALPHABET[value]));
    }
    Some(out)
}

/// Whether the last two characters of `text` are the check characters of what precedes them.
#[must_use]
pub fn verify(text: &str) -> bool {
    text.len() > 2 && remainder(text) == Some(1)
}

fn remainder(text: &str) -> Option<usize> {
    text.bytes().try_fold(0, |sum, byte| {
        let value = if byte.is_ascii_digit() {
            byte - b'0'
        } else if byte.is_ascii_uppercase() {
            byte - b'A' + 10
        } else {
            return None;
        };
        Some((sum * RADIX + usize::from(value)) % MODULUS)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn agrees_with_the_worked_example_of_the_standard() {
        // The example of ISO 7064 for this system: ISO79 takes the characters 3W.
        assert_eq!(compute("ISO79").as_deref(), Some("3W"));
        assert!(verify("ISO793W"));
    }

    proptest! {
        /// F37: a number with a slip in it is nobody else's.
        #[test]
        fn one_wrong_character_or_a_swap_is_caught(body in "[0-9A-Z]{1,30}", at in 0usize..32, to in 0usize..36) {
            let text = format!("{body}{}", compute(&body).unwrap());
            prop_assert!(verify(&text));
            let mut bytes = text.clone().into_bytes();
            let at = at % bytes.len();
            bytes[at] = ALPHABET[to];
            let changed = String::from_utf8(bytes).unwrap();
            prop_assert_eq!(verify(&changed), changed == text);
            let mut swapped = text.clone().into_bytes();
            if at + 1 < swapped.len() {
                swapped.swap(at, at + 1);
                let swapped = String::from_utf8(swapped).unwrap();
                prop_assert_eq!(verify(&swapped), swapped == text);
            }
        }
    }
}
