//! What the numbers of a picture mean as colours: the code points of ITU-T H.273, with the names that FFmpeg's users know.

use crate::error::{BridgeError, Result};

/// An enumeration of code points, each with its name and other names that are understood.
macro_rules! code_points {
    ($(#[$doc:meta])* $what:ident, $text:literal: $($(#[$note:meta])* $variant:ident = $number:literal $name:literal $(| $alias:literal)*,)*) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[repr(u8)]
        pub enum $what {
            $($(#[$note])* $variant = $number,)*
        }

        impl $what {
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            pub fn from_name(name: &str) -> Result<Self> {
                match name {
                    $($name $(| $alias)* => Ok(Self::$variant),)*
                    _ => {
                        let known: Vec<_> = Self::ALL.iter().map(|value| value.name()).collect();
                        Err(BridgeError::value(format!("{name:?} is no {}; known: {}", $text, known.join(", "))))
                    }
                }
            }

            pub const fn from_number(number: u8) -> Option<Self> {
                match number { $($number => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

code_points! {
    /// Which numbers are black and white.
    Range, "colour range":
    Unspecified = 0 "unspecified",
    /// Of 8 bits: 16 to 235, colour differences 16 to 240.
    Limited = 1 "limited" | "tv" | "mpeg",
    /// Every number.
    Full = 2 "full" | "pc" | "jpeg",
}

code_points! {
    /// How luma and colour differences are made of red, green and blue.
    Matrix, "colour matrix":
    Gbr = 0 "gbr" | "rgb",
    Bt709 = 1 "bt709",
    Unspecified = 2 "unspecified",
    Fcc = 4 "fcc",
    Bt470bg = 5 "bt470bg",
    Smpte170m = 6 "smpte170m" | "bt601",
    Smpte240m = 7 "smpte240m",
    Ycgco = 8 "ycgco",
    Bt2020nc = 9 "bt2020nc",
    Bt2020c = 10 "bt2020c",
    Smpte2085 = 11 "smpte2085",
    ChromaDerivedNc = 12 "chroma-derived-nc",
    ChromaDerivedC = 13 "chroma-derived-c",
    Ictcp = 14 "ictcp",
}

code_points! {
    /// How light becomes numbers.
    Transfer, "colour transfer":
    Bt709 = 1 "bt709",
    Unspecified = 2 "unspecified",
    Gamma22 = 4 "gamma22" | "bt470m",
    Gamma28 = 5 "gamma28" | "bt470bg",
    Smpte170m = 6 "smpte170m" | "bt601",
    Smpte240m = 7 "smpte240m",
    Linear = 8 "linear",
    Log100 = 9 "log100",
    Log316 = 10 "log316",
    Iec61966_2_4 = 11 "iec61966-2-4",
    Bt1361e = 12 "bt1361e",
    Srgb = 13 "srgb" | "iec61966-2-1",
    Bt2020_10 = 14 "bt2020-10",
    Bt2020_12 = 15 "bt2020-12",
    Smpte2084 = 16 "smpte2084" | "pq",
    Smpte428 = 17 "smpte428",
    AribStdB67 = 18 "arib-std-b67" | "hlg",
}

code_points! {
    /// Which red, green, blue and white are meant.
    Primaries, "colour primaries":
    Bt709 = 1 "bt709" | "srgb",
    Unspecified = 2 "unspecified",
    Bt470m = 4 "bt470m",
    Bt470bg = 5 "bt470bg",
    Smpte170m = 6 "smpte170m" | "bt601",
    Smpte240m = 7 "smpte240m",
    Film = 8 "film",
    Bt2020 = 9 "bt2020",
    Smpte428 = 10 "smpte428",
    Smpte431 = 11 "smpte431",
    Smpte432 = 12 "smpte432" | "p3",
    Ebu3213 = 22 "ebu3213",
}

/// What travels with a picture. A reader decides what it takes for unspecified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Colour {
    pub range: Range,
    pub matrix: Matrix,
    pub transfer: Transfer,
    pub primaries: Primaries,
}

impl Default for Colour {
    fn default() -> Self {
        Self::UNSPECIFIED
    }
}

impl Colour {
    pub const UNSPECIFIED: Self = Self {
        range: Range::Unspecified,
        matrix: Matrix::Unspecified,
        transfer: Transfer::Unspecified,
        primaries: Primaries::Unspecified,
    };

    /// Asked of every frame, so as one number.
    #[inline]
    pub const fn is_unspecified(&self) -> bool {
        u32::from_ne_bytes(self.to_bytes()) == u32::from_ne_bytes(Self::UNSPECIFIED.to_bytes())
    }

    /// The code points, in the order of the wire.
    #[inline]
    pub const fn to_bytes(self) -> [u8; 4] {
        [self.range as u8, self.matrix as u8, self.transfer as u8, self.primaries as u8]
    }

    pub fn from_bytes(bytes: [u8; 4]) -> Result<Self> {
        let [range, matrix, transfer, primaries] = bytes;
        let unknown = |what: &str, number| BridgeError::malformed(format!("unknown colour {what} {number}"));
        Ok(Self {
            range: Range::from_number(range).ok_or_else(|| unknown("range", range))?,
            matrix: Matrix::from_number(matrix).ok_or_else(|| unknown("matrix", matrix))?,
            transfer: Transfer::from_number(transfer).ok_or_else(|| unknown("transfer", transfer))?,
            primaries: Primaries::from_number(primaries).ok_or_else(|| unknown("primaries", primaries))?,
        })
    }

    /// The four in 16 bits, for a binding that passes them as a number; 0 where nothing is specified.
    pub fn to_bits(self) -> u16 {
        if self.is_unspecified() {
            return 0;
        }
        let [range, matrix, transfer, primaries] = self.to_bytes().map(u16::from);
        // Never 0: nothing has transfer 0.
        range | matrix << 2 | transfer << 6 | primaries << 11
    }

    pub fn from_bits(bits: u16) -> Result<Self> {
        if bits == 0 {
            return Ok(Self::UNSPECIFIED);
        }
        let part = |shift: u32, count: u32| (bits >> shift & ((1 << count) - 1)) as u8;
        Self::from_bytes([part(0, 2), part(2, 4), part(6, 5), part(11, 5)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_and_number_leads_back() {
        for value in Range::ALL {
            assert_eq!(Range::from_name(value.name()).unwrap(), *value);
        }
        for value in Matrix::ALL {
            assert_eq!(Matrix::from_name(value.name()).unwrap(), *value);
        }
        for value in Transfer::ALL {
            assert_eq!(Transfer::from_name(value.name()).unwrap(), *value);
        }
        for value in Primaries::ALL {
            assert_eq!(Primaries::from_name(value.name()).unwrap(), *value);
        }
        assert_eq!(Matrix::from_name("bt601").unwrap(), Matrix::Smpte170m);
        assert!(Matrix::from_name("BT709").unwrap_err().message.contains("known: gbr, bt709"));
    }

    #[test]
    fn bytes_and_bits_lead_back_and_everything_else_is_refused() {
        let mut known = 0;
        for word in 0..=u16::MAX {
            let Ok(colour) = Colour::from_bits(word) else { continue };
            known += 1;
            assert_eq!(Colour::from_bytes(colour.to_bytes()).unwrap(), colour);
            assert_eq!(Colour::from_bits(colour.to_bits()).unwrap(), colour);
        }
        let all = Range::ALL.len() * Matrix::ALL.len() * Transfer::ALL.len() * Primaries::ALL.len();
        // Unspecified has a second spelling, with its code points.
        assert_eq!(known, all + 1);
        for (at, byte) in [(0, 3), (1, 3), (1, 15), (2, 0), (2, 19), (3, 3), (3, 21), (3, 255)] {
            let mut bytes = Colour::UNSPECIFIED.to_bytes();
            bytes[at] = byte;
            assert!(Colour::from_bytes(bytes).is_err(), "{bytes:?}");
        }
    }
}
