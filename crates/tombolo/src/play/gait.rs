//! How somebody can go where he wishes to: slower in water, and not into deep water.
//!
//! It judges nothing: the server does. It only keeps a walker who can see the ground from being put right by the server
//! at every shore, and lets him go on as he wished when the ground allows it again.

use world::{Biome, Gait, Motion, Position, Rules};

/// How far ahead the ground is looked at, in milliseconds of walking: what an input takes to arrive, amply.
const AHEAD_MS: i32 = 400;

/// The motion that the ground allows somebody who wishes to go like this. Where the ground is not known, the wish
/// stands.
pub fn possible(wish: Motion, at: Position, biome_at: impl Fn(Position) -> Option<Biome>) -> Motion {
    let (here, ahead) = (biome_at(at), biome_at(ahead(wish, at)));
    if ahead == Some(Biome::DeepWater) && here != Some(Biome::DeepWater) {
        return wish.stopped();
    }
    let grounds = here.into_iter().chain(ahead);
    let gait = grounds.fold(wish.gait, |gait, biome| Rules::ON_FOOT.clamp_gait(biome, gait));
    Motion::new(wish.heading, gait)
}

fn ahead(motion: Motion, at: Position) -> Position {
    let (ux, uy) = motion.heading.direction();
    // At least half a metre, so that who creeps looks before the feet as well.
    let units = (motion.gait.units_per_second() * AHEAD_MS / 1_000).max(60);
    let axis = |u: i32| u * units / 4_096;
    if motion.gait == Gait::Stand { at } else { at.offset(axis(ux), axis(uy)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use world::Heading;

    /// Sand west of 0, shallow water up to 10 m, deep water beyond.
    fn shore(p: Position) -> Option<Biome> {
        Some(match p.x {
            ..0 => Biome::Beach,
            0..1_200 => Biome::ShallowWater,
            _ => Biome::DeepWater,
        })
    }

    #[test]
    fn a_walker_slows_down_before_the_water_and_stops_before_the_depth() {
        let (east, west) = (Heading::new(0), Heading::new(16));
        let cases = [
            ("far up the beach", -1_200, east, Gait::Sprint, Gait::Sprint),
            ("at the waterside", -10, east, Gait::Sprint, Gait::Walk),
            ("in the water", 600, east, Gait::Sprint, Gait::Walk),
            ("slowly in the water", 600, east, Gait::Creep, Gait::Creep),
            ("before the depth", 1_190, east, Gait::Walk, Gait::Stand),
            ("back from before the depth", 1_190, west, Gait::Sprint, Gait::Walk),
            ("out of the depth", 1_300, west, Gait::Sprint, Gait::Walk),
            ("leaving the waterside", -10, west, Gait::Sprint, Gait::Sprint),
        ];
        for (case, x, heading, wish, expected) in cases {
            let motion = possible(Motion::new(heading, wish), Position::new(x, 0), shore);
            assert_eq!((motion.gait, motion.heading), (expected, heading), "{case}");
        }
    }

    #[test]
    fn on_unknown_ground_the_wish_stands() {
        let wish = Motion::new(Heading::new(3), Gait::Run);
        assert_eq!(possible(wish, Position::default(), |_| None), wish);
    }
}
