//! Giving, and trading with somebody who agreed.

use protocol::Code;
use wincode::{SchemaRead, SchemaWrite};

use crate::avatar::{Belongings, avatar_key};
use crate::command::{Command, Done, Receipt, Stop, Verdict, ensure};
use crate::consent::Bargain;
use crate::scene::{Partner, Scene};
use crate::tables::{ItemId, Stack};
use crate::toolkit::{amount, args, item, put, stacks, take};

/// `give`: put items into somebody's bag.
#[derive(Clone, Copy, Debug)]
pub struct Give;

/// `trade`: change items with somebody who agreed to the same terms.
#[derive(Clone, Copy, Debug)]
pub struct Trade;

/// What to give, and to whom.
#[derive(Clone, Debug, PartialEq, Eq, SchemaRead, SchemaWrite)]
pub struct GiveArgs {
    /// The other's avatar.
    pub to: u64,
    /// The item.
    pub item: ItemId,
    /// How many.
    pub amount: u32,
}

/// The terms of a trade, as the one who acts says them.
#[derive(Clone, Debug, PartialEq, Eq, SchemaRead, SchemaWrite)]
pub struct TradeArgs {
    /// The other's avatar.
    pub with: u64,
    /// What the actor gives.
    pub gives: Vec<Stack>,
    /// What the other gives.
    pub takes: Vec<Stack>,
}

/// The other, within reach.
fn partner<'a>(scene: &Scene<'a>, entity: u64) -> Result<&'a Partner, Stop> {
    ensure(entity != scene.actor.entity.0, Code::PartnerInvalid)?;
    let there = scene.partner.filter(|partner| partner.entity.0 == entity);
    let partner = there.ok_or(Stop::Refused(Code::PartnerAway))?;
    scene.within_reach(partner.place)?;
    scene.need([avatar_key(&scene.actor.name), avatar_key(&partner.name)])?;
    Ok(partner)
}

/// Whether the other agreed to this very request: the same actor, number, and every item.
fn has_agreed(scene: &Scene<'_>, partner: &Partner, terms: &TradeArgs) -> bool {
    partner.agreed.as_ref().is_some_and(|spent| {
        let Bargain { actor, terms: agreed } = &spent.consent.bargain;
        *actor == scene.actor.entity && spent.request == scene.request && agreed == terms
    })
}

fn receive(scene: &Scene<'_>, them: &mut Belongings, what: &[Stack]) -> Result<(), Stop> {
    put(scene, them, what).map_err(|_| Stop::Refused(Code::PartnerBagFull))
}

fn both(scene: &Scene<'_>, me: &Belongings, partner: &Partner, them: &Belongings, receipt: Receipt) -> Verdict {
    let mut done = Done { receipt, ..Done::default() };
    done.write(scene, avatar_key(&scene.actor.name), me)?;
    done.write(scene, avatar_key(&partner.name), them)?;
    Ok(done)
}

impl Command for Give {
    fn name(&self) -> &'static str {
        "give"
    }

    fn perform(&self, bytes: &[u8], scene: &Scene<'_>) -> Verdict {
        let GiveArgs { to, item: name, amount: count } = args(bytes)?;
        item(scene, &name)?;
        amount(scene, count)?;
        let partner = partner(scene, to)?;
        let (mut me, mut them) = (scene.belongings()?, scene.belongings_of(partner)?);
        let lost = vec![(name, count)];
        take(&mut me, &lost)?;
        receive(scene, &mut them, &lost)?;
        both(scene, &me, partner, &them, Receipt { lost, ..Receipt::default() })
    }
}

impl Command for Trade {
    fn name(&self) -> &'static str {
        "trade"
    }

    fn perform(&self, bytes: &[u8], scene: &Scene<'_>) -> Verdict {
        let terms: TradeArgs = args(bytes)?;
        stacks(scene, &terms.gives)?;
        stacks(scene, &terms.takes)?;
        ensure(!terms.gives.is_empty() || !terms.takes.is_empty(), Code::AmountInvalid)?;
        let partner = partner(scene, terms.with)?;
        ensure(has_agreed(scene, partner, &terms), Code::NoConsent)?;
        let (mut me, mut them) = (scene.belongings()?, scene.belongings_of(partner)?);
        take(&mut me, &terms.gives)?;
        take(&mut them, &terms.takes).map_err(|_| Stop::Refused(Code::PartnerLacks))?;
        put(scene, &mut me, &terms.takes)?;
        receive(scene, &mut them, &terms.gives)?;
        let receipt = Receipt { gained: terms.takes, lost: terms.gives, trace: None };
        both(scene, &me, partner, &them, receipt)
    }
}
