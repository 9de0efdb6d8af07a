//! `tombolo play`: walk, speak and do things in the terminal among the others.
//!
//! [`App`] is what the player has in mind, [`Sight`] what is seen, [`Land`] the ground; `panel` draws them. This file
//! lets keys, the connection and the screen take their turns. It decides nothing of the world: the client library
//! predicts, the server judges.

mod app;
mod gait;
mod keys;
mod land;
mod map;
mod orders;
mod panel;
mod sight;

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use client::tcp::{Driver, Trust};
use client::{Client, ClientConfig, ClientInput, Ending, Event, State};
use protocol::Code;
use protocol::client::valid_name;
use protocol::limits::NAME_BYTES;
use ratatui::crossterm::event::{Event as Key, KeyEventKind};
use tokio::sync::watch;
use tokio::time::Instant;

use self::app::{App, Wish};
use self::land::Land;
use self::orders::{Deal, Order, Scene};
use self::sight::Sight;
use crate::colours::Colours;
use crate::failure::{Failure, Outcome};
use crate::options::{self, TlsOptions};
use crate::screen::Screen;
use crate::stop;

/// Options of `tombolo play`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tombolo play --connect 127.0.0.1:7700              walk in a world that `tombolo dev` runs\n  \
    tombolo play --connect 127.0.0.1:7700 --name ann   the same as ann\n\n\
    Arrows walk, Enter speaks, ? shows all keys. What begins with / is an order:\n  \
    e, or /gather 3         take of the nearest tree, bush or stone\n  \
    i                       show your bag and what is near; /look tells it\n  \
    /drop wood 2, /pickup   put something down, take it up\n  \
    /craft rope, /build chest, /put wood all, /take wood 2\n  \
    /give ann wood 2, /offer ann wood 2 for stone 1, /agree\n  \
    /eat berry 5, /claim, /share ann builder, /upkeep, /abandon\n  \
    /help                   all of them\n\n\
    A refusal comes with its reason: out of range means go nearer, busy hands are waited for.\n\
    It needs a terminal. NO_COLOR=1 does without colours."
)]
pub struct PlayArgs {
    /// Where to enter, `host:port`; if one does not answer, the next is tried
    #[arg(long, required = true, value_delimiter = ',', value_name = "HOST:PORT,…")]
    connect: Vec<String>,
    /// The account; who comes in twice replaces himself [default: the name you are logged in as]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    #[command(flatten)]
    tls: TlsOptions,
}

/// Time between two pictures: twice the usual tick rate, so that no tick waits long to be seen.
const PICTURE_EVERY: Duration = Duration::from_millis(50);

/// Runs the command.
pub fn run(args: PlayArgs) -> Outcome {
    crate::logging::start("error");
    if !Screen::is_possible() {
        return Err(Failure::usage(
            "play draws on a terminal and reads its keys, and here is none; run it in a terminal, or use `tombolo bots`",
        ));
    }
    options::addresses(&args.connect)?;
    let (name, trust) = (account(args.name)?, args.tls.trust()?);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|e| Failure::run(format!("no runtime: {e}")))?.block_on(play(args.connect, &name, trust))
}

fn account(wanted: Option<String>) -> Result<String, Failure> {
    let Some(name) = wanted else {
        return Ok(std::env::var("USER").ok().filter(|name| valid_name(name)).unwrap_or_else(|| "walker".into()));
    };
    if valid_name(&name) {
        return Ok(name);
    }
    Err(Failure::usage(format!("--name {name:?}: take 1 to {NAME_BYTES} letters a-z, digits, - and _")))
}

async fn play(addresses: Vec<String>, name: &str, trust: Option<Trust>) -> Outcome {
    let told = stop::on_signals().map_err(|e| Failure::run(format!("cannot listen for signals: {e}")))?;
    let seed = u64::from(std::process::id());
    let config = ClientConfig { want_baselines: true, ..ClientConfig::new(name, addresses.clone(), seed) };
    let mut table = Table::new(Driver::with(Client::new(config), trust), App::new(name));
    tokio::select! {
        entered = table.enter(&addresses) => entered?,
        () = stop::told(&told) => return Ok(ExitCode::SUCCESS),
    }
    let mut screen = Screen::open().map_err(|e| Failure::run(format!("the terminal does not do as told: {e}")))?;
    let played = table.play(&mut screen, &told).await;
    // The terminal first: whatever the farewell meets is told on it.
    drop(screen);
    table.driver.leave().await;
    played.map_err(|e| Failure::run(format!("the terminal was lost: {e}")))?;
    match table.app.ended {
        None | Some(Ending::Left) => Ok(ExitCode::SUCCESS),
        Some(ending) => Err(Failure::run(format!("{ending}{}", remedy(ending)))),
    }
}

fn remedy(ending: Ending) -> &'static str {
    match ending {
        Ending::Refused(code) if Code::from_number(code) == Some(Code::Replaced) => {
            "; the same name came in elsewhere: choose another with --name"
        }
        Ending::Refused(code) if Code::from_number(code) == Some(Code::TlsRequired) => {
            "; connect with --tls, and --ca FILE unless this machine knows the authority"
        }
        Ending::Refused(_) | Ending::NoAddress | Ending::Left => "",
    }
}

/// Everything that takes turns.
struct Table {
    driver: Driver,
    app: App,
    land: Land,
    colours: Colours,
}

impl Table {
    fn new(driver: Driver, app: App) -> Self {
        Self { driver, app, land: Land::default(), colours: Colours::of_environment() }
    }

    /// Tries every address once: a mistake in the command line is told before the screen is taken.
    async fn enter(&mut self, addresses: &[String]) -> Result<(), Failure> {
        let mut tried = 0;
        while let Some(event) = self.driver.next(None).await {
            let lost = match &event {
                Event::Reconnecting { lost, .. } => Some(lost.to_string()),
                Event::Closed(ending) => return Err(Failure::run(format!("{ending}{}", remedy(*ending)))),
                _ => None,
            };
            self.event(event);
            if self.driver.client().state() == State::Playing {
                return Ok(());
            }
            tried += usize::from(lost.is_some());
            if let Some(lost) = lost.filter(|_| tried >= addresses.len()) {
                let addresses = addresses.join(", ");
                let lost = self.driver.trouble().map_or(lost.clone(), |trouble| format!("{lost}: {trouble}"));
                return Err(Failure::usage(format!(
                    "--connect {addresses}: {lost}; is the world running? `tombolo dev` starts one on 127.0.0.1:7700"
                )));
            }
        }
        Ok(())
    }

    /// Plays until the player leaves, is told to, or will not be had. An error is the terminal's.
    async fn play(&mut self, screen: &mut Screen, told: &watch::Receiver<bool>) -> std::io::Result<()> {
        let mut picture_at = Instant::now();
        while self.app.ended.is_none() {
            if picture_at <= Instant::now() {
                self.step(screen)?;
                picture_at = Instant::now() + PICTURE_EVERY;
            }
            tokio::select! {
                event = self.driver.next(Some(picture_at)) => {
                    if let Some(event) = event {
                        self.event(event);
                    }
                }
                key = screen.next() => match key {
                    Some(key) if self.key(&key) => picture_at = Instant::now(),
                    Some(_) | None => return Ok(()),
                },
                () = stop::told(told) => return Ok(()),
            }
        }
        Ok(())
    }

    /// Walks on as the ground allows, and draws.
    fn step(&mut self, screen: &mut Screen) -> std::io::Result<()> {
        self.land.look(self.driver.client());
        self.steer();
        let now = self.driver.now();
        let sight = Sight::of(self.driver.client(), now);
        screen.draw(|frame| panel::draw(frame, now, &self.app, &sight, &self.land, self.colours))
    }

    fn steer(&mut self) {
        let playing = self.driver.client().state() == State::Playing;
        if let Some(at) = self.driver.client().position(self.driver.now()).filter(|_| playing) {
            let motion = self.app.steer(at, &self.land);
            self.driver.handle(ClientInput::Steer(motion));
        }
    }

    fn event(&mut self, event: Event) {
        // Whoever offered wants the trade done.
        let trade = match &event {
            Event::Agreed { offer, .. } => Some(client::deed::trade(offer)),
            _ => None,
        };
        self.app.event(self.driver.now(), event, self.driver.client(), &self.land);
        if let Some(trade) = trade {
            self.driver.handle(ClientInput::Deed(&trade));
        }
    }

    /// Carries out an order, as far as it can be meant.
    fn order(&mut self, order: Order) {
        let sight = Sight::of(self.driver.client(), self.driver.now());
        match order.deal(&Scene::of(&self.app, &sight, &self.land)) {
            Ok(Deal::Deed(deed)) => self.driver.handle(ClientInput::Deed(&deed)),
            Ok(Deal::Offer(offer)) => self.driver.handle(ClientInput::Offer(&offer)),
            Ok(Deal::Agree(agree)) => {
                self.app.offered = None;
                self.driver.handle(ClientInput::Agree(agree));
            }
            Ok(Deal::Tell(lines)) => lines.into_iter().for_each(|line| self.app.tell(line)),
            Err(why) => self.app.warn(why),
        }
    }

    /// Takes in a key. `false`: the player leaves.
    fn key(&mut self, key: &Key) -> bool {
        let wish = match key {
            Key::Key(key) if key.kind != KeyEventKind::Release => self.app.key(*key),
            Key::Paste(text) => {
                self.app.paste(text);
                None
            }
            _ => None,
        };
        match wish {
            Some(Wish::Speak(line)) => self.driver.handle(ClientInput::Speak(&line)),
            Some(Wish::Dress(tint)) => self.driver.handle(ClientInput::Dress(tint)),
            Some(Wish::Order(order)) => self.order(order),
            Some(Wish::Leave) => return false,
            None => self.steer(),
        }
        true
    }
}
