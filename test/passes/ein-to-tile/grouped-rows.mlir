// One row of queries for each of 32 heads, four of which read one head of keys and values:
// a block has the four, so what memory gives is read once, one fold over it.
//
// RUN: einfall-opt %s --einfall-pipeline="target=x86-64-v4-dot to=tile" | FileCheck %s

// CHECK: ein.stream "t"
// CHECK-NOT: ein.stream
// CHECK-LABEL: func.func private @reduce_0_p0
// Scores: four heads by four keys, both along lanes; 8 KiB of keys are asked for ahead.
// CHECK: scf.for %{{.*}} = %c0 to %c8192 step %c128
// CHECK-NOT: tensor<7x
// CHECK-DAG: tile.load %arg0[{{.*}} -> tensor<4x16xf32, "lanes">
// CHECK-DAG: tile.load %arg1[{{.*}}] ahead 2048 : memref<?xf32> -> tensor<4x16xf32, "lanes">
// CHECK: math.fma {{.*}} : tensor<4x4x16xf32, "lanes">
// And each value feeds four sums.
// CHECK: tile.load %arg2[{{.*}}] ahead 2048 : memref<?xf32> -> tensor<64xf32, "lanes">
// CHECK: math.fma {{.*}} : tensor<4x64xf32, "lanes">
func.func @decode(%q: !ein.tensor<[32, 64], f32>, %k: !ein.tensor<[8, 8192, 64], f32>,
                  %v: !ein.tensor<[8, 8192, 64], f32>) -> !ein.tensor<[32, 64], f32> attributes {ein.entry} {
  %w = ein.einsum (%q[h, d], %k[h floordiv 4, t, d]) -> [h, t] reduce [d: add]
      : (!ein.tensor<[32, 64], f32>, !ein.tensor<[8, 8192, 64], f32>) -> !ein.tensor<[32, 8192], f32>
  %m = ein.einsum (%w[h, t]) -> [h] reduce [t: max] : (!ein.tensor<[32, 8192], f32>) -> !ein.tensor<[32], f32>
  %p = ein.einsum (%w[h, t], %m[h]) -> [h, t] : (!ein.tensor<[32, 8192], f32>, !ein.tensor<[32], f32>) -> !ein.tensor<[32, 8192], f32> {
  ^bb0(%a: f32, %b: f32):
    %d = arith.subf %a, %b : f32
    %e = math.exp %d : f32
    ein.yield %e : f32
  }
  %l = ein.einsum (%p[h, t]) -> [h] reduce [t: add] : (!ein.tensor<[32, 8192], f32>) -> !ein.tensor<[32], f32>
  %o = ein.einsum (%p[h, t], %v[h floordiv 4, t, e]) -> [h, e] reduce [t: add]
      : (!ein.tensor<[32, 8192], f32>, !ein.tensor<[8, 8192, 64], f32>) -> !ein.tensor<[32, 64], f32>
  %y = ein.einsum (%o[h, e], %l[h]) -> [h, e] : (!ein.tensor<[32, 64], f32>, !ein.tensor<[32], f32>) -> !ein.tensor<[32, 64], f32> {
  ^bb0(%a: f32, %b: f32):
    %q0 = arith.divf %a, %b : f32
    ein.yield %q0 : f32
  }
  return %y : !ein.tensor<[32, 64], f32>
}
