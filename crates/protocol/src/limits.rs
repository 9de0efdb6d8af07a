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
/// Bytes of one alternative address: the longest host name, a colon and a port.
pub const ADDRESS_BYTES: usize = 253 + 6;
/// Bytes of the server's software version.
pub const SOFTWARE_BYTES: usize = 64;
/// Bytes of a resume ticket.
pub const TICKET_BYTES: usize = 512;
/// Bytes of a handover's token.
pub const TOKEN_BYTES: usize = 64;
/// Bytes of a deed's name.
pub const DEED_NAME_BYTES: usize = 32;
/// Bytes of a deed's arguments: a trade of 16 items for 16 others stays below.
pub const DEED_ARGS_BYTES: usize = 1_536;
/// Items on each side of an offered trade.
pub const OFFER_HEAPS: usize = 16;
/// Items in a chest or bag that is told of.
pub const BAG_HEAPS: usize = 256;
/// Cells of a page.
pub const PAGE_CELLS: usize = 16;
/// Traces in one message of a page: those of a full cell, and as many that went at the same time.
pub const PAGE_TRACES: usize = 512;
/// People with a role on a parcel.
pub const PAGE_GUESTS: usize = 256;
/// Bytes of a chunk's baseline.
pub const BASELINE_BYTES: usize = 16 * 1024;

/// Messages of all kinds that a client may send in a second, as a steady rate: an input at each of 40 ticks, a hundred
/// baselines, requests and pings. Beyond it the connection is closed (`rate_limited`).
pub const CLIENT_MESSAGES_PER_SECOND: u32 = 160;
/// Messages that a client may send at once after a pause: what a client that came back has kept for the server.
pub const CLIENT_MESSAGES_BURST: u32 = 800;
/// Lines of speech that a client may say in a second, as a steady rate. Beyond it the line is refused
/// (`rate_limited`), the connection stays.
pub const SPEECH_PER_SECOND: u32 = 1;
/// Lines that a client may say at once after a pause.
pub const SPEECH_BURST: u32 = 4;
/// Offers, and agreements to offers, that a client may say in a second, as a steady rate. Beyond it they are dropped.
pub const OFFERS_PER_SECOND: u32 = 2;
/// Offers that a client may say at once after a pause.
pub const OFFERS_BURST: u32 = 8;
/// Milliseconds for which an offer, and an agreement to it, holds.
pub const OFFER_MS: u64 = 30_000;
/// Baselines that a client is sent in a second. Beyond it the request is dropped; the client asks again.
pub const BASELINES_PER_SECOND: u32 = 100;
/// Replies to deeds that the server remembers for an avatar. A repeated request older than these is answered `too_old`.
pub const REPLY_WINDOW: usize = 16;
/// Requests that wait for their reply at a time. One more is refused (`too_many_requests`).
pub const REQUESTS_IN_FLIGHT: usize = 8;
/// Milliseconds from the connection to the whole hello. Then the server hangs up.
pub const HELLO_TIMEOUT_MS: u64 = 5_000;
/// Milliseconds without any message from a client after which its session ends (`timed_out`). A client that stands
/// still pings every 5 s.
pub const CLIENT_SILENCE_MS: u64 = 20_000;
