//! What operators may want to know, as log lines. Traces are in hex, as in a client's own log.

use node::Note;
use protocol::Code;

/// Writes a note to the log.
pub(crate) fn log(note: &Note) {
    match note {
        Note::SessionBegan { conn, name, trace } => {
            tracing::info!(conn = conn.0, account = %name, trace = %hex(*trace), "a session began");
        }
        Note::SessionEnded { conn, name, code, trace } if is_ours(*code) => {
            tracing::warn!(conn = conn.0, account = %name, code = code.label(), trace = %hex(*trace), "a session was lost");
        }
        Note::SessionEnded { conn, name, code, trace } if name.is_empty() => {
            tracing::debug!(conn = conn.0, code = code.label(), trace = %hex(*trace), "a connection ended before hello");
        }
        Note::SessionEnded { conn, name, code, trace } => {
            tracing::info!(conn = conn.0, account = %name, code = code.label(), trace = %hex(*trace), "a session ended");
        }
        Note::PeerHeard { peer } => tracing::info!(%peer, "a peer is heard"),
        Note::PeerUnbound { peer } => tracing::warn!(%peer, "a peer is silent; all that it showed is gone"),
        Note::PeerGarbage { host } => tracing::debug!(host, "a peer sent what is not a message"),
        Note::CrowdStep { chunk, from, to, movers } => {
            let (from, to) = (from.number(), to.number());
            tracing::info!(%chunk, from, to, movers, "a crowded chunk changes its step");
        }
        Note::Stalled { ms } => tracing::warn!(ms, "the process stood still; all sessions are verified anew"),
        Note::HandoverEnded { conn, to, reason, outcome } => {
            tracing::debug!(conn = conn.0, %to, reason = reason.label(), outcome = outcome.label(), "a handover ended");
        }
        Note::Unreadable { key, reason } => tracing::error!(key, reason, "a stored document cannot be read"),
    }
}

/// Whether a session ended through a fault of ours rather than the client's will or mistake.
fn is_ours(code: Code) -> bool {
    matches!(code, Code::StoreUnavailable | Code::DocumentUnreadable | Code::Fenced)
}

fn hex(trace: u64) -> String {
    format!("{trace:016x}")
}
