// RUN: einfall-compile %s --target=sm_80 -S -o - | FileCheck %s
// RUN: einfall-compile %s --target=sm_90a -S -o - | FileCheck %s --check-prefix=HOPPER
// RUN: einfall-compile %s --target=sm_120a -S -o - | FileCheck %s --check-prefix=BLACKWELL

// CHECK: .target sm_80
// CHECK: .extern .shared .align 128 .b8 [[SHARED:.*_shared]][];
// CHECK: .visible .entry
// CHECK: .maxntid 256
// CHECK: bar.sync
// CHECK: shfl.sync.bfly.b32
// HOPPER: .target sm_90a
// BLACKWELL: .target sm_120a

func.func @softmax(%x: !ein.tensor<[R, C], f32>) -> !ein.tensor<[R, C], f32> attributes {ein.entry} {
  %m = ein.einsum (%x[r, c]) -> [r] reduce [c: max] : (!ein.tensor<[R, C], f32>) -> !ein.tensor<[R], f32>
  %e = ein.einsum (%x[r, c], %m[r]) -> [r, c] : (!ein.tensor<[R, C], f32>, !ein.tensor<[R], f32>) -> !ein.tensor<[R, C], f32> {
  ^bb0(%a: f32, %b: f32):
    %d = arith.subf %a, %b : f32
    %y = math.exp %d : f32
    ein.yield %y : f32
  }
  %s = ein.einsum (%e[r, c]) -> [r] reduce [c: add] : (!ein.tensor<[R, C], f32>) -> !ein.tensor<[R], f32>
  %o = ein.einsum (%e[r, c], %s[r]) -> [r, c] : (!ein.tensor<[R, C], f32>, !ein.tensor<[R], f32>) -> !ein.tensor<[R, C], f32> {
  ^bb0(%a: f32, %b: f32):
    %y = arith.divf %a, %b : f32
    ein.yield %y : f32
  }
  return %o : !ein.tensor<[R, C], f32>
}
