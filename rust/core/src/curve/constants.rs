//! Constants of RFC 9496 section 4.1 and of RFC 7748 section 4.1, in limbs of 52 bits, the lowest first.

/// Five limbs of 52 bits.
pub type Limbs = [u64; 5];

/// One.
pub const ONE: Limbs = [1, 0, 0, 0, 0];
/// d of the Edwards curve, -121665/121666.
pub const D: Limbs = [0xb4dca135978a3, 0x4d4141d8ab75e, 0x779e89800700a, 0xfe738cc740797, 0x52036cee2b6f];
/// 2 d.
pub const TWICE_D: Limbs = [0x69b9426b2f159, 0x9a8283b156ebd, 0xef3d13000e014, 0xfce7198e80f2e, 0x2406d9dc56df];
/// The square root of -1 that is not odd.
pub const SQRT_M1: Limbs = [0xe1b274a0ea0b0, 0x06ad2fe478c4e, 0xdfbd7a72f4318, 0xdf0b2b4d00993, 0x2b8324804fc1];
/// 1 - d^2.
pub const ONE_MINUS_D_SQUARED: Limbs = [0xc09c1945fc176, 0x38cd5e350fe27, 0xe70dfe42c81a1, 0xe0d79994abddb, 0x029072a8b2b3];
/// (d - 1)^2.
pub const D_MINUS_ONE_SQUARED: Limbs = [0xd5aaa44ed4d20, 0x2cb01e199931a, 0x29b4eebd29e4a, 0x22414cdcd32f5, 0x5968b37af66c];
/// The square root of -d - 1 that the RFC names.
pub const SQRT_AD_MINUS_ONE: Limbs = [0x7f6a0497b2e1b, 0x0c1b7854bd7e9, 0x1f5d1fdaf9d8e, 0x48ac0f3cfcc93, 0x376931bf2b83];
/// The inverse square root of -1 - d that the RFC names.
pub const INVSQRT_A_MINUS_D: Limbs = [0x8fdaa805d40ea, 0x175a4172be99c, 0xe01d8409d2f16, 0xfca216c27b91f, 0x786c8905cfaf];
/// The square root of -486664 that is not odd: x = this times u / v leads from Curve25519 to the Edwards curve.
pub const SQRT_MINUS_A_PLUS_2: Limbs = [0xe04aaff457e06, 0xd14b7d1a82cc6, 0x3fc4f7ec5a1d3, 0x06bbd27b08dc0, 0x0f26edf460a0];
