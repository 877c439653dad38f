// RUN: einfall-opt %s --ein-derive-folds --ein-form-kernels --ein-stage-kernels | FileCheck %s
// RUN: einfall-opt %s --ein-derive-folds --ein-form-kernels --ein-stage-kernels --verify-roundtrip -o %t

// Scores, their maximum, the exponentials (once, for both sums) and the product
// with the values, for a chunk of keys; masked chunks are skipped.
// CHECK-LABEL: func.func @attention
// CHECK: ein.kernel
// CHECK: ein.stream "m"
// CHECK: ein.einsum () -> [p, m] : () -> !ein.tensor<[P, M], i1>
// CHECK: ein.guard
// CHECK: -> [h, p, m] reduce [d: add]
// CHECK: -> [h, p] reduce [m: max]
// CHECK: -> [h, p, m] : {{.*}} {
// CHECK: math.exp
// CHECK: -> [h, p] reduce [m: add]
// CHECK: -> [h, p, e] reduce [m: add]
// CHECK-NOT: ein.kernel
// CHECK-NOT: ein.fold
// CHECK: return
func.func @attention(%Q: !ein.tensor<[H, P, 64], f32>, %K: !ein.tensor<[H, M, 64], f32>, %V: !ein.tensor<[H, M, 64], f32>) -> !ein.tensor<[H, P, 64], f32> attributes {ein.entry} {
  %S = ein.einsum (%Q[h, p, d], %K[h, m, d]) -> [h, p, m] reduce [d: add]
      : (!ein.tensor<[H, P, 64], f32>, !ein.tensor<[H, M, 64], f32>) -> !ein.tensor<[H, P, M], f32>
  %T = ein.einsum (%S[h, p, m]) -> [h, p, m] : (!ein.tensor<[H, P, M], f32>) -> !ein.tensor<[H, P, M], f32> {
  ^bb0(%s: f32):
    %c = arith.constant 0.125 : f32
    %low = arith.constant 0xFF800000 : f32
    %p = ein.index "p"
    %m = ein.index "m"
    %x = arith.mulf %s, %c : f32
    %ok = arith.cmpi sle, %m, %p : index
    %y = arith.select %ok, %x, %low : f32
    ein.yield %y : f32
  }
  %GM = ein.einsum (%T[h, p, m]) -> [h, p] reduce [m: max]
      : (!ein.tensor<[H, P, M], f32>) -> !ein.tensor<[H, P], f32>
  %SN = ein.einsum (%T[h, p, m], %GM[h, p]) -> [h, p, m]
      : (!ein.tensor<[H, P, M], f32>, !ein.tensor<[H, P], f32>) -> !ein.tensor<[H, P, M], f32> {
  ^bb0(%a: f32, %b: f32):
    %r1 = arith.subf %a, %b : f32
    %r2 = math.exp %r1 : f32
    ein.yield %r2 : f32
  }
  %SD = ein.einsum (%SN[h, p, m]) -> [h, p] reduce [m: add]
      : (!ein.tensor<[H, P, M], f32>) -> !ein.tensor<[H, P], f32>
  %A = ein.einsum (%SN[h, p, m], %SD[h, p]) -> [h, p, m]
      : (!ein.tensor<[H, P, M], f32>, !ein.tensor<[H, P], f32>) -> !ein.tensor<[H, P, M], f32> {
  ^bb0(%a: f32, %b: f32):
    %r1 = arith.divf %a, %b : f32
    ein.yield %r1 : f32
  }
  %Y = ein.einsum (%A[h, p, m], %V[h, m, e]) -> [h, p, e] reduce [m: add]
      : (!ein.tensor<[H, P, M], f32>, !ein.tensor<[H, M, 64], f32>) -> !ein.tensor<[H, P, 64], f32>
  return %Y : !ein.tensor<[H, P, 64], f32>
}

// The best of what is never stored: argmin carries the value beside the place.
// CHECK-LABEL: func.func @nearest
// CHECK: ein.stream "c" in <K>(%{{.*}}, %{{.*}}, {{.*}}) : (!ein.tensor<[N], i32>, !ein.tensor<[N], f32>
// CHECK: reduce [d: add]
// CHECK: reduce [c: min]
// CHECK: reduce [c: argmin]
// CHECK-NOT: ein.kernel
// CHECK: return
func.func @nearest(%X: !ein.tensor<[N, 16], f32>, %C: !ein.tensor<[K, 16], f32>) -> !ein.tensor<[N], i32> {
  %D = ein.einsum (%X[n, d], %C[c, d]) -> [n, c] reduce [d: add]
      : (!ein.tensor<[N, 16], f32>, !ein.tensor<[K, 16], f32>) -> !ein.tensor<[N, K], f32> {
  ^bb0(%a: f32, %b: f32):
    %s = arith.subf %a, %b : f32
    %q = arith.mulf %s, %s : f32
    ein.yield %q : f32
  }
  %A = ein.einsum (%D[n, c]) -> [n] reduce [c: argmin]
      : (!ein.tensor<[N, K], f32>) -> !ein.tensor<[N], i32>
  return %A : !ein.tensor<[N], i32>
}
