//! A page or cell in the hands of a command: read, healed, changed, written.

use protocol::Code;
use world::{Chunk, Position};

use crate::command::{Done, Event, Stop, ensure};
use crate::land::Right;
use crate::page::{Page, PageKey};
use crate::scene::Scene;
use crate::trace::{Built, Trace, TraceId};

/// A document of traces that a command will write.
pub(super) struct Sheet {
    pub key: PageKey,
    pub page: Page,
    /// The page of a cell that is made by this deed.
    parent: Option<(PageKey, Page)>,
    gone: Vec<TraceId>,
    touched: Vec<TraceId>,
}

impl Sheet {
    /// The document in which a trace stands. Whether the trace is there is not known yet.
    pub(super) fn of_trace(scene: &Scene<'_>, chunk: Chunk, id: TraceId) -> Result<Self, Stop> {
        Self::open(scene, PageKey::page(scene.island, chunk).of_trace(id))
    }

    /// The document in which something is missing of a natural prop, or in which that is to be noted.
    pub(super) fn of_prop(scene: &Scene<'_>, chunk: Chunk, prop: u16, place: Position) -> Result<Self, Stop> {
        let key = PageKey::page(scene.island, chunk);
        let page = scene.page(key)?;
        let cell = key.cell_at(place);
        if page.taken_of(prop).is_none() && page.has_cell(cell.cell) {
            let sheet = Self::open(scene, cell)?;
            if sheet.page.taken_of(prop).is_some() {
                return Ok(sheet);
            }
        }
        if page.taken_of(prop).is_some() { Self::open(scene, key) } else { Self::with_room(scene, chunk, place) }
    }

    /// A document in which something can be put at a place.
    pub(super) fn with_room(scene: &Scene<'_>, chunk: Chunk, place: Position) -> Result<Self, Stop> {
        let key = PageKey::page(scene.island, chunk);
        let mut page = Self::open(scene, key)?;
        if page.page.has_room(0) {
            return Ok(page);
        }
        let cell = key.cell_at(place);
        let mut sheet = Self::open(scene, cell)?;
        if !page.page.has_cell(cell.cell) {
            // The numbers of a cell that is made go on where an older cell of the same name may have stopped: its
            // document stays, so they do.
            page.page.cells |= 1 << (cell.cell - 1);
            sheet.page.rights.clone_from(&page.page.rights);
            sheet.parent = Some((key, std::mem::take(&mut page.page)));
            sheet.gone.append(&mut page.gone);
        }
        ensure(sheet.page.has_room(cell.cell), Code::PageFull)?;
        Ok(sheet)
    }

    fn open(scene: &Scene<'_>, key: PageKey) -> Result<Self, Stop> {
        let mut page = scene.page(key)?;
        let gone = page.heal(key.chunk, scene.now, scene.tables, scene.nature);
        Ok(Self { key, page, parent: None, gone, touched: Vec::new() })
    }

    /// Refuses who does not have a right here.
    pub(super) fn allow(&self, scene: &Scene<'_>, right: Right) -> Result<(), Stop> {
        ensure(self.page.allows(scene.actor.entity, right, scene.now), Code::NotYours)
    }

    /// Refuses who may not touch a building: its builder may, and who has the right from the land. On land that is
    /// nobody's, only its builder.
    pub(super) fn allow_at(&self, scene: &Scene<'_>, built: &Built, right: Right) -> Result<(), Stop> {
        let kept = self.page.rights.as_ref().filter(|rights| rights.hold(scene.now));
        let may = match kept {
            Some(rights) => rights.allow(scene.actor.entity, right, scene.now),
            None => built.owner == scene.actor.entity.0,
        };
        ensure(may, Code::NotYours)
    }

    /// The building under an id. The client's picture is stale if there is none.
    pub(super) fn built(&self, id: TraceId) -> Result<&Built, Stop> {
        match self.page.traces.get(&id) {
            Some(Trace::Built(built)) => Ok(built),
            Some(Trace::Taken(_) | Trace::Pile(_)) | None => Err(Stop::Refused(Code::NothingThere)),
        }
    }

    /// Adds a trace.
    pub(super) fn add(&mut self, trace: Trace) -> Result<TraceId, Stop> {
        let id = self.page.add(self.key.cell, trace).ok_or(Stop::Refused(Code::PageFull))?;
        self.touched.push(id);
        Ok(id)
    }

    /// Puts a trace in the place of another.
    pub(super) fn set(&mut self, id: TraceId, trace: Trace) {
        self.page.traces.insert(id, trace);
        self.touched.push(id);
    }

    /// Takes a trace away.
    pub(super) fn remove(&mut self, id: TraceId) {
        self.page.traces.remove(&id);
        self.touched.push(id);
    }

    /// Writes it, with the events of all that is different now.
    pub(super) fn write(self, scene: &Scene<'_>, done: &mut Done) -> Result<(), Stop> {
        let chunk = self.key.chunk;
        for id in self.gone.iter().chain(&self.touched) {
            let key = self.key.of_trace(*id).key();
            let trace = self.page.traces.get(id).cloned();
            done.events.push(Event::Trace { key, chunk, id: *id, trace });
        }
        if let Some((key, page)) = self.parent {
            done.write(scene, key.key(), &page)?;
        }
        done.write(scene, self.key.key(), &self.page)
    }
}
