//! Whatever is sent, nothing panics and nothing but the token itself is accepted.

use std::sync::OnceLock;

use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::RngSeed;
use serde_json::Value;

use super::support::{NOW, claims, es256, header, key, sign, token, verifier};
use crate::jose::{SigningAlgorithm, TokenVerifier};

fn shared() -> &'static TokenVerifier {
    static VERIFIER: OnceLock<TokenVerifier> = OnceLock::new();
    VERIFIER.get_or_init(verifier)
}

/// Signing is not deterministic, so a mutation must start from one token.
fn good() -> &'static [String] {
    static TOKENS: OnceLock<Vec<String>> = OnceLock::new();
    TOKENS.get_or_init(|| {
        let sign = |algorithm| key(algorithm).sign_jwt("at+jwt", &claims()).unwrap();
        SigningAlgorithm::ALL.map(sign).to_vec()
    })
}

fn seeded() -> ProptestConfig {
    ProptestConfig {
        cases: 512,
        rng_seed: RngSeed::Fixed(7515),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(seeded())]

    #[test]
    fn any_text_is_refused(text in any::<String>()) {
        prop_assert!(shared().verify(&text, NOW).is_err());
    }

    #[test]
    fn any_segments_are_refused(text in "[A-Za-z0-9_-]{0,80}\\.[A-Za-z0-9_-]{0,80}\\.[A-Za-z0-9_-]{0,90}") {
        prop_assert!(shared().verify(&text, NOW).is_err());
    }

    #[test]
    fn one_other_byte_is_another_token(which in any::<Index>(), place in any::<Index>(), byte in 0x20_u8..0x7f) {
        let good = which.get(good());
        let mut bytes = good.clone().into_bytes();
        let place = place.index(bytes.len());
        prop_assume!(bytes[place] != byte);
        bytes[place] = byte;

        prop_assert!(shared().verify(&String::from_utf8(bytes).unwrap(), NOW).is_err());
    }

    #[test]
    fn a_byte_more_or_less_is_another_token(which in any::<Index>(), place in any::<Index>(), byte in 0x20_u8..0x7f) {
        let good = which.get(good());
        let place = place.index(good.len());
        let (mut longer, mut shorter) = (good.clone(), good.clone());
        longer.insert(place, char::from(byte));
        shorter.remove(place);

        prop_assert!(shared().verify(&longer, NOW).is_err());
        prop_assert!(shared().verify(&shorter, NOW).is_err());
    }

    /// Rightly signed nonsense: what is read of it must be what the claims say.
    #[test]
    fn a_signed_payload_with_another_byte_is_never_misread(place in any::<Index>(), byte in any::<u8>()) {
        let header = Value::Object(header(&es256())).to_string();
        let mut payload = Value::Object(claims()).to_string().into_bytes();
        let place = place.index(payload.len());
        payload[place] = byte;
        let token = es256().sign_compact(header.as_bytes(), &payload).unwrap();

        if let Ok(verified) = shared().verify(&token, NOW) {
            let plain: Value = serde_json::from_slice(&payload).unwrap();
            prop_assert_eq!(&plain["sub"], verified.subject.as_str());
            prop_assert_eq!(&plain["exp"], verified.expires_at.as_secs());
            prop_assert_eq!(plain, Value::Object(verified.claims.clone()));
        }
    }

    #[test]
    fn a_signed_header_with_another_byte_changes_nothing_silently(place in any::<Index>(), byte in any::<u8>()) {
        let original = Value::Object(header(&es256())).to_string();
        let mut header = original.into_bytes();
        let place = place.index(header.len());
        header[place] = byte;
        let Ok(header) = String::from_utf8(header) else { return Ok(()) };
        let token = sign(&es256(), &header, &Value::Object(claims()).to_string());

        if shared().verify(&token, NOW).is_ok() {
            // A letter of `typ` in the other case, or `kid` under a name we do not know.
            let changed: Value = serde_json::from_str(&header).unwrap();
            prop_assert_eq!(&changed["alg"], "ES256");
            prop_assert!(changed["typ"].as_str().unwrap().eq_ignore_ascii_case("at+jwt"));
            prop_assert!(changed.get("kid").is_none_or(|kid| kid == es256().id()));
        }
    }
}

/// The property tests refuse for the right reason: what they start from is accepted.
#[test]
fn the_starting_points_are_accepted() {
    for good in good() {
        assert!(shared().verify(good, NOW).is_ok());
    }
    assert!(shared().verify(&token(&claims()), NOW).is_ok());
}
