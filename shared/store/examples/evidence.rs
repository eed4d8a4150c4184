//! Checks a payment's evidence as the console exports it. It needs the file and nothing else.
//!
//! ```sh
//! cargo run -p payonce-store --example evidence -- verify P….evidence.json
//! ```

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this program talks to a person"
)]

use std::process::ExitCode;

use payonce_store::dossier::{self, Verified};

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    let ["verify", path] = arguments.as_slice() else {
        eprintln!("usage: evidence verify FILE");
        return ExitCode::FAILURE;
    };
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => {
            eprintln!("{path}: {error}");
            return ExitCode::FAILURE;
        }
    };
    match dossier::verify(&text) {
        Ok(verified) => {
            say(&verified);
            ExitCode::SUCCESS
        }
        Err(doubt) => {
            eprintln!("NOT BELIEVED: {doubt}");
            ExitCode::FAILURE
        }
    }
}

fn say(verified: &Verified) {
    let Verified {
        payment,
        steps,
        money,
        messages,
        missing,
        hash,
    } = verified;
    println!(
        "intact: payment {}, {:?}",
        payment.payment_no(),
        payment.state
    );
    println!("  {} steps, each bound to those before it", steps.len());
    println!("  {messages} messages of channels, each what its digest says");
    for digest in missing {
        println!("  not in the file: {digest}");
    }
    let fen = |amount: payonce_domain::Money| amount.minor();
    println!(
        "  in fen: captured {} = applied {} + refunded {} + on its way back {} + in suspense {}",
        fen(money.captured),
        fen(money.applied),
        fen(money.refunded),
        fen(money.refund_due),
        fen(money.suspense),
    );
    println!("  last hash {hash}: compare it with the one that the console shows");
}
