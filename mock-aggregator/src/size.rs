//! A number of bytes on the command line, as both servers read it.

pub use mock_publisher::size::{BadSize, Size};
