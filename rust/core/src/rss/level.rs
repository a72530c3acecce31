//! How wide the vectors of this processor are. Every kernel asks here which of its versions to run.

/// From the narrowest up; a processor that has one has those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::rss) enum Level {
    /// Any processor.
    Portable,
    /// Four words.
    Avx2,
    /// Eight words, with products of words.
    Avx512,
}

impl Level {
    /// The widest of this processor.
    #[inline]
    pub(in crate::rss) fn found() -> Self {
        #[cfg(target_arch = "x86_64")]
        {
            use std::arch::is_x86_feature_detected as detected;
            if detected!("avx512f") && detected!("avx512dq") && detected!("avx512bw") && detected!("avx512vl") {
                return Self::Avx512;
            }
            if detected!("avx2") && detected!("bmi1") && detected!("bmi2") {
                return Self::Avx2;
            }
        }
        Self::Portable
    }

    /// Those that run here.
    #[cfg(test)]
    pub(in crate::rss) fn all() -> impl Iterator<Item = Self> {
        [Self::Portable, Self::Avx2, Self::Avx512].into_iter().filter(|level| *level <= Self::found())
    }
}

/// Portable code, which must be `inline(always)`, compiled for each level: the compiler turns lanes into vectors.
macro_rules! at_each_level {
    ($(#[$doc:meta])* $name:ident($($argument:ident: $type:ty),*) $(-> $result:ty)?, $portable:path) => {
        $(#[$doc])*
        ///
        /// # Panics
        /// Where this processor has not the level.
        #[allow(unsafe_code)]
        pub(super) fn $name(level: $crate::rss::level::Level, $($argument: $type),*) $(-> $result)? {
            assert!(level <= $crate::rss::level::Level::found());
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx512f,avx512dq,avx512bw,avx512vl")]
                fn avx512($($argument: $type),*) $(-> $result)? {
                    $portable($($argument),*)
                }
                #[target_feature(enable = "avx2,bmi1,bmi2")]
                fn avx2($($argument: $type),*) $(-> $result)? {
                    $portable($($argument),*)
                }
                match level {
                    // SAFETY: the processor has the level
                    $crate::rss::level::Level::Avx512 => return unsafe { avx512($($argument),*) },
                    // SAFETY: as above
                    $crate::rss::level::Level::Avx2 => return unsafe { avx2($($argument),*) },
                    $crate::rss::level::Level::Portable => {}
                }
            }
            $portable($($argument),*)
        }
    };
}
pub(in crate::rss) use at_each_level;
