//! Records as real libraries write them, and as nobody should, decoded through the public interface.

#[cfg(test)]
mod envelopes;
#[cfg(test)]
mod failures;
#[cfg(test)]
mod fixture;
#[cfg(test)]
mod frameworks;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod real_bytes;
