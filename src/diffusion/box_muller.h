#pragma once

namespace latentdial::detail {

/// Turns 16 uniforms in [0, 1) into 16 standard normals in place (Box & Muller 1958): of each pair
/// (u_j, u_{j+8}), √(−2 ln(1 − u_j)) · cos and sin of 2π u_{j+8}. The logarithm and the circle are Cephes'
/// single-precision polynomials (Moshier), rounded where torch's AVX2 kernel rounds, so that the result
/// depends neither on this machine's libm nor on its instruction set.
void box_muller_16(float* values);

}  // namespace latentdial::detail
