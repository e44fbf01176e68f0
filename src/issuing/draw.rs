//! Where the codes of a batch come from.

use std::collections::HashMap;

use rand::{TryRng, rngs::SysRng};

use crate::domain::{
    code::{CodePrefix, CouponCode, Entropy},
    id::{CodeId, TemplateId},
};

/// Codes at hand for one batch: fresh randomness, and uploaded codes that were locked for it.
#[derive(Debug)]
pub(super) struct Draw {
    entropy: Vec<Entropy>,
    uploaded: HashMap<TemplateId, Vec<(CodeId, CouponCode)>>,
}

impl Draw {
    /// Randomness of the operating system for up to `most` generated codes.
    pub fn new(most: usize) -> sqlx::Result<Self> {
        let mut entropy = vec![Entropy::default(); most];
        SysRng
            .try_fill_bytes(entropy.as_flattened_mut())
            .map_err(|error| sqlx::Error::Io(std::io::Error::other(error)))?;
        Ok(Self { entropy, uploaded: HashMap::new() })
    }

    /// Adds uploaded codes of a template, to be given in this order.
    pub fn add_uploaded(&mut self, template: TemplateId, mut codes: Vec<(CodeId, CouponCode)>) {
        codes.reverse();
        self.uploaded.insert(template, codes);
    }

    /// Whether the template's uploaded codes were fetched.
    pub fn has(&self, template: TemplateId) -> bool {
        self.uploaded.contains_key(&template)
    }

    /// How many uploaded codes of the template are left.
    pub fn uploaded_left(&self, template: TemplateId) -> usize {
        self.uploaded.get(&template).map_or(0, Vec::len)
    }

    /// The next uploaded code of the template.
    pub fn uploaded(&mut self, template: TemplateId) -> Option<(CodeId, CouponCode)> {
        self.uploaded.get_mut(&template)?.pop()
    }

    /// A code that nobody has seen; `None` after as many as were asked for.
    pub fn generated(&mut self, prefix: &CodePrefix) -> Option<CouponCode> {
        Some(CouponCode::generate(prefix, self.entropy.pop()?))
    }
}
