use super::*;

const RTT: Duration = Duration::from_millis(100);
const MAX: usize = 8 * 1024 * 1024;

/// A path that carries so many bytes in a millisecond, behind a queue without an end, and a sender that always
/// has more to say; SCTP's own window is out of the way.
struct Story {
    budget: Budget,
    rtt: Duration,
    rate: usize,
    now: u64,
    /// When what is under way will be acknowledged, and how much it is.
    under_way: std::collections::VecDeque<(u64, usize)>,
    free_at: u64,
    unacknowledged: usize,
    most: usize,
    retransmits: u64,
}

impl Story {
    fn new(rate: usize) -> Self {
        Self {
            budget: Budget::new(MAX),
            rtt: RTT,
            rate,
            now: 0,
            under_way: [].into(),
            free_at: 0,
            unacknowledged: 0,
            most: 0,
            retransmits: 0,
        }
    }

    fn run(&mut self, millis: u64) {
        self.most = 0;
        for _ in 0..millis {
            self.now += 1;
            let before = self.unacknowledged;
            while let Some((_, len)) = self.under_way.pop_front_if(|(at, _)| *at <= self.now) {
                self.unacknowledged -= len;
            }
            self.budget.on_progress(Progress {
                now: Timestamp::from_millis(self.now),
                rtt_min: Some(RTT),
                unacknowledged: [before, self.unacknowledged],
                retransmits: self.retransmits,
            });
            while self.unacknowledged < self.budget.bytes() {
                self.free_at = self.free_at.max(self.now) + 1;
                let at = self.free_at + self.rtt.as_millis() as u64;
                self.under_way.push_back((at, self.rate));
                self.unacknowledged += self.rate;
            }
            self.most = self.most.max(self.unacknowledged);
        }
    }
}

#[test]
fn a_long_fat_path_is_filled_and_its_queue_is_not() {
    let carried = 20_000 * 100;
    let mut story = Story::new(20_000);
    story.run(3_000);
    assert!(story.most >= carried, "{}", story.most);
    assert!(story.most <= carried * 2, "{}", story.most);
    story.run(10_000);
    assert!(story.most >= carried, "{}", story.most);
    assert!(story.most <= carried * 3 / 2, "{}", story.most);
}

#[test]
fn a_path_that_becomes_wider_is_filled_again() {
    let mut story = Story::new(2_000);
    story.run(5_000);
    story.rate = 20_000;
    story.run(5_000);
    assert!(story.most >= 20_000 * 100, "{}", story.most);
}

#[test]
fn a_path_that_becomes_longer_is_not_given_up() {
    let mut story = Story::new(5_000);
    story.run(5_000);
    story.rtt = RTT * 3;
    story.run(200_000);
    assert!(story.most >= 5_000 * 300 / 8 * 7, "{}", story.most);
}

#[test]
fn never_less_than_the_least_or_more_than_the_limit() {
    let mut slow = Story::new(10);
    slow.run(10_000);
    assert_eq!(slow.budget.bytes(), MIN);
    let mut fast = Story::new(200_000);
    fast.run(10_000);
    assert_eq!(fast.budget.bytes(), MAX);
}

#[test]
fn who_says_little_keeps_what_the_path_has_shown() {
    let mut story = Story::new(20_000);
    story.run(5_000);
    let budget = story.budget.bytes();
    let mut now = story.now + 1_000;
    for _ in 0..1_000 {
        now += 100;
        let now = Timestamp::from_millis(now);
        let (rtt_min, unacknowledged) = (Some(RTT), [1_000, 0]);
        story.budget.on_progress(Progress { now, rtt_min, unacknowledged, retransmits: 0 });
    }
    // The round that was under way may have been called a slow one.
    let after = story.budget.bytes();
    assert!((budget..=budget + STEP).contains(&after), "{budget}, then {after}");
}

#[test]
fn after_a_loss_it_is_for_the_window_of_sctp_to_say() {
    let mut story = Story::new(4 * 1024);
    story.run(3_000);
    let carried = 4 * 1024 * 100;
    assert!(story.budget.bytes() < carried * 2, "{}", story.budget.bytes());
    story.retransmits += 1;
    story.run(1);
    let after = story.budget.bytes();
    assert!((carried * 2..carried * 9 / 4).contains(&after), "{after} and {carried}");
    story.budget.path_changed();
    assert_eq!(story.budget.bytes(), MIN, "of another path nothing is known");
}

#[test]
fn one_machine_is_given_little_and_a_local_network_what_it_carries() {
    let after = |rtt_min: u64, interval: u64| {
        let mut budget = Budget::new(MAX);
        for n in 0..1_000 {
            budget.on_progress(Progress {
                now: Timestamp::ZERO + Duration::from_micros(n * interval),
                rtt_min: Some(Duration::from_micros(rtt_min)),
                unacknowledged: [budget.bytes(), 0],
                retransmits: 0,
            });
        }
        budget.bytes()
    };
    assert_eq!(after(100, 200), 2 * MIN);
    assert_eq!(after(100, 10_000), MIN, "it has not much to do");
    // A gigabit with a round trip of nearly a millisecond.
    assert!(after(900, 500) > 2 * MIN, "{}", after(900, 500));
}
