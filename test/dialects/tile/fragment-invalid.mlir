// RUN: einfall-opt %s --split-input-file --verify-diagnostics

// expected-error@below {{expected a grid of warps, but got 0 by 1}}
func.func private @no_warps(tensor<64x64xf32, #tile.fragment<row_warps = 0, column_warps = 1>>)

// -----

// expected-error@below {{expected rows or columns of a fragment}}
func.func private @neither(tensor<64x64xf32, #tile.fragment<row_warps = 1, column_warps = 1, rows = false, columns = false>>)

// -----

// expected-error@below {{expected rows by 32, but got 30}}
func.func private @rows(tensor<30x64xf32, #tile.fragment<row_warps = 4, column_warps = 1>>)

// -----

// expected-error@below {{expected columns by 16, but got 24}}
func.func private @columns(tensor<16x24xf32, #tile.fragment<row_warps = 1, column_warps = 2>>)

// -----

// expected-error@below {{expected a dimension for each of a fragment's rows and columns, but got 1}}
func.func private @rank(tensor<64xf32, #tile.fragment<row_warps = 4, column_warps = 1>>)

// -----

// expected-error@below {{expected a grid of warps, but got 1 by -2}}
func.func private @no_factor_warps(tensor<64x16xbf16, #tile.factor<row_warps = 1, column_warps = -2, left = true>>)

// -----

// expected-error@below {{expected a factor of bf16, f16 or f32, but got 'i8'}}
func.func private @factor_element(tensor<64x16xi8, #tile.factor<row_warps = 1, column_warps = 2, left = true>>)

// -----

// expected-error@below {{expected a factor of two dimensions, but got 3}}
func.func private @factor_rank(tensor<2x64x16xbf16, #tile.factor<row_warps = 1, column_warps = 2, left = true>>)
