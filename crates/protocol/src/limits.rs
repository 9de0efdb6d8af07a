//! Every limit of the wire, with its unit and its reason. What lies beyond is a [`crate::WireError`].

/// Bytes of the largest message a client may send, without its header. A client sends inputs and short requests; the
/// longest is a line of speech.
pub const CLIENT_MESSAGE_BYTES: usize = 2 * 1024;
/// Bytes of the largest message a server may send to a client, without its header. A tick of 3000 movers with all of
/// its keyframes stays below.
pub const SERVER_MESSAGE_BYTES: usize = 1024 * 1024;
/// Bytes of the largest message between hosts, without its header. A keyframe of 20,000 entities stays below.
pub const MESH_MESSAGE_BYTES: usize = 1024 * 1024;
/// Bytes of an account's or avatar's name in UTF-8.
pub const NAME_BYTES: usize = 24;
/// Bytes of one line of speech in UTF-8.
pub const SPEECH_BYTES: usize = 240;
/// Bytes of one event's payload in a frame.
pub const EVENT_BYTES: usize = 512;
/// Records of one kind in one frame body. A u16 handle can name no more.
pub const RECORDS: usize = 65_536;
/// Chunks in one interest message: a host that serves 500 scattered players with a view of 5 x 5 stays below.
pub const INTEREST_CHUNKS: usize = 16_384;
/// Streams named in one summary. As many as an interest may have chunks.
pub const SUMMARY_STREAMS: usize = INTEREST_CHUNKS;
/// Alternative addresses in a welcome.
pub const ALTERNATIVES: usize = 16;
/// Bytes of a resume ticket.
pub const TICKET_BYTES: usize = 512;
/// Bytes of a chunk's baseline.
pub const BASELINE_BYTES: usize = 16 * 1024;
