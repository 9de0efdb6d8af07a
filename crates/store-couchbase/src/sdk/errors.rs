//! What the SDK's errors prove. Texts are of the kind alone: the rest holds keys, which hold players' names.

use couchbase::error::ErrorKind;

use crate::kv::Answer;

/// The answer that an error is. Only what a server says before it does anything, or the SDK before it sends anything,
/// proves that nothing happened.
pub(super) fn answer_of(kind: &ErrorKind) -> Answer {
    match kind {
        ErrorKind::DocumentNotFound => Answer::Missing,
        ErrorKind::DocumentExists => Answer::Exists,
        ErrorKind::CasMismatch => Answer::Mismatch,
        ErrorKind::TemporaryFailure
        | ErrorKind::DocumentLocked
        | ErrorKind::DurabilityWriteInProgress
        | ErrorKind::DurableWriteRecommitInProgress
        | ErrorKind::DurabilityLevelNotAvailable
        | ErrorKind::DurabilityImpossible
        | ErrorKind::ValueTooLarge
        | ErrorKind::RateLimitedFailure
        | ErrorKind::QuotaLimitedFailure
        | ErrorKind::AuthenticationFailure
        | ErrorKind::BucketNotFound
        | ErrorKind::ScopeNotFound
        | ErrorKind::CollectionNotFound
        | ErrorKind::InvalidArgument(_)
        | ErrorKind::EncodingFailure(_)
        | ErrorKind::UnsupportedOperation
        | ErrorKind::FeatureNotAvailable(_)
        | ErrorKind::ClusterDropped => Answer::Refused(kind.to_string()),
        // A broken connection, an ambiguous durable write, an internal error, a status that this SDK does not know, and
        // whatever a later one will bring.
        _ => Answer::Lost(kind.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_error_proves() {
        let refused = |kind: ErrorKind| Answer::Refused(kind.to_string());
        let lost = |kind: ErrorKind| Answer::Lost(kind.to_string());
        let cases = [
            (ErrorKind::DocumentNotFound, Answer::Missing),
            (ErrorKind::DocumentExists, Answer::Exists),
            (ErrorKind::CasMismatch, Answer::Mismatch),
            (ErrorKind::TemporaryFailure, refused(ErrorKind::TemporaryFailure)),
            (ErrorKind::DurabilityImpossible, refused(ErrorKind::DurabilityImpossible)),
            (ErrorKind::DurabilityWriteInProgress, refused(ErrorKind::DurabilityWriteInProgress)),
            (ErrorKind::DurabilityAmbiguous, lost(ErrorKind::DurabilityAmbiguous)),
            (ErrorKind::InternalServerFailure, lost(ErrorKind::InternalServerFailure)),
            (ErrorKind::RequestCanceled, lost(ErrorKind::RequestCanceled)),
            (ErrorKind::OtherFailure("closed in flight".into()), Answer::Lost("closed in flight".into())),
        ];
        for (kind, answer) in cases {
            assert_eq!(answer_of(&kind), answer, "{kind:?}");
        }
    }
}
