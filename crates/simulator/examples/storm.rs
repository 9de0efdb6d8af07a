use simulator::{Scenario, run};
use world::{Plant, Planted};
fn main() {
    let args: Vec<String> = std::env::args().collect();
    let from: u64 = args[1].parse().unwrap();
    let count: u64 = args[2].parse().unwrap();
    let plant = args.get(3).and_then(|p| Plant::from_name(p));
    let planted = plant.map_or(Planted::none(), Planted::with);
    let text = std::fs::read_to_string("simulations/first-island.toml").unwrap();
    let scenario = Scenario::parse(&text).unwrap();
    let mut bad = 0;
    for seed in from..from + count {
        let r = run(&scenario, seed, planted, plant.map(|p| p.name())).unwrap();
        if r.violations > 0 {
            bad += 1;
        }
        if count == 1 {
            println!("{}", serde_json::to_string_pretty(&r).unwrap());
        } else {
            println!(
                "seed {seed} {} violations {} sessions {} crossings {} overlap {} {:?}",
                r.digest,
                r.violations,
                r.sessions,
                r.border_crossings,
                r.longest_overlap_ms,
                r.first_violations.first().map(|v| (v.at_ms, v.checker, v.what.clone()))
            );
        }
    }
    println!("bad {bad} of {count}");
}
