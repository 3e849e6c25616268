//! Who watches a body on its way.

use crate::http::flow::End;
use crate::http::inflow::Inflow;

/// Is told what passes; told of the end exactly once, also when the body is dropped midway.
pub trait Watch: Send {
    /// So many bytes of data went by.
    fn passed(&mut self, bytes: u64);
    /// The receiver has room, and nothing is there: the sender is waited for.
    fn waits(&mut self) {}
    /// The body is over for whoever read it; what is left of it may be taken.
    fn leaves(&mut self, _rest: &mut Inflow) {}
    /// Nothing more will come.
    fn ended(self: Box<Self>, end: End);
}
