//! session
/// x
#[derive(Debug)] pub struct Session;
