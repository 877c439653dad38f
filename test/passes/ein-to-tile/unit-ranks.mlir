// RUN: einfall-opt %s --compile-to=tile --target=sm_90a | FileCheck %s

// A row of one token: what is rounded at the end has a rank that the sum lacks, and is no stage of its own.
// CHECK-LABEL: func.func private @reduce_0_p0(
// CHECK-NOT: tile.local
// CHECK-NOT: tile.barrier
// Two columns of a warp, 16 bytes a lane; four steps are asked for before the first one is waited for.
// CHECK: scf.for %{{.*}} step %c1024
// CHECK-COUNT-4: tile.load {{.*}} -> tensor<2x256xbf16, "lanes">
// CHECK: math.fma
// CHECK: tile.reduce "add"
// CHECK: arith.truncf
// CHECK: tile.store
func.func @row(%x: !ein.tensor<[1, 4096], bf16>, %w: !ein.tensor<[n, 4096], bf16>) -> !ein.tensor<[1, n], bf16> attributes {ein.entry} {
  %y = ein.einsum (%x[m, k], %w[n, k]) -> [m, n] reduce [k: add] : (!ein.tensor<[1, 4096], bf16>, !ein.tensor<[n, 4096], bf16>) -> !ein.tensor<[1, n], f32> {
  ^bb0(%a: bf16, %b: bf16):
    %c = arith.extf %a : bf16 to f32
    %d = arith.extf %b : bf16 to f32
    %e = arith.mulf %c, %d : f32
    ein.yield %e : f32
  }
  %z = ein.einsum (%y[m, n]) -> [m, n] : (!ein.tensor<[1, n], f32>) -> !ein.tensor<[1, n], bf16> {
  ^bb0(%a: f32):
    %b = arith.truncf %a : f32 to bf16
    ein.yield %b : bf16
  }
  return %z : !ein.tensor<[1, n], bf16>
}
