//! Who is compared with whom, when every answer is a round away: a quicksort with several pivots that asks for all comparisons of
//! a level at once. Everything here is public: places in a shuffled column, and answers that were opened.
//!
//! The column is cut into open stretches whose elements belong together but have no order yet. In each level a stretch is done
//! with one of three ways: all its pairs (it is short), all pairs of its first elements (a *sample*, which is then in order), or
//! every element against some elements of its sample (*pivots*), which cuts it into shorter ones that inherit the sample.
//! Where few ranks are wanted, the pivots stand close around them in the sample, and stretches without a wanted rank are left as
//! they are (Floyd and Rivest, Communications of the ACM 18(3), 1975).

/// A stretch of the order whose elements are not in order yet.
#[derive(Clone, Copy)]
struct Stretch {
    start: usize,
    length: usize,
    /// So many of its first elements are in order; at least 1.
    known: usize,
}

/// What a level does with a stretch.
enum Way {
    /// All pairs of the first so many elements.
    Pairs(usize),
    /// Every element behind the known ones against these of them, ascending.
    Split(Vec<usize>),
}

impl Way {
    fn pairs(&self, stretch: &Stretch) -> usize {
        match self {
            Way::Pairs(first) => first * (first - 1) / 2,
            Way::Split(pivots) => (stretch.length - stretch.known) * pivots.len(),
        }
    }
}

/// The order of `count` elements as far as it is known.
pub struct Ranking {
    /// The element at each place, before what was settled.
    settled: Vec<u32>,
    /// What stands at each place now, by its settled place.
    order: Vec<u32>,
    open: Vec<Stretch>,
    wanted: Option<Vec<u32>>,
    asked: Vec<Way>,
    pairs: usize,
}

impl Ranking {
    /// Nothing is known of elements 0 to `count` - 1; `wanted` are the ranks to find, ascending, all of them unless given.
    pub fn new(count: u32, wanted: Option<Vec<u32>>) -> Self {
        let whole = Stretch { start: 0, length: count as usize, known: 1 };
        let (settled, order) = ((0..count).collect(), (0..count).collect());
        let mut ranking = Self { settled, order, open: Vec::new(), wanted, asked: Vec::new(), pairs: 0 };
        ranking.keep(whole);
        ranking
    }

    /// Elements in open stretches; 0 when all that is wanted is known.
    pub fn open(&self) -> usize {
        self.open.iter().map(|stretch| stretch.length).sum()
    }

    /// The element of each rank, as far as it is known.
    pub fn order(&self) -> Vec<u32> {
        self.order.iter().map(|&place| self.settled[place as usize]).collect()
    }

    /// Number the elements anew, by their places in the order so far: the number that each had before.
    ///
    /// Whoever moves its rows accordingly reads them in a row from then on, instead of all over memory.
    pub fn settle(&mut self) -> Vec<u32> {
        let moved = std::mem::take(&mut self.order);
        self.settled = moved.iter().map(|&place| self.settled[place as usize]).collect();
        self.order = (0..moved.len() as u32).collect();
        moved
    }

    /// The pairs (left, right) of elements to compare next; `learn` takes the answers.
    ///
    /// `pivots` are used in a stretch at least (1 or more), and stretches of at most `short` elements are compared pair by pair.
    pub fn ask(&mut self, pivots: usize, short: usize) -> (Vec<u32>, Vec<u32>) {
        self.asked = self.open.iter().map(|stretch| self.way(stretch, pivots.max(1), short.max(2))).collect();
        let pairs = self.open.iter().zip(&self.asked).map(|(stretch, way)| way.pairs(stretch)).sum();
        let (mut left, mut right) = (Vec::with_capacity(pairs), Vec::with_capacity(pairs));
        for (stretch, way) in self.open.iter().zip(&self.asked) {
            let elements = &self.order[stretch.start..stretch.start + stretch.length];
            match way {
                Way::Pairs(first) => {
                    for (at, &element) in elements[..*first].iter().enumerate() {
                        left.extend_from_slice(&elements[..at]);
                        right.extend(std::iter::repeat_n(element, at));
                    }
                }
                Way::Split(pivots) if pivots.len() == 1 => {
                    right.extend_from_slice(&elements[stretch.known..]);
                    left.resize(right.len(), elements[pivots[0]]);
                }
                Way::Split(pivots) => {
                    for &element in &elements[stretch.known..] {
                        left.extend(pivots.iter().map(|&at| elements[at]));
                        right.extend(std::iter::repeat_n(element, pivots.len()));
                    }
                }
            }
        }
        self.pairs = left.len();
        (left, right)
    }

    /// Take the answers: bit i % 64 of word i / 64 says whether the left element of pair i is below the right one.
    ///
    /// Answers that fit no order do no harm: the result is some order then.
    ///
    /// # Panics
    /// Unless there is an answer for each pair.
    pub fn learn(&mut self, below: &[u64]) {
        assert!(below.len() * 64 >= self.pairs, "an answer for each pair");
        let mut answers = Answers { words: below, at: 0 };
        let (mut scratch, mut above) = (Vec::new(), Vec::new());
        for (stretch, way) in std::mem::take(&mut self.open).into_iter().zip(std::mem::take(&mut self.asked)) {
            match way {
                Way::Pairs(first) => {
                    self.sort(stretch.start, first, &mut answers);
                    self.keep(Stretch { known: first, ..stretch });
                }
                Way::Split(pivots) if pivots.len() == 1 => self.halve(stretch, pivots[0], &mut answers, &mut above),
                Way::Split(pivots) => self.split(stretch, &pivots, &mut answers, &mut scratch),
            }
        }
        self.pairs = 0;
    }

    /// The wanted ranks in a stretch, counted from its start; None: all.
    fn wanted_in(&self, stretch: &Stretch) -> Option<Vec<usize>> {
        let wanted = self.wanted.as_ref()?;
        let from = wanted.partition_point(|&rank| (rank as usize) < stretch.start);
        let inside = wanted[from..].iter().map(|&rank| rank as usize - stretch.start);
        Some(inside.take_while(|&rank| rank < stretch.length).collect())
    }

    fn keep(&mut self, stretch: Stretch) {
        let is_wanted = || self.wanted_in(&stretch).is_none_or(|ranks| !ranks.is_empty());
        if stretch.length > 1 && stretch.known < stretch.length && is_wanted() {
            self.open.push(stretch);
        }
    }

    fn way(&self, stretch: &Stretch, pivots: usize, short: usize) -> Way {
        let Stretch { length, known, .. } = *stretch;
        if length <= short {
            return Way::Pairs(length);
        }
        let root = length.isqrt();
        if let Some(ranks) = self.wanted_in(stretch).filter(|ranks| ranks.len() <= pivots.max(4)) {
            if known >= (root / 4).max(2) {
                return Way::Split(around(&ranks, known, length));
            }
            return Way::Pairs(root.max(known + 1).min(length));
        }
        let enough = if length > LONG * short { 2 * pivots + 1 } else { pivots };
        if known >= enough || (known > 1 && known >= pivots) {
            // evenly spaced in the sample
            return Way::Split((1..=pivots).map(|j| j * (known + 1) / (pivots + 1) - 1).collect());
        }
        Way::Pairs(root.max(2 * pivots + 1).min(length))
    }

    /// Bring the first elements of a stretch in order, given the answers on all their pairs.
    fn sort(&mut self, start: usize, first: usize, answers: &mut Answers<'_>) {
        let mut rank = vec![0_u32; first];
        for right in 1..first {
            let mut above = 0;
            for rank in rank[..right].chunks_mut(64) {
                let below = answers.take(rank.len());
                above += below.count_ones();
                rank.iter_mut().enumerate().for_each(|(at, rank)| *rank += (!below >> at & 1) as u32);
            }
            rank[right] += above;
        }
        // by counting; those of one rank, which only answers that fit no order give, stay as they were
        let mut places = vec![0; first + 1];
        rank.iter().for_each(|&rank| places[rank as usize + 1] += 1);
        for rank in 0..first {
            places[rank + 1] += places[rank];
        }
        let elements = &mut self.order[start..start + first];
        for (rank, element) in rank.into_iter().zip(elements.to_vec()) {
            let place: &mut usize = &mut places[rank as usize];
            elements[*place] = element;
            *place += 1;
        }
    }

    /// What `split` does where there is one pivot.
    fn halve(&mut self, stretch: Stretch, pivot: usize, answers: &mut Answers<'_>, above: &mut Vec<u32>) {
        let Stretch { start, length, known } = stretch;
        above.resize(above.len().max(length), 0);
        let (elements, above) = (&mut self.order[start..start + length], &mut above[..length]);
        let (mut lower, mut upper, middle) = (pivot, known - pivot - 1, elements[pivot]);
        above[..upper].copy_from_slice(&elements[pivot + 1..known]);
        for from in (known..length).step_by(64) {
            let count = (length - from).min(64);
            let mut is_above = answers.take(count);
            for at in from..from + count {
                // written to both sides, kept on one: nobody foresees which
                let element = elements[at];
                (elements[lower], above[upper]) = (element, element);
                upper += (is_above & 1) as usize;
                lower += (!is_above & 1) as usize;
                is_above >>= 1;
            }
        }
        elements[lower] = middle;
        elements[lower + 1..].copy_from_slice(&above[..upper]);
        self.keep(Stretch { start, length: lower, known: pivot.max(1) });
        self.keep(Stretch { start: start + lower + 1, length: upper, known: (known - pivot - 1).max(1) });
    }

    /// Cut a stretch at its pivots; the elements between two of them keep their order, the sample first.
    fn split(&mut self, stretch: Stretch, pivots: &[usize], answers: &mut Answers<'_>, scratch: &mut Vec<(u32, u32)>) {
        let Stretch { start, length, known } = stretch;
        // part 2b lies below pivot b and above the one before, part 2b + 1 is pivot b
        scratch.clear();
        let mut sizes = vec![0_usize; 2 * pivots.len() + 1];
        let mut samples = sizes.clone();
        let mut below = 0;
        for at in 0..length {
            let part = if at < known {
                let is_pivot = pivots.get(below) == Some(&at);
                let part = 2 * below + usize::from(is_pivot);
                below += usize::from(is_pivot);
                samples[part] += 1;
                part
            } else {
                2 * answers.count(pivots.len())
            };
            sizes[part] += 1;
            scratch.push((part as u32, self.order[start + at]));
        }
        let mut ends = Vec::with_capacity(sizes.len());
        let mut end = start;
        for (&length, &known) in sizes.iter().zip(&samples) {
            ends.push(end);
            self.keep(Stretch { start: end, length, known: known.max(1) });
            end += length;
        }
        for &(part, element) in scratch.iter() {
            self.order[ends[part as usize]] = element;
            ends[part as usize] += 1;
        }
    }
}

/// A stretch longer than so many short ones is worth a sample of its own.
const LONG: usize = 20;

/// Places in a sample of `known` that lie close around ranks of the whole: one and a half standard deviations to either side.
fn around(ranks: &[usize], known: usize, length: usize) -> Vec<usize> {
    let (size, whole) = (known as f64, length as f64);
    let mut places = Vec::new();
    for &rank in ranks {
        let share = (rank as f64 + 0.5) / whole;
        let middle = share * size;
        let away = 1.5 * (size * share * (1.0 - share)).sqrt();
        for place in [(middle - away).floor() - 1.0, (middle + away).ceil()] {
            if (0.0..size).contains(&place) {
                places.push(place as usize);
            }
        }
    }
    if places.is_empty() {
        places.push(known / 2);
    }
    places.sort_unstable();
    places.dedup();
    places
}

struct Answers<'a> {
    words: &'a [u64],
    at: usize,
}

impl Answers<'_> {
    /// The next ones, 1 to 64 of them.
    fn take(&mut self, count: usize) -> u64 {
        let (word, skipped) = (self.at / 64, self.at % 64);
        let mut bits = self.words[word] >> skipped;
        if skipped + count > 64 {
            bits |= self.words[word + 1] << (64 - skipped);
        }
        self.at += count;
        bits & (u64::MAX >> (64 - count))
    }

    /// How many of the next ones are set.
    fn count(&mut self, count: usize) -> usize {
        (0..count).step_by(64).map(|from| self.take((count - from).min(64)).count_ones() as usize).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(count: u32) -> Vec<u64> {
        let mut state = u64::from(count) + 1;
        (0..count)
            .map(|at| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (state >> 20) << 20 | u64::from(at)
            })
            .collect()
    }

    /// Levels, comparisons.
    fn run(ranking: &mut Ranking, keys: &[u64], pivots: usize, short: usize) -> (usize, usize) {
        let (mut levels, mut compared) = (0, 0);
        let mut keys = keys.to_vec();
        while ranking.open() > 0 {
            if levels % 2 == 1 {
                keys = ranking.settle().into_iter().map(|place| keys[place as usize]).collect();
            }
            let (left, right) = ranking.ask(pivots, short);
            let mut below = vec![0_u64; left.len().div_ceil(64)];
            for (at, (&left, &right)) in left.iter().zip(&right).enumerate() {
                assert_ne!(left, right);
                below[at / 64] |= u64::from(keys[left as usize] < keys[right as usize]) << (at % 64);
            }
            compared += left.len();
            levels += 1;
            ranking.learn(&below);
        }
        (levels, compared)
    }

    #[test]
    fn every_number_of_pivots_gives_the_order() {
        for count in [0, 1, 2, 3, 4, 50, 1000, 5000] {
            let keys = keys(count);
            let mut expected: Vec<u32> = (0..count).collect();
            expected.sort_by_key(|&at| keys[at as usize]);
            for pivots in [1, 2, 3, 7, 40] {
                for short in [2, 5, 17, 300] {
                    let mut ranking = Ranking::new(count, None);
                    run(&mut ranking, &keys, pivots, short);
                    assert_eq!(ranking.order(), expected, "{count} {pivots} {short}");
                }
            }
        }
    }

    #[test]
    fn one_pivot_is_what_several_are_by_a_shorter_way() {
        let words: Vec<u64> = (3..12_u64).map(|i| i.wrapping_pow(37).wrapping_mul(0x9e37_79b9_7f4a_7c15)).collect();
        for (length, known, pivot) in [(2, 1, 0), (65, 1, 0), (66, 1, 0), (300, 9, 4), (300, 9, 8), (7, 6, 0)] {
            let [mut one, mut other] = [1, 2].map(|_| Ranking::new(400, None));
            let stretch = Stretch { start: 50, length, known };
            one.halve(stretch, pivot, &mut Answers { words: &words, at: 61 }, &mut vec![7; 9]);
            other.split(stretch, &[pivot], &mut Answers { words: &words, at: 61 }, &mut Vec::new());
            let open = |of: &Ranking| of.open.iter().map(|one| (one.start, one.length, one.known)).collect::<Vec<_>>();
            assert_eq!((&one.order, open(&one)), (&other.order, open(&other)), "{length} {known} {pivot}");
        }
    }

    #[test]
    fn wanted_ranks_are_found_with_few_comparisons() {
        let count = 100_000;
        let keys = keys(count);
        let mut expected: Vec<u32> = (0..count).collect();
        expected.sort_by_key(|&at| keys[at as usize]);
        for wanted in [vec![0], vec![count - 1], vec![count / 2], vec![0, 1, count / 2, count - 1], (0..10).collect()] {
            let mut ranking = Ranking::new(count, Some(wanted.clone()));
            let (levels, compared) = run(&mut ranking, &keys, 4, 20);
            for &rank in &wanted {
                assert_eq!(ranking.order()[rank as usize], expected[rank as usize]);
            }
            assert!(levels <= 16 && compared < 12 * count as usize, "{wanted:?} {levels} {compared}");
        }
    }

    #[test]
    fn answers_that_fit_no_order_end_too() {
        for below in [0, u64::MAX, 0x9249_2492_4924_9249] {
            let mut ranking = Ranking::new(3000, None);
            for _ in 0..3000 {
                if ranking.open() == 0 {
                    break;
                }
                let pairs = ranking.ask(2, 6).0.len();
                ranking.learn(&vec![below; pairs.div_ceil(64)]);
            }
            assert_eq!(ranking.open(), 0);
            let mut seen = ranking.order();
            seen.sort_unstable();
            assert_eq!(seen, (0..3000).collect::<Vec<_>>());
        }
    }
}
