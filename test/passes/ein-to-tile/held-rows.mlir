// RUN: einfall-opt %s --compile-to=tile --target=sm_90a | FileCheck %s
// RUN: einfall-opt %s --compile-to=tile --target=x86-64-v3 | FileCheck %s --check-prefix=OTHER
// RUN: sed 's/^module {/module attributes {ein.numerics = "strict"} {/' %s | einfall-opt --compile-to=tile --target=sm_90a | FileCheck %s --check-prefix=OTHER

// OTHER-NOT: tile.reduce {{.*}} limit
module {

// A team reads a row once, into the smallest tile that holds it, and each value along the row is
// a tile of registers. What has no row is a number that all threads hold. Products feed the sum
// without being rounded.
// CHECK-LABEL: func.func private @reduce_0_p0(
// CHECK-SAME: %[[X:.*]]: memref<?xbf16>, %[[G:.*]]: memref<?xbf16>, %[[Y:.*]]: memref<?xbf16>, %{{.*}}: index, %[[N:.*]]: index, %{{.*}}: index)
// CHECK-SAME: tile.team
// CHECK: %[[LAST:.*]] = arith.subi %[[N]], %c1
// CHECK: %[[FITS:.*]] = arith.cmpi ult, %[[LAST]], %c2048
// CHECK: scf.if %[[FITS]] {
// CHECK: %[[ROW:.*]] = tile.load %[[X]][%[[AT:.*]]] strides[%c1] limit %[[N]] : memref<?xbf16> -> tensor<2048xbf16, "lanes">
// CHECK: %[[WIDE:.*]] = arith.extf %[[ROW]]
// CHECK: %[[SQUARE:.*]] = arith.mulf %[[WIDE]], %[[WIDE]] fastmath<contract>
// CHECK: tile.reduce "add" %[[SQUARE]] limit %[[N]] : tensor<2048xf32, "lanes"> -> f32
// CHECK-NOT: tile.load %[[X]]
// CHECK: tile.load %[[G]]
// CHECK: math.rsqrt %{{.*}} fastmath<afn> : f32
// CHECK: tile.store %{{.*}}, %[[Y]][%[[AT]]] strides[%c1] limit %[[N]] : tensor<2048xbf16, "lanes">
// CHECK: } else {
// CHECK: arith.cmpi ult, %[[LAST]], %c4096
// CHECK: tensor<4096xbf16, "lanes">
// CHECK: arith.cmpi ult, %[[LAST]], %c8192
// CHECK: tensor<8192xbf16, "lanes">
// Longer ones are walked.
// CHECK: } else {
// CHECK: tile.local : memref<1xf32>
// CHECK: scf.for
func.func @rms_norm(%x: !ein.tensor<[m, n], bf16>, %g: !ein.tensor<[n], bf16>) -> !ein.tensor<[m, n], bf16> attributes {ein.entry} {
  %s = ein.einsum (%x[m, c]) -> [m] reduce [c: add] : (!ein.tensor<[m, n], bf16>) -> !ein.tensor<[m], f32> {
  ^bb0(%a: bf16):
    %p = arith.extf %a : bf16 to f32
    %q = arith.mulf %p, %p : f32
    ein.yield %q : f32
  }
  %y = ein.einsum (%x[m, n], %s[m], %g[n]) -> [m, n] : (!ein.tensor<[m, n], bf16>, !ein.tensor<[m], f32>, !ein.tensor<[n], bf16>) -> !ein.tensor<[m, n], bf16> {
  ^bb0(%a: bf16, %b: f32, %c: bf16):
    %p = arith.extf %a : bf16 to f32
    %q = arith.extf %c : bf16 to f32
    %r = math.rsqrt %b : f32
    %t = arith.mulf %p, %r : f32
    %u = arith.mulf %t, %q : f32
    %o = arith.truncf %u : f32 to bf16
    ein.yield %o : bf16
  }
  return %y : !ein.tensor<[m, n], bf16>
}

// A length that is known has one tile, and no other code.
// CHECK-LABEL: func.func private @reduce_0_p1(
// CHECK-NOT: scf.
// CHECK: tile.reduce "add" %{{.*}} limit %{{.*}} : tensor<2048xf32, "lanes"> -> f32
// CHECK: tile.reduce "add" %{{.*}} limit %{{.*}} : tensor<2048xf32, "lanes"> -> f32
// CHECK-NOT: tile.reduce
// CHECK-NOT: scf.
// CHECK: tile.store %{{.*}} limit
// CHECK: return
func.func @centred(%x: !ein.tensor<[m, 1500], f32>) -> !ein.tensor<[m, 1500], f32> attributes {ein.entry} {
  %s = ein.einsum (%x[m, c]) -> [m] reduce [c: add] : (!ein.tensor<[m, 1500], f32>) -> !ein.tensor<[m], f32>
  %mean = ein.einsum (%s[m]) -> [m] : (!ein.tensor<[m], f32>) -> !ein.tensor<[m], f32> {
  ^bb0(%a: f32):
    %n = arith.constant 1500.0 : f32
    %d = arith.divf %a, %n : f32
    ein.yield %d : f32
  }
  %v = ein.einsum (%x[m, c], %mean[m]) -> [m] reduce [c: add] : (!ein.tensor<[m, 1500], f32>, !ein.tensor<[m], f32>) -> !ein.tensor<[m], f32> {
  ^bb0(%a: f32, %b: f32):
    %d = arith.subf %a, %b : f32
    %q = arith.mulf %d, %d : f32
    ein.yield %q : f32
  }
  %y = ein.einsum (%x[m, n], %mean[m], %v[m]) -> [m, n] : (!ein.tensor<[m, 1500], f32>, !ein.tensor<[m], f32>, !ein.tensor<[m], f32>) -> !ein.tensor<[m, 1500], f32> {
  ^bb0(%a: f32, %b: f32, %w: f32):
    %d = arith.subf %a, %b : f32
    %r = math.rsqrt %w : f32
    %o = arith.mulf %d, %r : f32
    ein.yield %o : f32
  }
  return %y : !ein.tensor<[m, 1500], f32>
}

}
