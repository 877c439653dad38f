// What all blocks of columns of some rows have in common, the rows scaled by their norm, is computed by the first of
// them that a call runs: the block before left it in memory of their own, if its rows are the same.
//
// RUN: einfall-opt %s --ein-to-tile | FileCheck %s

// CHECK-LABEL: func.func private @scaled
// CHECK-SAME: %[[NUMBER:[^ ]*]]: index)
// CHECK-DAG: %[[SUMS:.*]] = tile.local
// CHECK-DAG: %[[SCALED:.*]] = tile.local
// CHECK-DAG: %[[BEFORE:.*]] = tile.previous %[[NUMBER]]
// CHECK-DAG: %[[FIRST:.*]] = arith.cmpi slt, %[[BEFORE]]
// CHECK-DAG: %[[THEN:.*]] = arith.divui %[[BEFORE]], %[[ALIKE:.*]] :
// CHECK-DAG: %[[NOW:.*]] = arith.divui %[[NUMBER]], %[[ALIKE]] :
// CHECK-DAG: %[[OTHER:.*]] = arith.cmpi ne, %[[THEN]], %[[NOW]]
// CHECK: %[[NEW:.*]] = arith.ori %[[FIRST]], %[[OTHER]]
// CHECK: scf.if %[[NEW]] {
// CHECK: tile.store {{.*}}%[[SUMS]][
// CHECK: tile.store {{.*}}%[[SCALED]][
// CHECK: tile.barrier
// CHECK-NEXT: }
// CHECK-NOT: tile.store {{.*}}%[[SUMS]][
// CHECK-NOT: tile.store {{.*}}%[[SCALED]][
// CHECK: return
func.func @main(%x: !ein.tensor<[b, 640], f32>, %w: !ein.tensor<[512, 640], f32>) -> !ein.tensor<[b, 512], f32> {
  %0 = ein.kernel "scaled"(%x, %w) : (!ein.tensor<[b, 640], f32>, !ein.tensor<[512, 640], f32>) -> !ein.tensor<[b, 512], f32> {
  ^bb0(%a: !ein.tensor<[b, 640], f32>, %c: !ein.tensor<[512, 640], f32>):
    %n = ein.einsum (%a[b, e], %a[b, e]) -> [b] reduce [e: add] : (!ein.tensor<[b, 640], f32>, !ein.tensor<[b, 640], f32>) -> !ein.tensor<[b], f32>
    %s = ein.einsum (%a[b, e], %n[b]) -> [b, e] : (!ein.tensor<[b, 640], f32>, !ein.tensor<[b], f32>) -> !ein.tensor<[b, 640], f32>
    %y = ein.einsum (%s[b, e], %c[f, e]) -> [b, f] reduce [e: add] : (!ein.tensor<[b, 640], f32>, !ein.tensor<[512, 640], f32>) -> !ein.tensor<[b, 512], f32>
    ein.yield %y : !ein.tensor<[b, 512], f32>
  }
  // What is stored has to be: each block stores its part.
  // CHECK-LABEL: func.func private @stored
  // CHECK-NOT: tile.previous
  // CHECK: return
  %1:2 = ein.kernel "stored"(%x) : (!ein.tensor<[b, 640], f32>) -> (!ein.tensor<[b], f32>, !ein.tensor<[b, 640], f32>) {
  ^bb0(%a: !ein.tensor<[b, 640], f32>):
    %n = ein.einsum (%a[b, e], %a[b, e]) -> [b] reduce [e: add] : (!ein.tensor<[b, 640], f32>, !ein.tensor<[b, 640], f32>) -> !ein.tensor<[b], f32>
    %s = ein.einsum (%a[b, e], %n[b]) -> [b, e] : (!ein.tensor<[b, 640], f32>, !ein.tensor<[b], f32>) -> !ein.tensor<[b, 640], f32>
    ein.yield %n, %s : !ein.tensor<[b], f32>, !ein.tensor<[b, 640], f32>
  }
  return %0 : !ein.tensor<[b, 512], f32>
}
