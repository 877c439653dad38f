// Attention with a causal mask: the factor that corrects sums is computed once a row, along lanes,
// and both corrections are multiplied and added where the chunk's sums are registers.
//
// RUN: einfall-opt %s --einfall-pipeline="target=x86-64-v4-dot to=tile" | FileCheck %s

// CHECK-LABEL: func.func private @reduce_0_p0
// CHECK-NOT: math.exp {{.*}} : f32
// A maximum over a chunk of 64 is one of 64 elements.
// CHECK: arith.cmpf ogt, {{.*}} : tensor<64xf32, "lanes">
// CHECK-NOT: tensor<128xf32
// Factors, powers, and no third kind.
// CHECK: %[[FACTOR:.*]] = tile.local : memref<64xf32>
// CHECK: %[[E:.*]] = math.exp {{.*}} : tensor<32xf32, "lanes">
// CHECK: tile.store %[[E]], %[[FACTOR]]
// CHECK: math.exp {{.*}} : tensor<32xf32, "lanes">
// CHECK-NOT: math.exp
// CHECK: %[[SUM:.*]] = scf.for {{.*}} -> (tensor<6x64xf32, "lanes">)
// CHECK: tile.load %[[FACTOR]]{{.*}} -> tensor<6xf32>
// CHECK: %[[OLD:.*]] = arith.mulf {{.*}} : tensor<6x64xf32, "lanes">
// CHECK: arith.addf %[[OLD]], %[[SUM]] : tensor<6x64xf32, "lanes">
// CHECK: tile.reduce "add"
// CHECK: tile.load %[[FACTOR]]{{.*}} -> f32
// What ends the walk does the same.
// CHECK: math.exp {{.*}} : tensor<32xf32, "lanes">
// CHECK-NOT: math.exp
func.func @causal(%q: !ein.tensor<[8, 256, 64], f32>, %k: !ein.tensor<[8, 256, 64], f32>,
                  %v: !ein.tensor<[8, 256, 64], f32>) -> !ein.tensor<[8, 256, 64], f32> attributes {ein.entry} {
  %w = ein.einsum (%q[h, s, d], %k[h, t, d]) -> [h, s, t] reduce [d: add]
      : (!ein.tensor<[8, 256, 64], f32>, !ein.tensor<[8, 256, 64], f32>) -> !ein.tensor<[8, 256, 256], f32>
  %x = ein.einsum (%w[h, s, t]) -> [h, s, t] : (!ein.tensor<[8, 256, 256], f32>) -> !ein.tensor<[8, 256, 256], f32> {
  ^bb0(%a: f32):
    %s = ein.index "s"
    %t = ein.index "t"
    %sees = arith.cmpi sle, %t, %s : index
    %none = arith.constant 0xFF800000 : f32
    %r = arith.select %sees, %a, %none : f32
    ein.yield %r : f32
  }
  %m = ein.einsum (%x[h, s, t]) -> [h, s] reduce [t: max] : (!ein.tensor<[8, 256, 256], f32>) -> !ein.tensor<[8, 256], f32>
  %p = ein.einsum (%x[h, s, t], %m[h, s]) -> [h, s, t] : (!ein.tensor<[8, 256, 256], f32>, !ein.tensor<[8, 256], f32>) -> !ein.tensor<[8, 256, 256], f32> {
  ^bb0(%a: f32, %b: f32):
    %d = arith.subf %a, %b : f32
    %e = math.exp %d : f32
    ein.yield %e : f32
  }
  %l = ein.einsum (%p[h, s, t]) -> [h, s] reduce [t: add] : (!ein.tensor<[8, 256, 256], f32>) -> !ein.tensor<[8, 256], f32>
  %o = ein.einsum (%p[h, s, t], %v[h, t, e]) -> [h, s, e] reduce [t: add]
      : (!ein.tensor<[8, 256, 256], f32>, !ein.tensor<[8, 256, 64], f32>) -> !ein.tensor<[8, 256, 64], f32>
  %y = ein.einsum (%o[h, s, e], %l[h, s]) -> [h, s, e] : (!ein.tensor<[8, 256, 64], f32>, !ein.tensor<[8, 256], f32>) -> !ein.tensor<[8, 256, 64], f32> {
  ^bb0(%a: f32, %b: f32):
    %q0 = arith.divf %a, %b : f32
    ein.yield %q0 : f32
  }
  return %y : !ein.tensor<[8, 256, 64], f32>
}
