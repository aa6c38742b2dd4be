//! Signatures of webhooks, as Standard Webhooks has them: HMAC-SHA256 over id, time and body, one for each secret in force, so
//! that a receiver may change to a new one while the old one still counts.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;

/// Why a secret cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// Not as receivers write it. The secret itself is not told.
    #[error("the secret is no `whsec_` followed by base64; make one by `openssl rand -base64 32`")]
    Shape,
    /// Fewer bytes can be guessed, and receivers refuse more.
    #[error("the secret has {0} bytes; it needs 24 to 64")]
    Length(usize),
}

/// A secret that signs.
pub(crate) struct Secret(hmac::Key);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl Secret {
    /// Reads `whsec_<base64>`.
    ///
    /// # Errors
    /// When it is not that, too short, or too long.
    pub(crate) fn parse(text: &str) -> Result<Self, SecretError> {
        let encoded = text.trim().strip_prefix("whsec_").ok_or(SecretError::Shape)?;
        let bytes = STANDARD.decode(encoded).map_err(|_| SecretError::Shape)?;
        match bytes.len() {
            24..=64 => Ok(Self(hmac::Key::new(hmac::HMAC_SHA256, &bytes))),
            length => Err(SecretError::Length(length)),
        }
    }
}

/// The value of `webhook-signature`: one signature a secret. `id` is that of the message, the same over retries; `at` seconds
/// since 1970.
pub(crate) fn sign(secrets: &[Secret], id: &str, at: i64, body: &[u8]) -> String {
    let signed = [id.as_bytes(), b".", at.to_string().as_bytes(), b".", body].concat();
    let one = |Secret(key): &Secret| format!("v1,{}", STANDARD.encode(hmac::sign(key, &signed)));
    secrets.iter().map(one).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification's libraries.
    #[test]
    fn the_published_example_has_its_signature() {
        let secret = Secret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let body = br#"{"test": 2432232314}"#;
        let signed = sign(&[secret], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body);
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn while_secrets_change_both_sign() {
        let secret = || Secret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        assert_eq!(sign(&[secret(), secret()], "m", 1, b"x").split(' ').count(), 2);
    }

    #[test]
    fn what_is_no_secret_is_refused_without_being_told() {
        for (text, expected) in [
            ("hunter2", SecretError::Shape),
            ("whsec_%%", SecretError::Shape),
            ("whsec_c2hvcnQ=", SecretError::Length(5)),
        ] {
            let error = Secret::parse(text).unwrap_err();
            assert_eq!(error, expected);
            assert!(!error.to_string().contains(text.trim_start_matches("whsec_")));
        }
        assert_eq!(format!("{:?}", Secret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap()), "Secret(…)");
    }
}
