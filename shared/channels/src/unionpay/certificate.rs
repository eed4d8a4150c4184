//! UnionPay's certificates: each message brings its signer's along, and this file says whether to believe
//! it. It must lead over a pinned authority to the pinned root, be valid at the time, and carry
//! UnionPay's own name: the authority serves other customers too.

use payonce_domain::Timestamp;
use x509_parser::certificate::X509Certificate;
use x509_parser::pem::Pem;

use crate::chain::{self, ChainHash};
use crate::registry::ConfigurationError;
use crate::rsa::VerifyingKey;

/// How many parts a signer's name has: `041@8310000000083040@中国银联股份有限公司@00016495`.
const NAME_PARTS: usize = 4;

/// The authorities that may vouch for UnionPay's certificates.
#[derive(Debug)]
pub(super) struct Authorities {
    root: Pem,
    /// Several while UnionPay's authority is being changed.
    middles: Vec<Pem>,
    signer_names: Vec<String>,
    hash: ChainHash,
}

impl Authorities {
    /// Reads the pinned certificates; each middle one must have been signed by the root.
    pub(super) fn open(
        root_pem: &str,
        middle_pems: &[String],
        signer_names: &[String],
        sha1_chain: bool,
    ) -> Result<Self, ConfigurationError> {
        let hash = if sha1_chain {
            ChainHash::Sha1Too
        } else {
            ChainHash::Sha256
        };
        let root = first(root_pem).ok_or(ConfigurationError::Settings(
            "root_cert is not a certificate",
        ))?;
        let middles: Option<Vec<_>> = middle_pems.iter().map(|pem| first(pem)).collect();
        let middles = middles.filter(|middles| !middles.is_empty());
        let middles = middles.ok_or(ConfigurationError::Settings(
            "middle_certs are not certificates",
        ))?;
        let trusted = |middle: &Pem| {
            let (middle, root) = (chain::parsed(middle)?, chain::parsed(&root)?);
            let authorities = chain::is_authority(&middle) && chain::is_authority(&root);
            (authorities && chain::signed_by(&middle, &root, hash)).then_some(())
        };
        if !middles.iter().all(|middle| trusted(middle).is_some()) {
            return Err(ConfigurationError::Settings(
                "a certificate of middle_certs was not issued by root_cert",
            ));
        }
        Ok(Self {
            root,
            middles,
            signer_names: signer_names.to_vec(),
            hash,
        })
    }

    /// The key of a signer's certificate, if it is to be believed at this time.
    pub(super) fn leaf_key(&self, leaf_pem: &str, at: Timestamp) -> Option<VerifyingKey> {
        let blocks = chain::blocks(leaf_pem)?;
        let [block] = &blocks[..] else { return None };
        let leaf = chain::parsed(block)?;
        let root = chain::parsed(&self.root)?;
        let valid =
            |certificate: &X509Certificate<'_>| chain::covers(chain::validity(certificate), at);
        let vouched = self
            .middles
            .iter()
            .filter_map(chain::parsed)
            .any(|middle| valid(&middle) && chain::signed_by(&leaf, &middle, self.hash));
        let believed = vouched
            && valid(&leaf)
            && valid(&root)
            && !chain::claims_authority(&leaf)
            && self.is_signer(&leaf);
        VerifyingKey::from_info(leaf.public_key()).filter(|_| believed)
    }

    /// Whether the subject is UnionPay. The whole third part counts: a name that merely contains it could
    /// be anybody's.
    fn is_signer(&self, leaf: &X509Certificate<'_>) -> bool {
        let mut names = leaf.subject().iter_common_name();
        let (Some(name), None) = (names.next(), names.next()) else {
            return false;
        };
        let Ok(name) = name.as_str() else {
            return false;
        };
        let parts: Vec<_> = name.split('@').collect();
        parts.len() == NAME_PARTS && self.signer_names.iter().any(|signer| signer == parts[2])
    }
}

/// The serial number of a merchant's certificate in decimal (`certId`), and its key.
pub(super) fn merchant(pem: &str) -> Option<(String, VerifyingKey)> {
    let block = first(pem)?;
    let certificate = chain::parsed(&block)?;
    let key = VerifyingKey::from_info(certificate.public_key())?;
    Some((certificate.tbs_certificate.serial.to_string(), key))
}

fn first(pem: &str) -> Option<Pem> {
    let block = chain::blocks(pem)?.into_iter().next()?;
    chain::parsed(&block)?;
    Some(block)
}
