//! What most commands do, those of a studio too: read the request, look whether names and amounts are sound and hands are
//! free, move items in and out of a bag.

use protocol::Code;
use protocol::codec::{CLIENT_CAP, Capped, from_bytes};
use wincode::{SchemaRead, SchemaWrite};
use world::Chunk;

use crate::avatar::Belongings;
use crate::bag::BagError;
use crate::command::{Stop, ensure};
use crate::scene::Scene;
use crate::tables::{ItemId, ItemRow, Stack};
use crate::trace::TraceId;

/// Entries of a list in a request, at most.
pub const LIST_LIMIT: usize = 16;

/// A trace, as requests name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, SchemaRead, SchemaWrite)]
pub struct TraceArgs {
    /// The chunk's column.
    pub cx: i16,
    /// The chunk's row.
    pub cy: i16,
    /// The trace's id.
    pub trace: u32,
}

impl TraceArgs {
    /// The chunk.
    #[must_use]
    pub fn chunk(self) -> Chunk {
        Chunk::new(self.cx, self.cy)
    }

    /// The id.
    #[must_use]
    pub fn id(self) -> TraceId {
        TraceId(self.trace)
    }
}

/// The request in `bytes`.
pub fn args<'a, T>(bytes: &'a [u8]) -> Result<T, Stop>
where
    T: SchemaRead<'a, Capped<CLIENT_CAP>, Dst = T>,
{
    from_bytes::<T, CLIENT_CAP>(bytes).map_err(|_| Stop::Refused(Code::BadMessage))
}

/// The row of an item.
pub fn item<'a>(scene: &Scene<'a>, item: &ItemId) -> Result<&'a ItemRow, Stop> {
    scene.tables.items.get(item).ok_or(Stop::Refused(Code::UnknownItem))
}

/// Refuses an amount that no request may name.
pub fn amount(scene: &Scene<'_>, amount: u32) -> Result<(), Stop> {
    ensure((1..=scene.tables.body.amount_limit).contains(&amount), Code::AmountInvalid)
}

/// Refuses a list of items that no request may name. No item stands in it twice.
pub fn stacks(scene: &Scene<'_>, list: &[Stack]) -> Result<(), Stop> {
    ensure(list.len() <= LIST_LIMIT, Code::AmountInvalid)?;
    for (n, (name, count)) in list.iter().enumerate() {
        item(scene, name)?;
        amount(scene, *count)?;
        ensure(list[..n].iter().all(|(before, _)| before != name), Code::AmountInvalid)?;
    }
    Ok(())
}

/// So many times a list. Amounts that no request may name are refused.
pub fn times(scene: &Scene<'_>, list: &[Stack], times: u32) -> Result<Vec<Stack>, Stop> {
    amount(scene, times)?;
    let many = |(name, count): &Stack| Some((name.clone(), count.checked_mul(times)?));
    list.iter().map(many).collect::<Option<_>>().ok_or(Stop::Refused(Code::AmountInvalid))
}

/// Takes out of the actor's bag.
pub fn take(me: &mut Belongings, what: &[Stack]) -> Result<(), Stop> {
    me.bag.take(what).map_err(refused)
}

/// Puts into the actor's bag.
pub fn put(scene: &Scene<'_>, me: &mut Belongings, what: &[Stack]) -> Result<(), Stop> {
    me.bag.put(&scene.tables.items, scene.tables.body.room, what).map_err(refused)
}

pub(crate) fn refused(error: BagError) -> Stop {
    Stop::Refused(match error {
        BagError::Full => Code::BagFull,
        BagError::Missing => Code::NotEnough,
    })
}

/// Occupies the hands for a while; refused while they are at work. Who is starving works half as fast.
pub fn work(scene: &Scene<'_>, me: &mut Belongings, time_ms: u64) -> Result<(), Stop> {
    ensure(scene.now.0 >= me.busy_until_ms, Code::Busy)?;
    let starving = me.energy.at(scene.now, &scene.tables.body) == 0;
    let time_ms = if starving { time_ms.saturating_mul(2) } else { time_ms };
    me.busy_until_ms = scene.now.0.saturating_add(time_ms);
    Ok(())
}
