//! Against real sockets on loopback and a stopped clock, so no test waits for time to pass.

mod answers;
mod deadlines;
mod endpoints;
mod kept;
mod uploads;

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi";
