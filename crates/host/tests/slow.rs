//! A client that stops reading loses frames, not its place, and gets a fresh picture when it reads again.

use std::time::{Duration, Instant};

use protocol::client::{GetBaseline, ToServer};
use protocol::tick::{Item, Items};

use crate::fixture::{Cluster, Player, Raw, Said, run};

#[test]
fn who_stops_reading_is_told_all_anew_and_holds_up_nobody() {
    run(async {
        let cluster = Cluster::new();
        let host = cluster.host("a", 1).await;
        let mut bob = Player::join("bob", host.addresses()[0]).await;
        let (mut ann, welcome) = Raw::hello("ann", host.addresses()[0]).await;
        let blocked = || host.counters().node.writes_blocked > 0;
        let began = Instant::now();
        // The ground of the whole island, again and again, fills every buffer on the way.
        for n in 0.. {
            if blocked() {
                break;
            }
            assert!(began.elapsed() < Duration::from_secs(15), "never blocked");
            let size = welcome.size_chunks as i16;
            let ask = GetBaseline { cx: n % size, cy: n / size % size };
            ann.send(&ToServer::GetBaseline(ask)).await;
            bob.play(Duration::from_millis(10)).await;
        }
        let ticks = |player: &Player| player.driver.client().picture().map(client::Picture::tick);
        let before = ticks(&bob);
        bob.play(Duration::from_millis(1_200)).await;
        assert!(ticks(&bob) > before, "others are served meanwhile");
        let (mut reset, mut keys) = (false, 0);
        while !reset || keys == 0 {
            let Said::Tick(payload) = ann.next().await else { continue };
            for item in Items::parse(&payload).expect("a tick") {
                match item.expect("an item") {
                    Item::Reset => (reset, keys) = (true, 0),
                    Item::Key { .. } => keys += 1,
                    _ => {}
                }
            }
        }
        assert_eq!(host.counters().node.sessions_ended, 0);
    });
}
