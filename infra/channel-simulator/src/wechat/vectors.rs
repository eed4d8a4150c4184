//! Messages that others have signed and encrypted, read where they lie beside the checkout.

use std::path::Path;

use serde_json::Value;

pub(crate) struct Vectors(Value);

impl Vectors {
    /// None where they do not lie; in CI the run itself has made sure that they do.
    pub(crate) fn read() -> Option<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let path = root.join("../../../shared/vectors/wechat.json");
        match std::fs::read(&path) {
            Ok(text) => Some(Self(serde_json::from_slice(&text).unwrap())),
            Err(error) => {
                let said = format!("no vectors at {}: {error}", path.display());
                assert!(std::env::var_os("CI").is_none(), "{said}");
                #[expect(clippy::print_stderr, reason = "a skipped test has to say so")]
                {
                    eprintln!("SKIPPED: {said}");
                }
                None
            }
        }
    }

    pub(crate) fn of_kind(&self, kind: &str) -> impl Iterator<Item = &Value> {
        let all = self.0["vectors"].as_array().unwrap();
        all.iter().filter(move |one| one["kind"] == kind)
    }

    pub(crate) fn key(&self, name: &str) -> &str {
        self.0["keys"][name].as_str().unwrap()
    }
}
