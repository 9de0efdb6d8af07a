//! What is tried again within a request's deadline: reads always, writes only what certainly was not done.
//!
//! The SDK itself sends again, whatever is said here, when a node says that it does not hold the document or does not
//! know the collection. Both say that nothing was done.
//!
//! The last try is made some time before the deadline: one whose answer comes too late would turn what certainly was
//! not done into what nobody knows.

use std::sync::Arc;
use std::time::Duration;

use couchbase::retry::{RetryAction, RetryReason, RetryRequest, RetryStrategy};
use tokio::time::Instant;

/// The pause before the first repetition; it doubles.
const PAUSE_LEAST: Duration = Duration::from_millis(2);
/// The longest pause. A durable write that is in the way takes a few milliseconds.
const PAUSE_MOST: Duration = Duration::from_millis(50);

/// The share of the time to the deadline that is left for the answer to the last try.
const LEFT_FOR_THE_LAST: u32 = 4;

/// Tries again until a moment.
#[derive(Debug)]
pub(super) struct Until {
    last_try: Instant,
}

impl Until {
    /// For a request that begins now.
    pub(super) fn new(deadline: Instant) -> Arc<Self> {
        let left = deadline.saturating_duration_since(Instant::now());
        Arc::new(Self { last_try: deadline - left / LEFT_FOR_THE_LAST })
    }
}

impl RetryStrategy for Until {
    fn retry_after(&self, request: &RetryRequest, reason: &RetryReason) -> Option<RetryAction> {
        if !request.is_idempotent() && !certainly_not_done(*reason) {
            return None;
        }
        let doubled = PAUSE_LEAST * 2_u32.saturating_pow(request.retry_attempts().min(8));
        let pause = doubled.min(PAUSE_MOST);
        (Instant::now() + pause < self.last_try).then(|| RetryAction::new(pause))
    }
}

/// Whether a write that failed for this reason did nothing. A connection that closed under way is not among them.
fn certainly_not_done(reason: RetryReason) -> bool {
    matches!(
        reason,
        RetryReason::KvNotMyVbucket
            | RetryReason::KvInvalidVbucketMap
            | RetryReason::KvTemporaryFailure
            | RetryReason::KvCollectionOutdated
            | RetryReason::KvLocked
            | RetryReason::KvSyncWriteInProgress
            | RetryReason::KvSyncWriteRecommitInProgress
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_that_may_have_been_done_is_not_repeated() {
        let cases = [
            (RetryReason::KvTemporaryFailure, true),
            (RetryReason::KvSyncWriteInProgress, true),
            (RetryReason::SocketClosedWhileInFlight, false),
            (RetryReason::SocketNotAvailable, false),
            (RetryReason::KvErrorMapRetryIndicated, false),
        ];
        for (reason, again) in cases {
            assert_eq!(certainly_not_done(reason), again, "{reason}");
        }
    }
}
