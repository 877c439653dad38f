// RUN: einfall-opt %s --ein-split-ranks | FileCheck %s

// The heads of an output projection.
// CHECK-LABEL: func.func @heads
// CHECK: ein.einsum (%{{.*}}[s, d1, d0], %{{.*}}[f, d1 * 64 + d0]) -> [s, f] reduce [d1: add, d0: add]
func.func @heads(%x: !ein.tensor<[s, 4, 64], f32>, %w: !ein.tensor<[96, 256], f32>) -> !ein.tensor<[s, 96], f32> {
  %y = ein.einsum (%x[s, d floordiv 64, d mod 64], %w[f, d]) -> [s, f] reduce [d: add]
      : (!ein.tensor<[s, 4, 64], f32>, !ein.tensor<[96, 256], f32>) -> !ein.tensor<[s, 96], f32>
  return %y : !ein.tensor<[s, 96], f32>
}

// 64 does not divide the extent: the last part would be ragged.
// CHECK-LABEL: func.func @ragged
// CHECK: reduce [d: add]
func.func @ragged(%x: !ein.tensor<[2, 64], f32>, %w: !ein.tensor<[100], f32>) -> !ein.tensor<[], f32> {
  %y = ein.einsum (%x[d floordiv 64, d mod 64], %w[d]) -> [] reduce [d: add]
      : (!ein.tensor<[2, 64], f32>, !ein.tensor<[100], f32>) -> !ein.tensor<[], f32>
  return %y : !ein.tensor<[], f32>
}
