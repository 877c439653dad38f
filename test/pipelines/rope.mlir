// RUN: einfall-opt %s --einfall-pipeline="to=kernels" | FileCheck %s

// A rotary embedding is one map, whether its pairs lie half a row apart or side
// by side: the rotated tensor is never made.

!x = !ein.tensor<[b, s, 3, 64], f32>
!h = !ein.tensor<[b, s, 3, 32], f32>
!t = !ein.tensor<[s, 64], f32>
// CHECK-LABEL: func.func @half
// CHECK: ein.kernel
// CHECK: ein.einsum (%{{.*}}[b, s, h, i], %{{.*}}[s, i], %{{.*}}[b, s, h, i + 32] else 0.000000e+00, %{{.*}}[b, s, h, i - 32] else 0.000000e+00, %{{.*}}[s, i]) -> [b, s, h, i]
// CHECK: arith.negf
// CHECK-COUNT-1: arith.select {{.*}} : f32
// CHECK-NOT: arith.select {{.*}} : f32
// CHECK-NOT: ein.kernel
// CHECK: return
func.func @half(%x: !x, %cos: !t, %sin: !t) -> !x attributes {ein.entry} {
  %x1 = ein.view %x[b, s, h, i] -> [b, s, h, i] : !x -> !h
  %x2 = ein.view %x[b, s, h, i + 32] -> [b, s, h, i] : !x -> !h
  %n = ein.einsum (%x2[b, s, h, i]) -> [b, s, h, i] : (!h) -> !h {
  ^bb0(%a: f32):
    %r = arith.negf %a : f32
    ein.yield %r : f32
  }
  %rot = ein.concat %n, %x1 dim 3 : (!h, !h) -> !x
  %c = ein.einsum (%x[b, s, h, i], %cos[s, i]) -> [b, s, h, i] : (!x, !t) -> !x
  %d = ein.einsum (%rot[b, s, h, i], %sin[s, i]) -> [b, s, h, i] : (!x, !t) -> !x
  %y = ein.einsum (%c[b, s, h, i], %d[b, s, h, i]) -> [b, s, h, i] : (!x, !x) -> !x {
  ^bb0(%p: f32, %q: f32):
    %r = arith.addf %p, %q : f32
    ein.yield %r : f32
  }
  return %y : !x
}

// CHECK-LABEL: func.func @pairs
// CHECK: ein.kernel
// CHECK: ein.einsum (%{{.*}}[b, s, h, i], %{{.*}}[s, i], %{{.*}}[b, s, h, i floordiv 2 * 2 + 1], %{{.*}}[b, s, h, i floordiv 2 * 2], %{{.*}}[s, i]) -> [b, s, h, i]
// CHECK: arith.negf
// CHECK-COUNT-1: arith.select {{.*}} : f32
// CHECK-NOT: arith.select {{.*}} : f32
// CHECK-NOT: ein.kernel
// CHECK: return
func.func @pairs(%x: !x, %cos: !t, %sin: !t) -> !x attributes {ein.entry} {
  %x1 = ein.view %x[b, s, h, 2 * i] -> [b, s, h, i, j] : !x -> !ein.tensor<[b, s, 3, 32, 1], f32>
  %x2 = ein.view %x[b, s, h, 2 * i + 1] -> [b, s, h, i] : !x -> !h
  %n = ein.einsum (%x2[b, s, h, i]) -> [b, s, h, i] : (!h) -> !h {
  ^bb0(%a: f32):
    %r = arith.negf %a : f32
    ein.yield %r : f32
  }
  %n1 = ein.view %n[b, s, h, i] -> [b, s, h, i, j] : !h -> !ein.tensor<[b, s, 3, 32, 1], f32>
  %st = ein.concat %n1, %x1 dim 4 : (!ein.tensor<[b, s, 3, 32, 1], f32>, !ein.tensor<[b, s, 3, 32, 1], f32>) -> !ein.tensor<[b, s, 3, 32, 2], f32>
  %rot = ein.view %st[b, s, h, i floordiv 2, i mod 2] -> [b, s, h, i] : !ein.tensor<[b, s, 3, 32, 2], f32> -> !x
  %y = ein.einsum (%x[b, s, h, i], %cos[s, i], %rot[b, s, h, i], %sin[s, i]) -> [b, s, h, i] : (!x, !t, !x, !t) -> !x {
  ^bb0(%a: f32, %c: f32, %q: f32, %d: f32):
    %p = arith.mulf %a, %c : f32
    %o = arith.mulf %q, %d : f32
    %r = arith.addf %p, %o : f32
    ein.yield %r : f32
  }
  return %y : !x
}
