//! What a node counts. All grow only; the shell turns them into metrics.

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// Totals since the node began.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct Counters { $($(#[$doc])* pub $name: u64,)* }

        impl Counters {
            /// Every counter with its name.
            #[must_use]
            pub fn named(&self) -> Vec<(&'static str, u64)> {
                vec![$((stringify!($name), self.$name),)*]
            }

            /// Adds another node's totals.
            pub fn add(&mut self, other: &Self) {
                $(self.$name += other.$name;)*
            }
        }
    };
}

counters! {
    /// Sessions that began.
    sessions_begun,
    /// Sessions that ended.
    sessions_ended,
    /// Avatars that crossed from chunk to chunk.
    border_crossings,
    /// Avatars that changed the sub-cell within their chunk: because it was split, joined again, or walked through.
    sub_cell_moves,
    /// Ticks that took too long, as the shell measured them.
    overruns,
    /// Writes after which a client had been told more in a second than its budget.
    crowd_over_budget,
    /// Times a chunk went up a step of the crowd contract.
    crowd_rises,
    /// Times a chunk went down a step of it.
    crowd_falls,
    /// Frames of own streams that changed and that anyone sees.
    frames_published,
    /// Frames and keys written to clients.
    frames_delivered,
    /// Changed entities written to clients: one for each entity and client.
    updates_delivered,
    /// Bytes written to clients.
    client_bytes,
    /// Frames of other nodes that were applied.
    frames_applied,
    /// Frames that were dropped as older than what is held, or as of no interest.
    frames_dropped,
    /// Gaps found in streams of other nodes.
    gaps,
    /// Keyframes asked of other nodes.
    keyframes_asked,
    /// Keyframes sent to other nodes.
    keyframes_sent,
    /// Keyframes of other nodes that were applied.
    keyframes_applied,
    /// Streams unbound because their publisher was silent or their gap did not close.
    streams_unbound,
    /// Summaries sent.
    summaries_sent,
    /// Interests sent.
    interests_sent,
    /// Inputs of clients.
    inputs,
    /// Inputs that the rules corrected.
    corrections,
    /// Messages of clients that were refused.
    client_refusals,
    /// Messages of peers that were refused.
    peer_refusals,
    /// Writes lost because a client did not read.
    writes_blocked,
    /// Requests to the store.
    store_requests,
    /// Requests to the store whose outcome was unknown.
    store_unknown,
    /// Deeds committed.
    deeds,
    /// Requests that the rules refused, or that could not be carried out now.
    deeds_refused,
    /// Pages read.
    page_reads,
    /// News of pages, own and of other nodes.
    page_news,
    /// News of pages sent to other nodes.
    page_news_sent,
    /// Trades offered by clients.
    offers,
    /// Agreements to offers of clients.
    agreements,
    /// Requests answered from the stored replies.
    deeds_repeated,
    /// Sessions that ended because a newer epoch was seen.
    sessions_replaced,
    /// Handovers of own sessions that began.
    handovers_begun,
    /// Of these, because somebody asked for it.
    handovers_ordered,
    /// Of these, because the other node has more of the people around.
    handovers_to_gather,
    /// Of these, because the other node has less to do.
    handovers_to_spread,
    /// Handovers that ended with another node's serving the session.
    handovers_done,
    /// Handovers that the other node declined.
    handovers_declined,
    /// Handovers for which the other node did not get ready in time.
    handovers_unprepared,
    /// Handovers whose client did not follow.
    handovers_ignored,
    /// Handovers whose commits under way did not end in time.
    handovers_unfinished,
    /// Handovers after whose release this node took the session back.
    handovers_taken_back,
    /// Handovers in which the session ended because the store could not be reached.
    handovers_fenced,
    /// Handovers in which the session ended for another reason.
    handovers_ended,
    /// Sessions of other nodes that this one took over.
    guests_taken,
    /// Sessions of other nodes that this one got ready for in vain, or had no room for.
    guests_declined,
    /// Chunks for which one node published, looked at once a second by the first of their publishers.
    publishers_1,
    /// Likewise two nodes.
    publishers_2,
    /// Likewise three.
    publishers_3,
    /// Likewise four.
    publishers_4,
    /// Likewise five.
    publishers_5,
    /// Likewise six.
    publishers_6,
    /// Likewise seven.
    publishers_7,
    /// Likewise eight.
    publishers_8,
    /// Likewise nine or more.
    publishers_more,
    /// Times the process was stopped for longer than a second.
    stalls,
    /// Handovers of motion to a stand because the store could not confirm the session.
    suspensions,
}

impl Counters {
    /// Chunks by how many nodes published for them: one, two, and so on; the last is nine or more.
    #[must_use]
    pub fn publishers(&self) -> [u64; 9] {
        [
            self.publishers_1,
            self.publishers_2,
            self.publishers_3,
            self.publishers_4,
            self.publishers_5,
            self.publishers_6,
            self.publishers_7,
            self.publishers_8,
            self.publishers_more,
        ]
    }

    /// How many nodes published for a chunk, so that this percentage of all chunks looked at had no more; 0 if none was
    /// looked at.
    #[must_use]
    pub fn publishers_at(&self, percent: u64) -> u64 {
        let all: u64 = self.publishers().iter().sum();
        let mut seen = 0;
        for (publishers, chunks) in (1..).zip(self.publishers()) {
            seen += chunks;
            if all > 0 && seen * 100 >= all * percent {
                return publishers;
            }
        }
        0
    }

    pub(crate) fn count_publishers(&mut self, publishers: u32) {
        *match publishers {
            0 | 1 => &mut self.publishers_1,
            2 => &mut self.publishers_2,
            3 => &mut self.publishers_3,
            4 => &mut self.publishers_4,
            5 => &mut self.publishers_5,
            6 => &mut self.publishers_6,
            7 => &mut self.publishers_7,
            8 => &mut self.publishers_8,
            _ => &mut self.publishers_more,
        } += 1;
    }
}
