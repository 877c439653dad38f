// Columns may be two ranks: a block's part of them is one of both, and rows have theirs.
//
// RUN: einfall-opt %s --ein-to-tile | FileCheck %s

// 512 rows by parts of 64, 12 heads of 64 columns: 8 * 12 blocks.
// CHECK: #[[GRID:.*]] = affine_map<() -> (96)>
// CHECK: func.func private @heads{{.*}}tile.grid = #[[GRID]]
func.func @main(%x: !ein.tensor<[512, 768], f32>, %w: !ein.tensor<[768, 768], f32>) -> !ein.tensor<[512, 12, 64], f32> {
  %0 = ein.kernel "heads"(%x, %w) : (!ein.tensor<[512, 768], f32>, !ein.tensor<[768, 768], f32>) -> !ein.tensor<[512, 12, 64], f32> {
  ^bb0(%a: !ein.tensor<[512, 768], f32>, %b: !ein.tensor<[768, 768], f32>):
    %s = ein.einsum (%a[j, d]) -> [j] reduce [d: add] : (!ein.tensor<[512, 768], f32>) -> !ein.tensor<[512], f32>
    %c = ein.einsum (%a[j, e], %s[j]) -> [j, e] : (!ein.tensor<[512, 768], f32>, !ein.tensor<[512], f32>) -> !ein.tensor<[512, 768], f32>
    %y = ein.einsum (%c[j, e], %b[64 * h + f, e]) -> [j, h, f] reduce [e: add] : (!ein.tensor<[512, 768], f32>, !ein.tensor<[768, 768], f32>) -> !ein.tensor<[512, 12, 64], f32>
    ein.yield %y : !ein.tensor<[512, 12, 64], f32>
  }
  return %0 : !ein.tensor<[512, 12, 64], f32>
}
