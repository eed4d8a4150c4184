//! Everything that must be seen to work, through the deployed local stack over HTTP, against the channel's own books.

use end_to_end::run;
use payonce_local::StackOptions;

fn main() -> anyhow::Result<()> {
    run(StackOptions::for_test("scenarios"), Vec::new())
}
