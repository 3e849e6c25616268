//! Series by name, kept while somebody outside holds them. It does not know what it keeps.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use crate::observe::lock;

/// Values by name. One is dropped by [`Shelf::sweep`] rather than with its last user: so nothing that
/// is being dropped can be asked for again at the same moment, and counts survive a route's short absence.
pub(super) struct Shelf<T>(Mutex<HashMap<Box<str>, Arc<T>>>);

impl<T> Default for Shelf<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T> Shelf<T> {
    /// The value of this name, made if there is none.
    pub(super) fn get_or_make(&self, name: &str, make: impl FnOnce() -> T) -> Arc<T> {
        let mut kept = lock(&self.0);
        if let Some(value) = kept.get(name) {
            return Arc::clone(value);
        }
        let value = Arc::new(make());
        kept.insert(name.into(), Arc::clone(&value));
        value
    }

    /// Drops what nobody else holds.
    pub(super) fn sweep(&self) {
        // Under the lock a count of one cannot rise: ours is the only clone there is to copy.
        lock(&self.0).retain(|_, value| Arc::strong_count(value) > 1);
    }
}
