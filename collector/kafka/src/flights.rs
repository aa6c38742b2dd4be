//! Records under way: their tokens and sizes, found again by the number that travels with each.

/// Bounded by number and bytes. One record may exceed the bytes alone.
#[derive(Debug)]
pub(crate) struct Flights {
    /// By number; `None` is free.
    flying: Vec<Option<Flight>>,
    free: Vec<usize>,
    bytes: usize,
    most: usize,
    most_bytes: usize,
}

#[derive(Debug, Clone, Copy)]
struct Flight {
    token: u64,
    size: usize,
}

impl Flights {
    pub(crate) fn new(most: usize, most_bytes: usize) -> Self {
        Self { flying: Vec::new(), free: Vec::new(), bytes: 0, most: most.max(1), most_bytes }
    }

    pub(crate) fn count(&self) -> usize {
        self.flying.len() - self.free.len()
    }

    pub(crate) fn has_room(&self, size: usize) -> bool {
        let count = self.count();
        count == 0 || (count < self.most && self.bytes.saturating_add(size) <= self.most_bytes)
    }

    /// The number to travel with it.
    pub(crate) fn depart(&mut self, token: u64, size: usize) -> usize {
        let flight = Some(Flight { token, size });
        self.bytes += size;
        match self.free.pop() {
            Some(number) => {
                self.flying[number] = flight;
                number
            }
            None => {
                self.flying.push(flight);
                self.flying.len() - 1
            }
        }
    }

    /// The token of what came back; `None` for a number that is not under way.
    pub(crate) fn land(&mut self, number: usize) -> Option<u64> {
        let Flight { token, size } = self.flying.get_mut(number)?.take()?;
        self.bytes -= size;
        self.free.push(number);
        Some(token)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lands_gives_its_room_back() {
        let mut flights = Flights::new(2, 100);
        let (first, second) = (flights.depart(7, 40), flights.depart(8, 60));
        assert!(!flights.has_room(0), "two are under way");
        assert_eq!(flights.land(first), Some(7));
        assert_eq!(flights.land(first), None, "once");
        assert!(flights.has_room(40) && !flights.has_room(41));
        assert_eq!(flights.depart(9, 40), first);
        assert_eq!((flights.land(second), flights.land(first), flights.count()), (Some(8), Some(9), 0));
        assert_eq!(flights.land(99), None);
    }

    #[test]
    fn one_that_is_too_large_travels_alone() {
        let mut flights = Flights::new(10, 100);
        assert!(flights.has_room(5_000));
        let number = flights.depart(1, 5_000);
        assert!(!flights.has_room(1));
        flights.land(number);
        assert!(flights.has_room(100));
    }
}
