// One workgroup's tile of a matrix product c[m,n] = sum over k of a[m,k] * b[k,n], through shared memory.
//
// The includer says where a and b come from. For each it defines either
//   A_K_FAST: void a_set_k(uint k), VALUE a_at(uint m)   neighbouring invocations take neighbouring k
//   else:     void a_set_m(uint j, uint m), VALUE a_at(uint j, uint k)
//                                    neighbouring invocations take neighbouring quads of rows, and one invocation
//                                    always the same quad: a_set_m is called once for each of its rows, j = 0 to 3
// and B_K_FAST with b_set_k, b_at(n), or b_set_n, b_at(j, k), likewise. The set functions compute what the at
// functions share. Rows and columns outside of the matrix count as 0.
//
// Shapes may allow that four neighbours are read at once, which WIDE says. An includer that can do it for a defines
//   A_WIDE, with A_K_FAST: VALUE4 a_wide(uint m)   row m at four k from the one that was set, a multiple of 4
//   A_WIDE, else:          VALUE4 a_wide(uint k)   the quad whose first row a_set_m(0, m) was given
// and for b B_WIDE likewise. The sum's length is then a multiple of 4 where k is fast.
//
// On matrix units there is another way, for operands of which eight neighbours lie in 16 bytes, an octet. The includer
// defines OCTETS, counts in octets, and defines for a
//   with A_K_FAST: uint a_line(uint m)    where row m begins
//                  uint a_offset(uint k)  from there to the octet of k, a multiple of 8
//   else:          struct a_walk           with a member uint at: where the row of term k begins
//                  a_walk a_begin(uint k), void a_advance(inout a_walk, uint terms), always so many, k + terms next
//                  uint a_offset(uint m)  from there to the octet of m, a multiple of 8; called once
//   uvec4 a_octet(uint at)
// and for b likewise. Of rows and columns outside of the matrix any octet will do. The sum's length is a multiple of 8
// where k is fast.
//
// Results go to void c_set_n(uint n), which may compute what is shared along a column, and void c_store(uint m, float
// sum) for that column, m < p.m and n < p.n.
//
// Both ways of multiplying give TILE_M and TILE_N, void multiply_tile(m0, n0, k_begin, k_end), which sums over k_begin
// <= k < k_end, and void store_tile(m0, n0).
layout(constant_id = 13) const uint TILE_K = 16u;
layout(constant_id = 14) const uint WIDE = 0u; // bit 0: a, bit 1: b
const bool WIDE_A = (WIDE & 1u) != 0u;
const bool WIDE_B = (WIDE & 2u) != 0u;
#ifdef MATRIX
#include "gemm_matrix.glsl"
#else
#include "gemm_tile.glsl"
#endif
