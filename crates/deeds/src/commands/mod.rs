//! The commands of this crate, one file for what belongs together. Each begins with the bytes of its request.

mod body;
mod build;
mod chest;
mod claim;
mod craft;
mod gather;
mod give;
mod pile;
mod sheet;

use std::sync::Arc;

pub use crate::toolkit::TraceArgs;
pub use body::{Eat, EatArgs};
pub use build::{Build, BuildArgs, Dismantle};
pub use chest::{ChestArgs, PutIn, TakeOut};
pub use claim::{Abandon, Claim, ClaimArgs, LandArgs, Share, ShareArgs, Upkeep, UpkeepArgs};
pub use craft::{Craft, CraftArgs};
pub use gather::{Gather, GatherArgs};
pub use give::{Give, GiveArgs, Trade, TradeArgs};
pub use pile::{Drop, DropArgs, PickUp, PickUpArgs};

use crate::command::Command;

/// All of them.
pub(crate) fn all() -> Vec<Arc<dyn Command>> {
    vec![
        Arc::new(Gather),
        Arc::new(Drop),
        Arc::new(PickUp),
        Arc::new(Craft),
        Arc::new(Build),
        Arc::new(Dismantle),
        Arc::new(PutIn),
        Arc::new(TakeOut),
        Arc::new(Give),
        Arc::new(Trade),
        Arc::new(Eat),
        Arc::new(Claim),
        Arc::new(Share),
        Arc::new(Upkeep),
        Arc::new(Abandon),
    ]
}
