//! Contenders take turns, in another order each round.

use std::future::Future;
use std::pin::Pin;

use super::statistics::Spread;
use super::work::{Plan, Sample};
use crate::error::Result;

type Running = Pin<Box<dyn Future<Output = Sample>>>;

/// Somebody whose work is measured.
pub struct Contender {
    pub name: &'static str,
    run: Box<dyn Fn(Plan) -> Running>,
}

impl Contender {
    pub fn new(name: &'static str, run: impl Fn(Plan) -> Running + 'static) -> Self {
        Self { name, run: Box::new(run) }
    }

    pub async fn run(&self, plan: Plan) -> Sample {
        (self.run)(plan).await
    }
}

/// What a contender did, round by round.
#[derive(Debug)]
pub struct Series {
    pub name: &'static str,
    pub samples: Vec<Sample>,
}

impl Series {
    pub fn spread(&self, figure: impl Fn(&Sample) -> f64) -> Spread {
        Spread::of(self.samples.iter().map(figure))
    }

    /// This one's figure as a share of another's in the same round.
    pub fn against(&self, other: &Self, figure: impl Fn(&Sample) -> f64) -> Spread {
        Spread::of(self.samples.iter().zip(&other.samples).map(|(own, other)| figure(own) / figure(other)))
    }
}

/// Runs all in each round, each by its own plan, after one round that does not count.
pub async fn interleave(contenders: &[(Contender, Plan)], rounds: usize) -> Result<Vec<Series>> {
    let mut series: Vec<Series> = contenders
        .iter()
        .map(|(contender, _)| Series { name: contender.name, samples: Vec::with_capacity(rounds) })
        .collect();
    for round in 0..=rounds {
        for turn in 0..contenders.len() {
            let place = place(round, turn, contenders.len());
            let (contender, plan) = &contenders[place];
            let sample = contender.run(*plan).await;
            if sample.operations == 0 {
                return Err(format!("{} did nothing in a round: {plan:?}", contender.name).into());
            }
            if round > 0 {
                series[place].samples.push(sample);
            }
        }
    }
    Ok(series)
}

/// Begins with another one each round, and goes the other way every second round: nobody always follows the same.
fn place(round: usize, turn: usize, contenders: usize) -> usize {
    let place = (round + turn) % contenders;
    if round.is_multiple_of(2) { place } else { contenders - 1 - place }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_has_a_turn_in_each_round_and_each_begins_once() {
        for contenders in 1..6 {
            for round in 0..12 {
                let mut places: Vec<_> = (0..contenders).map(|turn| place(round, turn, contenders)).collect();
                places.sort_unstable();
                assert_eq!(places, (0..contenders).collect::<Vec<_>>());
            }
        }
    }
}
