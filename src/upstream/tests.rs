//! What the tests of this floor share.

pub(super) mod origin;
