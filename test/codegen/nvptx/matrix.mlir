// RUN: einfall-compile %s --target=sm_80 -S -o - | FileCheck %s
// RUN: einfall-compile %s --target=sm_90a -S -o - | FileCheck %s
// RUN: einfall-opt %s --compile-to=tile --target=sm_80 2>&1 | FileCheck %s --check-prefix=TILE


// Both factors come past the registers; one loop multiplies what has arrived and begins
// to copy what comes later.
// CHECK-NOT: .local
// CHECK: cp.async.cg.shared.global
// CHECK: cp.async.wait_group 2
// CHECK: bar
// CHECK: ldmatrix.sync.aligned.m8n8.x4.shared.b16
// CHECK: ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16
// CHECK: mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32
// CHECK: cp.async.commit_group

// TILE: tile.is_aligned
// TILE: tile.copy aligned {{.*}} rows
// TILE: tile.wait 2
// TILE: tile.barrier
// TILE: tile.load_factor
// TILE: scf.for
// TILE: tile.load_factor
// TILE: tile.copy aligned {{[^ ]*}} stride {{[^ ]*}} to
// TILE: tile.mma
// TILE: tile.barrier

func.func @f(%x: !ein.tensor<[512, 1024], bf16>, %w: !ein.tensor<[1024, 384], bf16>) -> !ein.tensor<[512, 384], f32> attributes {ein.entry} {
  %y = ein.einsum (%x[m, k], %w[k, n]) -> [m, n] reduce [k: add] : (!ein.tensor<[512, 1024], bf16>, !ein.tensor<[1024, 384], bf16>) -> !ein.tensor<[512, 384], f32> {
  ^bb0(%a: bf16, %b: bf16):
    %c = arith.extf %a : bf16 to f32
    %d = arith.extf %b : bf16 to f32
    %p = arith.mulf %c, %d : f32
    ein.yield %p : f32
  }
  return %y : !ein.tensor<[512, 384], f32>
}
