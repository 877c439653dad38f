// RUN: einfall-compile %s --target=sm_80 -S -o - | FileCheck %s
// RUN: einfall-compile %s --target=sm_90a -S -o - | FileCheck %s
// RUN: einfall-opt %s --compile-to=tile --target=sm_90a | FileCheck %s --check-prefix=TILE

// What a warp has of the result goes to the block's memory in words of two columns, and from there by rows, 16 bytes a
// thread where they lie so, in a loop. Quotients by a row's sum are products.
// CHECK: mma.sync
// CHECK-NOT: div.
// CHECK: bar.sync
// CHECK-COUNT-16: st.shared.b32
// CHECK: bar.warp.sync
// CHECK-DAG: ld.shared.v4.b32
// CHECK-DAG: st.global.v4.b32
// CHECK-DAG: ld.shared.b16
// CHECK-DAG: st.global.b16

// TILE: scf.while
// TILE: tile.barrier
// TILE: %[[ROWS:.*]] = tile.local : memref<9216xbf16>
// TILE: tile.store %{{.*}}, %[[ROWS]][%{{.*}}] strides[%{{.*}}, %{{.*}}]
// TILE: tile.warp_barrier
// TILE: tile.store_rows %[[ROWS]] stride 72 to %arg3[%{{.*}}] stride %{{.*}} rows %{{.*}} columns %{{.*}} shape [128, 64]

func.func @f(%q: !ein.tensor<[s, 64], bf16>, %k: !ein.tensor<[t, 64], bf16>, %v: !ein.tensor<[t, 64], bf16>) -> !ein.tensor<[s, 64], bf16> attributes {ein.entry} {
  %w = ein.einsum (%q[s, d], %k[t, d]) -> [s, t] reduce [d: add] : (!ein.tensor<[s, 64], bf16>, !ein.tensor<[t, 64], bf16>) -> !ein.tensor<[s, t], f32> {
  ^bb0(%a: bf16, %b: bf16):
    %x = arith.extf %a : bf16 to f32
    %y = arith.extf %b : bf16 to f32
    %p = arith.mulf %x, %y : f32
    ein.yield %p : f32
  }
  %m = ein.einsum (%w[s, t]) -> [s] reduce [t: max] : (!ein.tensor<[s, t], f32>) -> !ein.tensor<[s], f32>
  %e = ein.einsum (%w[s, t], %m[s]) -> [s, t] : (!ein.tensor<[s, t], f32>, !ein.tensor<[s], f32>) -> !ein.tensor<[s, t], f32> {
  ^bb0(%a: f32, %b: f32):
    %x = arith.subf %a, %b : f32
    %y = math.exp %x : f32
    ein.yield %y : f32
  }
  %z = ein.einsum (%e[s, t]) -> [s] reduce [t: add] : (!ein.tensor<[s, t], f32>) -> !ein.tensor<[s], f32>
  %o = ein.einsum (%e[s, t], %v[t, c]) -> [s, c] reduce [t: add] : (!ein.tensor<[s, t], f32>, !ein.tensor<[t, 64], bf16>) -> !ein.tensor<[s, 64], f32> {
  ^bb0(%a: f32, %b: bf16):
    %y = arith.extf %b : bf16 to f32
    %p = arith.mulf %a, %y : f32
    ein.yield %p : f32
  }
  %r = ein.einsum (%o[s, c], %z[s]) -> [s, c] : (!ein.tensor<[s, 64], f32>, !ein.tensor<[s], f32>) -> !ein.tensor<[s, 64], bf16> {
  ^bb0(%a: f32, %b: f32):
    %q1 = arith.divf %a, %b : f32
    %h = arith.truncf %q1 : f32 to bf16
    ein.yield %h : bf16
  }
  return %r : !ein.tensor<[s, 64], bf16>
}
