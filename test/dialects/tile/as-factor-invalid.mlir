// RUN: einfall-opt %s --split-input-file --verify-diagnostics

#square = #tile.fragment<row_warps = 2, column_warps = 2>

func.func @warps(%x: tensor<64x64xf32, #square>) {
  // expected-error@below {{expected a fragment whose warps lie along rows}}
  %0 = tile.as_factor %x from 0 : tensor<64x64xf32, #square> -> tensor<64x16xbf16, #tile.factor<row_warps = 2, column_warps = 2, left = true>>
  return
}

// -----

#rows = #tile.fragment<row_warps = 4, column_warps = 1>
#left = #tile.factor<row_warps = 4, column_warps = 1, left = true>

func.func @rows(%x: tensor<64x64xf32, #rows>) {
  // expected-error@below {{expected a left factor of 16 bits in the rows of}}
  %0 = tile.as_factor %x from 0 : tensor<64x64xf32, #rows> -> tensor<128x16xbf16, #left>
  return
}

// -----

#rows = #tile.fragment<row_warps = 4, column_warps = 1>
#left = #tile.factor<row_warps = 4, column_warps = 1, left = true>

func.func @columns(%x: tensor<64x64xf32, #rows>) {
  // expected-error@below {{but got 16 from 56}}
  %0 = tile.as_factor %x from 56 : tensor<64x64xf32, #rows> -> tensor<64x16xbf16, #left>
  return
}

// -----

#rows = #tile.fragment<row_warps = 4, column_warps = 1>
#left = #tile.factor<row_warps = 4, column_warps = 1, left = true>

func.func @element(%x: tensor<64x64xf16, #rows>) {
  // expected-error@below {{expected elements of f32 or of the factor's type}}
  %0 = tile.as_factor %x from 0 : tensor<64x64xf16, #rows> -> tensor<64x16xbf16, #left>
  return
}
