// RUN: einfall-opt %s --compile-to=tile --target=sm_90a | FileCheck %s
// RUN: einfall-opt %s --compile-to=tile --target=x86-64-v3 | FileCheck %s --check-prefix=OTHER

// In memory of the block's own there is room for whole tiles: all rows and columns go by one kind of tile, and of
// operands the last row and column are read again beyond the end. (Of f64, since products of f32 are fragments.)
// CHECK-LABEL: func.func private @reduce_0_p0(
// CHECK-SAME: %[[Q:.*]]: memref<?xf64>, %[[K:.*]]: memref<?xf64>, %[[SCALE:.*]]: memref<?xf64>, %[[V:.*]]: memref<?xf64>, %[[O:.*]]: memref<?xf64>
// CHECK: %[[LAST:.*]] = arith.subi %{{.*}}, %c1
// CHECK: scf.for {{.*}} -> (tensor<4x4x32xf64, "lanes">) {
// CHECK: %[[ROWS:.*]] = tile.iota {{.*}} : tensor<4xindex>
// CHECK: arith.minsi %[[ROWS]], %{{.*}} : tensor<4xindex>
// CHECK: tile.gather %[[Q]]
// CHECK: tile.gather %[[K]]
// CHECK: math.fma
// Lanes past the end of the sum, too: they are left out by a mask, not by branches.
// CHECK: scf.if {{.*}} -> (tensor<4x4x32xf64, "lanes">) {
// CHECK: tile.gather %[[Q]]
// CHECK: tile.gather %[[K]]
// CHECK: math.fma
// CHECK: arith.select {{.*}} : tensor<4x4x32xi1, "lanes">, tensor<4x4x32xf64, "lanes">
// CHECK-NOT: math.fma
// CHECK: tile.reduce "add" %{{.*}} : tensor<4x4x32xf64, "lanes"> -> tensor<4x4xf64>
// CHECK: tile.barrier

// A maximum of the block's own is of one step of lanes, which reads all and masks what there is not.
// CHECK-NOT: scf.if
// CHECK: %[[SCORES:.*]] = tile.load %{{.*}} strides[%c1] : memref<2048xf64> -> tensor<64xf64, "lanes">
// CHECK: arith.select
// CHECK: tile.reduce "max"
// CHECK: tile.barrier

// What is stored there has no mask.
// CHECK: math.exp
// CHECK: tile.store %{{.*}} strides[%c1] : tensor<64xf64, "lanes">, memref<2048xf64>
// CHECK: tile.barrier
// CHECK: tile.gather %[[V]]
// CHECK-NOT: tensor<64xf64, "lanes">)
// CHECK: tile.barrier

// What is not the block's own, has one.
// CHECK-NOT: tile.store {{.*}} limit
// CHECK: arith.divf
// CHECK: tile.store %{{.*}}, %[[O]][%{{.*}}] strides[%c1] limit %{{.*}} : tensor<32xf64, "lanes">
// CHECK-NOT: tile.store
// CHECK: return

// OTHER-NOT: tile.gather
module {
  func.func @full(
    %q: !ein.tensor<[h, s, d], f64> {ein.name = "q"},
    %k: !ein.tensor<[h, t, d], f64> {ein.name = "k"},
    %v: !ein.tensor<[h, t, e], f64> {ein.name = "v"},
    %scale: !ein.tensor<[], f64> {ein.name = "scale"}
  ) -> (
    !ein.tensor<[h, s, e], f64> {ein.name = "o"}
  ) attributes {ein.entry} {
    %w = ein.einsum (%q[h, s, d], %k[h, t, d]) -> [h, s, t] reduce [d: add] : (!ein.tensor<[h, s, d], f64>, !ein.tensor<[h, t, d], f64>) -> !ein.tensor<[h, s, t], f64>
    %w_1 = ein.einsum (%w[h, s, t], %scale[]) -> [h, s, t] : (!ein.tensor<[h, s, t], f64>, !ein.tensor<[], f64>) -> !ein.tensor<[h, s, t], f64>
    %p = ein.einsum (%w_1[h, s, u]) -> [h, s] reduce [u: max] : (!ein.tensor<[h, s, t], f64>) -> !ein.tensor<[h, s], f64>
    %p_1 = ein.einsum (%w_1[h, s, t], %p[h, s]) -> [h, s, t] : (!ein.tensor<[h, s, t], f64>, !ein.tensor<[h, s], f64>) -> !ein.tensor<[h, s, t], f64> {
    ^bb0(%a0: f64, %a1: f64):
      %t0 = arith.subf %a0, %a1 : f64
      %t1 = math.exp %t0 : f64
      ein.yield %t1 : f64
    }
    %o = ein.einsum (%p_1[h, s, t], %v[h, t, e]) -> [h, s, e] reduce [t: add] : (!ein.tensor<[h, s, t], f64>, !ein.tensor<[h, t, e], f64>) -> !ein.tensor<[h, s, e], f64>
    %o_1 = ein.einsum (%p_1[h, s, t]) -> [h, s] reduce [t: add] : (!ein.tensor<[h, s, t], f64>) -> !ein.tensor<[h, s], f64>
    %o_2 = ein.einsum (%o[h, s, e], %o_1[h, s]) -> [h, s, e] : (!ein.tensor<[h, s, e], f64>, !ein.tensor<[h, s], f64>) -> !ein.tensor<[h, s, e], f64> {
    ^bb0(%a0: f64, %a1: f64):
      %t0 = arith.divf %a0, %a1 : f64
      ein.yield %t0 : f64
    }
    func.return %o_2 : !ein.tensor<[h, s, e], f64>
  }
}
