// Two products whose results meet are stages of a block. What it packs of the columns serves its rows: it has 256 of
// them, and 64 columns, so 2 * 8 blocks; and 64 where a row keeps much else.
//
// RUN: einfall-opt %s --ein-to-tile | FileCheck %s

// CHECK-DAG: #[[PAIR:.*]] = affine_map<() -> (16)>
// CHECK-DAG: #[[KEPT:.*]] = affine_map<() -> (128)>
// CHECK: func.func private @pair{{.*}}tile.grid = #[[PAIR]]
// CHECK: func.func private @kept{{.*}}tile.grid = #[[KEPT]]
func.func @main(%x: !ein.tensor<[512, 640], f32>, %w: !ein.tensor<[512, 640], f32>, %v: !ein.tensor<[512, 640], f32>, %u: !ein.tensor<[1024, 640], f32>)
    -> (!ein.tensor<[512, 512], f32>, !ein.tensor<[512, 1024], f32>) {
  %0 = ein.kernel "pair"(%x, %w, %v) : (!ein.tensor<[512, 640], f32>, !ein.tensor<[512, 640], f32>, !ein.tensor<[512, 640], f32>) -> !ein.tensor<[512, 512], f32> {
  ^bb0(%a: !ein.tensor<[512, 640], f32>, %b: !ein.tensor<[512, 640], f32>, %c: !ein.tensor<[512, 640], f32>):
    %y = ein.einsum (%a[j, e], %b[f, e]) -> [j, f] reduce [e: add] : (!ein.tensor<[512, 640], f32>, !ein.tensor<[512, 640], f32>) -> !ein.tensor<[512, 512], f32>
    %z = ein.einsum (%a[j, d], %c[f, d]) -> [j, f] reduce [d: add] : (!ein.tensor<[512, 640], f32>, !ein.tensor<[512, 640], f32>) -> !ein.tensor<[512, 512], f32>
    %p = ein.einsum (%y[j, f], %z[j, f]) -> [j, f] : (!ein.tensor<[512, 512], f32>, !ein.tensor<[512, 512], f32>) -> !ein.tensor<[512, 512], f32>
    ein.yield %p : !ein.tensor<[512, 512], f32>
  }
  %1 = ein.kernel "kept"(%x, %u) : (!ein.tensor<[512, 640], f32>, !ein.tensor<[1024, 640], f32>) -> !ein.tensor<[512, 1024], f32> {
  ^bb0(%a: !ein.tensor<[512, 640], f32>, %b: !ein.tensor<[1024, 640], f32>):
    %c = ein.einsum (%a[j, e], %a[j, e]) -> [j, e] : (!ein.tensor<[512, 640], f32>, !ein.tensor<[512, 640], f32>) -> !ein.tensor<[512, 640], f32>
    %y = ein.einsum (%c[j, e], %b[f, e]) -> [j, f] reduce [e: add] : (!ein.tensor<[512, 640], f32>, !ein.tensor<[1024, 640], f32>) -> !ein.tensor<[512, 1024], f32>
    ein.yield %y : !ein.tensor<[512, 1024], f32>
  }
  return %0, %1 : !ein.tensor<[512, 512], f32>, !ein.tensor<[512, 1024], f32>
}
