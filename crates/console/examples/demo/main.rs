//! The live map over a made-up world: an island, four nodes and walkers that really cross chunks.
//!
//! It exists to look at the page and to test it in a browser without a cluster.
//! `cargo run -p console --example demo -- [ADDR] [WALKERS]`, by default `127.0.0.1:7780` and 200.

mod island;
mod walkers;

use std::error::Error;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use console::{Console, Snapshot, Source, Swatch, Terrain};
use tokio::time::interval;

use crate::island::{Island, SIZE_CHUNKS};
use crate::walkers::World;

/// Time between two steps of the walkers: a tick at 10 Hz.
const TICK: Duration = Duration::from_millis(100);

struct Demo {
    island: Island,
    world: Mutex<World>,
}

impl Source for Demo {
    fn snapshot(&self) -> Snapshot {
        self.world.lock().unwrap_or_else(PoisonError::into_inner).snapshot(now_ms())
    }

    fn terrain(&self) -> Terrain {
        let cell = Terrain::cell_units_for(SIZE_CHUNKS);
        let (side, biomes, relief) = self.island.raster(cell);
        Terrain::new(cell, (side, side), Swatch::nature(), biomes)
            .and_then(|terrain| terrain.with_relief(relief))
            .expect("the raster is as large as it says")
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("demo: {error}");
            ExitCode::from(2)
        }
    }
}

async fn run() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let addr = arguments.next().unwrap_or_else(|| "127.0.0.1:7780".to_owned()).parse()?;
    let walkers = arguments.next().map_or(Ok(200), |count| count.parse())?;

    let island = Island::new(7);
    let world = Mutex::new(World::new(&island, walkers, now_ms()));
    let demo = Arc::new(Demo { island, world });
    let console = Console::bind(addr, Arc::clone(&demo) as Arc<dyn Source>)?;
    println!("map: http://{}/", console.addr());

    let stepping = tokio::spawn(async move {
        let mut beat = interval(TICK);
        loop {
            let late = beat.tick().await.elapsed();
            demo.world.lock().unwrap_or_else(PoisonError::into_inner).step(
                &demo.island,
                now_ms(),
                late.as_secs_f64() * 1000.0,
            );
        }
    });
    console.serve(async { tokio::signal::ctrl_c().await.unwrap_or_default() }).await?;
    stepping.abort();
    Ok(())
}

fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
