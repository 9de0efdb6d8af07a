//! One bot: a client, its mind, and the plan of when it acts.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use client::tcp::Driver;
use client::{Client, ClientConfig, Ending, Event, Lost, Performed, State};
use protocol::tick::Lane;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};
use world::{Gait, Position};

use crate::behaviour::{Act, Mind, Senses};
use crate::board::{self, Board};
use crate::deeds_told::Who;
use crate::hands::{Around, Hands};
use crate::latency::record;
use crate::plan::Plan;
use crate::returns::Out;
use crate::run::ANSWERS;

/// How often a bot's counts are copied to the board.
const BEAT: Duration = Duration::from_secs(1);
/// A bot that is out of the world for longer than this at the end has failed.
const OUT_LIMIT: Duration = Duration::from_secs(10);
/// A bot that was told to stop this soon after its start need not have come in.
const COMING_LIMIT: Duration = Duration::from_secs(2);

/// One bot.
pub(crate) struct Bot {
    index: u32,
    driver: Driver,
    mind: Mind,
    hands: Hands,
    account: String,
    board: Rc<RefCell<Board>>,
    observes: bool,
    does_deeds: bool,
    home: Option<Position>,
    corrected: bool,
    /// The server has stopped it since its last act.
    stopped: bool,
    started: Instant,
    next_act: Option<Instant>,
    next_beat: Instant,
    out_since: Option<Instant>,
    out: Option<Out>,
    lost: Option<Lost>,
    ending: Option<Ending>,
}

/// Plays bot `index` from its start to the end of the run.
pub(crate) async fn play(plan: Rc<Plan>, index: u32, board: Rc<RefCell<Board>>, mut stop: watch::Receiver<bool>) {
    let start = Instant::now() + plan.starts_after(index);
    tokio::select! {
        () = sleep_until(start) => {}
        _ = stop.wait_for(|told| *told) => return,
    }
    let Some(mut bot) = Bot::new(&plan, index, board) else { return };
    while !*stop.borrow() && bot.ending.is_none() {
        let until = bot.next_act.map_or(bot.next_beat, |act| act.min(bot.next_beat));
        tokio::select! {
            biased;
            event = bot.driver.next(Some(until)) => match event {
                Some(event) => bot.event(&event),
                None => bot.time(),
            },
            _ = stop.changed() => {}
        }
    }
    bot.end().await;
}

impl Bot {
    fn new(plan: &Plan, index: u32, board: Rc<RefCell<Board>>) -> Option<Self> {
        let behaviour = plan.behaviour_of(index)?;
        let observes = plan.observes(index);
        let (does_deeds, account) = (behaviour.does_deeds(), plan.name_of(index));
        let seed = plan.seed ^ (u64::from(index) << 32);
        let mut config = ClientConfig::new(account.clone(), plan.addresses_of(index), seed);
        config.observe = board::observe(observes);
        config.want_baselines = does_deeds;
        config.report_moves = observes;
        config.report_inputs = true;
        {
            let mut board = board.borrow_mut();
            let entry = board.entry(index);
            (entry.started, entry.observes, entry.cheats) = (true, observes, behaviour.cheats());
        }
        let now = Instant::now();
        Some(Self {
            index,
            driver: Driver::with(Client::new(config), plan.trust.clone()),
            mind: Mind::new(behaviour.clone(), &plan.tables, plan.seed, u64::from(index)),
            hands: Hands::default(),
            account,
            board,
            observes,
            does_deeds,
            home: None,
            corrected: false,
            stopped: false,
            started: now,
            next_act: None,
            next_beat: now + BEAT,
            out_since: Some(now),
            out: None,
            lost: None,
            ending: None,
        })
    }

    fn event(&mut self, event: &Event) {
        match event {
            Event::Welcomed { entity, node, at, .. } => {
                self.out_since = None;
                let mut board = self.board.borrow_mut();
                board.serves(*node, *entity);
                if let Some(out) = self.out.take() {
                    board.returns.back(self.index, &out, *node, *at);
                }
                board.meeting.get_or_insert(*at);
                if self.home.is_none() {
                    self.home = Some(*at);
                    self.next_act = Some(Instant::now() + Duration::from_millis(self.mind.first_in_ms()));
                }
            }
            Event::Handed { node } => {
                if let Some(entity) = self.driver.client().entity() {
                    self.board.borrow_mut().serves(*node, entity);
                }
            }
            Event::Corrected { motion, .. } => {
                self.corrected = true;
                self.stopped |= motion.gait == Gait::Stand;
            }
            // Also one that repeats the motion: the server may have stopped the avatar in between.
            Event::InputSent { at, motion, .. } => {
                let client = self.driver.client();
                if let (Some(entity), Some(node)) = (client.entity(), client.node()) {
                    let now = std::time::Instant::now();
                    self.board.borrow_mut().latency.sent(now, entity, node, *at, *motion);
                }
            }
            // In the far lane a move is late on purpose.
            Event::Moved { entity, at, motion, lane: Lane::Near, .. } => {
                let client = self.driver.client();
                if let (Some(node), Some(me), Some(own)) = (client.node(), client.entity(), client.prediction())
                    && me != *entity
                {
                    let now = std::time::Instant::now();
                    self.board.borrow_mut().latency.seen(now, (me, node), (*entity, *at, *motion), own.pace());
                }
            }
            Event::Reconnecting { lost, .. } => {
                if self.out_since.is_none() {
                    self.out_since = Some(Instant::now());
                    self.out = Out::of(self.driver.client(), self.driver.now(), *lost);
                }
                self.lost = Some(*lost);
            }
            Event::Closed(ending) => self.ending = Some(*ending),
            Event::Performed(told) => self.performed(told),
            Event::Offered(offered) => {
                let around = Around::of(&self.driver, &mut self.board.borrow_mut().grounds);
                let home = self.home.unwrap_or_default();
                let sight = around.as_ref().and_then(|around| around.sight(&self.driver, home, self.stopped));
                if let Some(act) = sight.and_then(|sight| self.mind.offered(&sight, offered)) {
                    self.carry_out(&act);
                }
            }
            Event::Agreed { offer, .. } => {
                if let Some(act) = self.mind.agreed(offer) {
                    self.carry_out(&act);
                }
            }
            Event::Moved { .. }
            | Event::Speech { .. }
            | Event::Replied { .. }
            | Event::BagChanged
            | Event::PageChanged { .. } => {}
        }
    }

    fn time(&mut self) {
        let now = Instant::now();
        if let Some(planned) = self.next_act
            && planned <= now
        {
            self.act(planned, now);
        }
        if self.next_beat <= now {
            self.next_beat = now + BEAT;
            let mut board = self.board.borrow_mut();
            board.copy(self.index, self.driver.client());
            if self.observes {
                board.look(self.driver.client());
            }
        }
    }

    /// Acts as planned. The next time follows from the plan and not from the clock, so that who is late does not do
    /// less.
    fn act(&mut self, planned: Instant, now: Instant) {
        let client = self.driver.client();
        let here = client.position(self.driver.now()).or(self.home);
        let (Some(at), Some(home)) = (here, self.home) else { return };
        let meeting = self.board.borrow().meeting.unwrap_or(home);
        let (corrected, stopped) = (std::mem::take(&mut self.corrected), std::mem::take(&mut self.stopped));
        let around =
            if self.does_deeds { Around::of(&self.driver, &mut self.board.borrow_mut().grounds) } else { None };
        let sight = around.as_ref().and_then(|around| around.sight(&self.driver, home, stopped));
        let senses = Senses { at, home, meeting, corrected, sight };
        let (act, next_ms) = self.mind.act(&senses);
        self.next_act = Some(planned + Duration::from_millis(next_ms));
        if self.driver.client().state() != State::Playing {
            return self.put_off(act);
        }
        record(&mut self.board.borrow_mut().lateness, now.saturating_duration_since(planned));
        self.carry_out(&act);
    }

    fn carry_out(&mut self, act: &Act) {
        self.hands.act(&mut self.driver, act, &mut self.board.borrow_mut());
    }

    /// Out of the world nothing is done but deeds: they wait for the next session, as those do that are under way.
    fn put_off(&mut self, act: Act) {
        if let Act::Do(_) | Act::Twice(_) = act {
            self.carry_out(&act);
        }
    }

    fn performed(&mut self, told: &Performed) {
        let who = self.who();
        let wrongs = self.mind.performed(told);
        let mut board = self.board.borrow_mut();
        self.hands.performed(&who, told, &mut board);
        wrongs.into_iter().for_each(|wrong| board.told.wrong(&who, wrong));
    }

    fn who(&self) -> Who {
        let client = self.driver.client();
        Who {
            account: self.account.clone(),
            entity: client.entity().map_or(0, |entity| entity.0),
            node: client.node().map_or_else(String::new, |node| node.to_string()),
        }
    }

    /// Waits for the answers to what was asked for.
    async fn settle(&mut self) {
        let until = Instant::now() + ANSWERS;
        while self.ending.is_none() {
            // What was answered may still be on its way to us behind other events.
            let answered = self.driver.client().requests().unanswered() == 0;
            match self.driver.next(Some(if answered { Instant::now() } else { until })).await {
                Some(event) => self.event(&event),
                None => break,
            }
        }
        let who = self.who();
        self.hands.end(&who, self.driver.client(), &mut self.board.borrow_mut());
    }

    async fn end(mut self) {
        if self.does_deeds {
            self.settle().await;
        }
        let failure = self.failure();
        let Self { index, driver, board, observes, .. } = self;
        if observes {
            board.borrow_mut().look(driver.client());
        }
        let client = driver.leave().await;
        let mut board = board.borrow_mut();
        board.copy(index, &client);
        board.entry(index).failure = failure;
    }

    fn failure(&self) -> Option<String> {
        if let Some(ending) = self.ending {
            return Some(ending.to_string());
        }
        let out = self.out_since?.elapsed();
        let allowed = if self.home.is_none() { COMING_LIMIT } else { OUT_LIMIT };
        let failed = out > allowed && self.started.elapsed() > COMING_LIMIT;
        let lost = || self.lost.map_or_else(|| "never welcomed".to_owned(), |lost| lost.to_string());
        failed.then(|| match self.driver.trouble() {
            None => lost(),
            Some(trouble) => format!("{}: {trouble}", lost()),
        })
    }
}
