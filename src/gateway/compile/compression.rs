//! `compression` → the rule of a route.

use crate::layers::compress::Compress;
use crate::layers::compress::types::Types;
use crate::policy::Compression;
use crate::policy::compression::Algorithm;

/// `None` where nothing is compressed.
pub(super) fn compile(table: &Compression) -> Option<Compress> {
    let on = table.enabled && table.algorithms.contains(&Algorithm::Gzip) && !table.types.is_empty();
    on.then(|| Compress {
        level: table.level,
        // An empty body stays empty: gzip would make twenty bytes of it.
        min_size: table.min_size.0.max(1),
        types: Types::new(&table.types),
    })
}
