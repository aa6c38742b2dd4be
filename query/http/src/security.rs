//! What stands before every call: whose page asks, who asks, how much at once.
//!
//! Any page in the same browser can send requests to 127.0.0.1, and a foreign name can be made to resolve to it:
//! [`origin`] refuses both. Any other address than loopback is reachable by anybody: [`token`] asks who it is.
//! [`limits`] bounds size, time and number; [`headers`] tells browsers what the page may do.

pub(crate) mod headers;
pub(crate) mod limits;
pub(crate) mod origin;
pub(crate) mod token;

use std::net::SocketAddr;

pub use token::Secret;

/// Why a server does not start.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ListenError {
    /// Reachable by others without saying who they are.
    #[error("{0} can be reached from other machines: configure `http.token_file`, or listen on 127.0.0.1")]
    NoToken(SocketAddr),
    /// A token that could be guessed.
    #[error("the token has {0} characters; at least 16 are needed, such as `openssl rand -hex 32` makes")]
    WeakToken(usize),
}

/// Refuses to listen where strangers could read: any address but loopback needs a token, and a token has to be one.
pub fn check_listen(listen: SocketAddr, token: Option<&Secret>) -> Result<(), ListenError> {
    match token {
        Some(token) if token.len() < 16 => Err(ListenError::WeakToken(token.len())),
        None if !is_loopback(listen) => Err(ListenError::NoToken(listen)),
        _ => Ok(()),
    }
}

fn is_loopback(address: SocketAddr) -> bool {
    address.ip().to_canonical().is_loopback()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_needs_no_token() {
        let listen = |text: &str| text.parse::<SocketAddr>().unwrap();
        for local in ["127.0.0.1:8270", "127.9.9.9:1", "[::1]:8270", "[::ffff:127.0.0.1]:8270"] {
            assert_eq!(check_listen(listen(local), None), Ok(()), "{local}");
        }
        let token = Secret::new("0123456789abcdef");
        for open in ["0.0.0.0:8270", "[::]:8270", "10.0.0.7:8270", "[::ffff:10.0.0.7]:1"] {
            assert_eq!(check_listen(listen(open), None), Err(ListenError::NoToken(listen(open))));
            assert_eq!(check_listen(listen(open), Some(&token)), Ok(()));
        }
        assert_eq!(check_listen(listen("127.0.0.1:1"), Some(&Secret::new("short"))), Err(ListenError::WeakToken(5)));
    }
}
