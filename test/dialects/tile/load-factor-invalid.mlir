// RUN: einfall-opt %s --split-input-file --verify-diagnostics

func.func @plain(%a: memref<4096xbf16>, %i: index) {
  // expected-error@below {{expected a factor of two dimensions, but got 'tensor<32x16xbf16>'}}
  %0 = tile.load_factor %a[%i] strides [72, 1] : memref<4096xbf16> -> tensor<32x16xbf16>
  return
}

// -----

#left = #tile.factor<row_warps = 2, column_warps = 4, left = true>

func.func @element(%a: memref<4096xbf16>, %i: index) {
  // expected-error@below {{reads 'memref<4096xbf16>' as 'tensor<32x16xf16}}
  %0 = tile.load_factor %a[%i] strides [72, 1] : memref<4096xbf16> -> tensor<32x16xf16, #left>
  return
}

// -----

#right = #tile.factor<row_warps = 2, column_warps = 4, left = false>

func.func @size(%a: memref<4096xbf16>, %i: index) {
  // expected-error@below {{expected columns by 64, but got 32}}
  %0 = tile.load_factor %a[%i] strides [72, 1] : memref<4096xbf16> -> tensor<32x16xbf16, #right>
  return
}

// -----

#left = #tile.factor<row_warps = 2, column_warps = 4, left = true>

func.func @depth(%a: memref<4096xbf16>, %i: index) {
  // expected-error@below {{expected a depth by 16, but got 8}}
  %0 = tile.load_factor %a[%i] strides [72, 1] : memref<4096xbf16> -> tensor<32x8xbf16, #left>
  return
}

// -----

#left = #tile.factor<row_warps = 2, column_warps = 4, left = true>

func.func @strides(%a: memref<4096xbf16>, %i: index) {
  // expected-error@below {{expected two strides, a 1 and a multiple of 8, but got 72, 2}}
  %0 = tile.load_factor %a[%i] strides [72, 2] : memref<4096xbf16> -> tensor<32x16xbf16, #left>
  return
}

// -----

#left = #tile.factor<row_warps = 2, column_warps = 4, left = true>

func.func @wide_depth(%a: memref<4096xf32>, %i: index) {
  // expected-error@below {{expected a depth by 4, but got 2}}
  %0 = tile.load_factor %a[%i] strides [20, 1] : memref<4096xf32> -> tensor<16x2xf32, #left>
  return
}

// -----

#left = #tile.factor<row_warps = 2, column_warps = 4, left = true>

func.func @wide_strides(%a: memref<4096xf32>, %i: index) {
  // expected-error@below {{expected two strides, a 1 and a multiple of 4, but got 18, 1}}
  %0 = tile.load_factor %a[%i] strides [18, 1] : memref<4096xf32> -> tensor<16x4xf32, #left>
  return
}
