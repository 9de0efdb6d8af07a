//! What is told of things: bags to their owners, pages to all who see them, the news of deeds to the other nodes.

use std::collections::BTreeMap;

use deeds::{Belongings, Page, PageKey, Told};
use protocol::client::ToClient;
use protocol::mesh::{MeshMessage, Topic};
use protocol::things::{News, Tidings};
use store::{Key, Record, Reply, Request};
use world::Chunk;

use super::pages::{Change, Read};
use super::wire;
use crate::avatar::upcasters;
use crate::io::{ConnId, Effect, Note};
use crate::machine::Node;
use crate::publisher;
use crate::session::Session;
use crate::session::deed::figure;
use crate::storage::Waiter;

/// What an own deed says, and about which document.
type Events = [(Key, serde_json::Value)];

impl Node {
    /// Shows an avatar as its document is now: to all what it looks like, to its client what it has, unless it knows.
    pub(crate) fn show(&mut self, conn: ConnId, record: &Record) {
        let Some(playing) = self.sessions.get_mut(&conn).and_then(Session::playing_mut) else { return };
        if let (Some(figure), Some(avatar)) = (figure(record), self.authority.get_mut(playing.entity)) {
            avatar.dress(figure.tint);
        }
        if playing.told_rev.is_some_and(|told| record.rev <= told) {
            return;
        }
        let belongings = record.body.as_ref().and_then(|body| body.read::<Belongings>(deeds::SCHEMA).ok());
        let Some(belongings) = belongings else { return };
        playing.told_rev = Some(record.rev);
        self.tell(conn, 0, &ToClient::Bag(wire::bag(record.rev, &belongings)));
    }

    /// What a committed deed of ours changed on pages is told to all who see them.
    pub(super) fn tell_news(&mut self, events: &Events, revs: &BTreeMap<Key, u64>) {
        let island = self.config.island_id;
        for (key, told) in events {
            let Ok(Told { cx, cy, rights, traces }) = serde_json::from_value(told.clone()) else { continue };
            let (chunk, page) = (Chunk::new(cx, cy), PageKey::page(island, Chunk::new(cx, cy)));
            let cell = (0..=16).find(|cell| PageKey { cell: *cell, ..page }.key() == *key);
            let (Some(cell), Some(rev)) = (cell, revs.get(key)) else { continue };
            let change = Change { rev: *rev, rights, traces };
            if self.peers.anyone_sees(chunk) {
                let news = News { from: self.config.incarnation, page: wire::changed(island, chunk, cell, &change) };
                let bytes = publisher::encode(&MeshMessage::Tidings(Tidings::News(news)));
                self.counters.page_news_sent += 1;
                self.effect(Effect::Publish { topic: Topic::chunk(island, chunk, 0), bytes });
            }
            self.page_news(chunk, cell, change);
        }
    }

    /// The news of another node. `false`: it is not what a node says.
    pub(super) fn news(&mut self, news: &News) -> bool {
        let chunk = Chunk::new(news.page.cx, news.page.cy);
        if news.page.island != self.config.island_id.0 || !self.interest.contains(chunk) {
            self.counters.frames_dropped += 1;
            return true;
        }
        let Ok(change) = wire::change_of(&news.page) else { return false };
        self.page_news(chunk, news.page.cell, change);
        true
    }

    fn page_news(&mut self, chunk: Chunk, cell: u8, change: Change) {
        self.counters.page_news += 1;
        if let Some(change) = self.pages.news(self.now, chunk, cell, change) {
            self.tell_change(chunk, cell, &change);
        }
    }

    fn tell_change(&mut self, chunk: Chunk, cell: u8, change: &Change) {
        let page = wire::changed(self.config.island_id, chunk, cell, change);
        for conn in self.pages.audience(chunk) {
            self.tell(conn, 0, &ToClient::Page(page.clone()));
        }
    }

    /// Reads what is due, and tells those all of a page to whom it is new. Once a tick.
    pub(crate) fn tend_pages(&mut self) {
        let island = self.config.island_id;
        for (chunk, cell) in self.pages.reads(self.now) {
            self.counters.page_reads += 1;
            let key = PageKey { island, chunk, cell }.key();
            self.ask_for(Waiter::Page(chunk, cell), Request::Get { key });
        }
        let mut tells = Vec::new();
        for (conn, session) in &mut self.sessions {
            let Some(playing) = session.playing_mut() else { continue };
            if playing.pages_due.is_empty() {
                continue;
            }
            let ready = |chunk: &Chunk| playing.view.shows(*chunk) && self.pages.is_known(*chunk);
            let chunks: Vec<Chunk> = playing.pages_due.iter().copied().filter(ready).collect();
            playing.pages_due.retain(|chunk| !chunks.contains(chunk));
            tells.extend(chunks.into_iter().map(|chunk| (*conn, chunk)));
        }
        for (conn, chunk) in tells {
            for (cell, known) in self.pages.tell(chunk, conn) {
                self.tell(conn, 0, &ToClient::Page(wire::whole(island, chunk, cell, &known)));
            }
        }
    }

    pub(crate) fn page_reply(&mut self, chunk: Chunk, cell: u8, reply: Reply) {
        let (island, now) = (self.config.island_id, self.now);
        let key = PageKey { island, chunk, cell }.key();
        let read = match reply {
            Reply::Found { document, .. } => match store::codec::decode(upcasters(), &key, document) {
                Ok(record) => {
                    if record.intent.is_some() {
                        self.mend(key.clone());
                    }
                    let page: Result<Page, _> =
                        record.body.map_or_else(|| Ok(Page::default()), |b| b.read(deeds::SCHEMA));
                    match page {
                        Ok(mut page) => {
                            let rules = &self.config.rules;
                            page.heal(chunk, now, &rules.tables, &*rules.nature);
                            Read::Page { rev: record.rev, page: Box::new(page) }
                        }
                        Err(error) => self.unreadable(&key, &error),
                    }
                }
                Err(error) => self.unreadable(&key, &error),
            },
            Reply::Absent => Read::Page { rev: 0, page: Box::default() },
            Reply::Applied { .. } | Reply::Conflict | Reply::NotApplied | Reply::Unknown => Read::Nothing,
        };
        if let Some(change) = self.pages.read(now, chunk, cell, read) {
            self.tell_change(chunk, cell, &change);
        }
    }

    fn unreadable(&mut self, key: &Key, error: &store::DocumentError) -> Read {
        self.effect(Effect::Note(Note::Unreadable { key: key.to_string(), reason: error.to_string() }));
        Read::Unreadable
    }
}
