// RUN: einfall-opt %s --ein-assume-sizes | FileCheck %s

// What a call gives is kept, what it asks for is added once: extents of results
// and of reduced ranks that may be negative, no others; the k of a list.
// CHECK-LABEL: func.func @extents
// CHECK-SAME: ein.assume = [#ein.extent<t - n>, #ein.extent<n - 3>, #ein.extent<n - 8>]
func.func @extents(%x: !ein.tensor<[m, n], f32>, %z: !ein.tensor<[t - n], f32>) -> (!ein.tensor<[m], f32>, !ein.tensor<[n - 3], f32>, !ein.tensor<[n + 1], f32>, !ein.tensor<[m, 8], f32>) attributes {ein.assume = [#ein.extent<t - n>]} {
  %y = ein.einsum (%x[i, j]) -> [i] reduce [j in n - 3: add] {partial} : (!ein.tensor<[m, n], f32>) -> !ein.tensor<[m], f32>
  %s = ein.einsum (%x[0, j + 3]) -> [j] : (!ein.tensor<[m, n], f32>) -> !ein.tensor<[n - 3], f32>
  %l = ein.einsum (%x[0, j - 1]) -> [j] : (!ein.tensor<[m, n], f32>) -> !ein.tensor<[n + 1], f32>
  %v, %c = ein.topk %x dim 1 k 8 : !ein.tensor<[m, n], f32> -> !ein.tensor<[m, 8], f32>, !ein.tensor<[m, 8], i64>
  return %y, %s, %l, %v : !ein.tensor<[m], f32>, !ein.tensor<[n - 3], f32>, !ein.tensor<[n + 1], f32>, !ein.tensor<[m, 8], f32>
}

// Divisors in the order in which they are computed.
// CHECK-LABEL: func.func @divisors
// CHECK-SAME: ein.assume = [#ein.extent<g - 1>, #ein.extent<h floordiv g - 1>]
func.func @divisors(%x: !ein.tensor<[h, n], f32>, %k: !ein.tensor<[g, n], f32>) -> !ein.tensor<[h, n], f32> {
  %y = ein.einsum (%x[i, n], %k[i floordiv (h floordiv g), n floordiv 2]) -> [i, n] : (!ein.tensor<[h, n], f32>, !ein.tensor<[g, n], f32>) -> !ein.tensor<[h, n], f32>
  return %y : !ein.tensor<[h, n], f32>
}
