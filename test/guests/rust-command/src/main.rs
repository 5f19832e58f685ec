//! Computes with much of what the compiler makes loops, tables of functions and bulk operations of, and writes what came out.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::fmt::Write;

trait Shape {
    fn area(&self) -> f64;
}
struct Square(f64);
struct Circle(f64);
impl Shape for Square {
    fn area(&self) -> f64 {
        self.0 * self.0
    }
}
impl Shape for Circle {
    fn area(&self) -> f64 {
        self.0 * self.0 * std::f64::consts::PI
    }
}

struct Random(u64);
impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}

fn ackermann(m: u64, n: u64) -> u64 {
    match (m, n) {
        (0, n) => n + 1,
        (m, 0) => ackermann(m - 1, 1),
        (m, n) => ackermann(m - 1, ackermann(m, n - 1)),
    }
}

/// The shortest way through a field of walls, by breadth.
fn labyrinth(random: &mut Random, size: usize) -> Option<usize> {
    let walls: Vec<bool> = (0..size * size).map(|_| random.next() % 4 == 0).collect();
    let mut seen = vec![false; size * size];
    let mut queue = VecDeque::from([(0, 0)]);
    while let Some((at, steps)) = queue.pop_front() {
        if at == size * size - 1 {
            return Some(steps);
        }
        let (x, y) = (at % size, at / size);
        let ways = [
            (x > 0).then(|| at - 1),
            (x + 1 < size).then(|| at + 1),
            (y > 0).then(|| at - size),
            (y + 1 < size).then(|| at + size),
        ];
        for way in ways.into_iter().flatten() {
            if !walls[way] && !std::mem::replace(&mut seen[way], true) {
                queue.push_back((way, steps + 1));
            }
        }
    }
    None
}

fn main() {
    let mut random = Random(88_172_645_463_325_252);
    let mut numbers: Vec<u64> = (0..200_000).map(|_| random.next() % 1_000_000).collect();
    numbers.sort_unstable();
    numbers.dedup();
    println!("{} {:?}", numbers.len(), &numbers[..5]);

    let mut words: BTreeMap<String, usize> = BTreeMap::new();
    for i in 0..20_000u64 {
        *words.entry(format!("word-{}", i * 7919 % 613)).or_default() += 1;
    }
    // Its order is by chance.
    let again: HashMap<&String, &usize> = words.iter().collect();
    println!("{} {:?}", again.values().copied().sum::<usize>(), words.iter().take(3).collect::<Vec<_>>());

    let mut text = String::new();
    for (word, count) in &words {
        writeln!(text, "{word}:{count}").unwrap();
    }
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3));
    println!("{hash:016x} {}", text.repeat(200).matches("word-1").count());

    let shapes: Vec<Box<dyn Shape>> =
        (0..50_000).map(|i| if i % 3 == 0 { Box::new(Circle(f64::from(i))) as Box<dyn Shape> } else { Box::new(Square(f64::from(i))) }).collect();
    println!("{:e} {}", shapes.iter().map(|shape| shape.area()).sum::<f64>(), ackermann(2, 300));

    let big: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).cycle().take(3_000_000).collect();
    let mut moved = big.clone();
    moved.copy_within(1000..2_900_000, 0);
    moved[..2_000_000].fill(7);
    println!("{:?} {:?}", moved.iter().map(|&byte| u64::from(byte)).sum::<u64>(), labyrinth(&mut random, 400));
    println!("{}", std::env::args().last().unwrap());
    let none: &[u64] = &numbers[..0];
    println!("{}", none[std::env::args().count() - 1]);
}
