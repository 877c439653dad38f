// RUN: einfall-opt %s --ein-form-kernels | FileCheck %s

// A residual joins the contraction it is added to.
// CHECK-LABEL: func.func @residual
// CHECK: ein.kernel "reduce_0"
// CHECK: reduce [k: add]
// CHECK: arith.addf
// CHECK-NOT: ein.kernel
// CHECK: return
func.func @residual(%x: !ein.tensor<[m, q], f32>, %w: !ein.tensor<[q, n], f32>, %r: !ein.tensor<[m, n], f32>) -> !ein.tensor<[m, n], f32> {
  %y = ein.einsum (%x[i, k], %w[k, j]) -> [i, j] reduce [k: add]
      : (!ein.tensor<[m, q], f32>, !ein.tensor<[q, n], f32>) -> !ein.tensor<[m, n], f32>
  %z = ein.einsum (%y[i, j], %r[i, j]) -> [i, j] : (!ein.tensor<[m, n], f32>, !ein.tensor<[m, n], f32>) -> !ein.tensor<[m, n], f32> {
  ^bb0(%a: f32, %b: f32):
    %s = arith.addf %a, %b : f32
    ein.yield %s : f32
  }
  return %z : !ein.tensor<[m, n], f32>
}

// A second pass over the rank cannot join the first.
// CHECK-LABEL: func.func @passes
// CHECK-COUNT-2: ein.kernel
func.func @passes(%x: !ein.tensor<[m, n], f32>) -> !ein.tensor<[m, n], f32> {
  %s = ein.einsum (%x[i, j]) -> [i] reduce [j: add] : (!ein.tensor<[m, n], f32>) -> !ein.tensor<[m], f32>
  %y = ein.einsum (%x[i, j], %s[i]) -> [i, j] : (!ein.tensor<[m, n], f32>, !ein.tensor<[m], f32>) -> !ein.tensor<[m, n], f32> {
  ^bb0(%a: f32, %b: f32):
    %d = arith.divf %a, %b : f32
    ein.yield %d : f32
  }
  return %y : !ein.tensor<[m, n], f32>
}

// A concatenation is updates of one tensor, made where the parts are.
// CHECK-LABEL: func.func @concat
// CHECK: %[[E:.*]] = ein.empty : <[m, 7], f32>
// CHECK: ein.kernel "update_{{.*}}"(%[[E]], %{{.*}})
// CHECK: ein.update %{{.*}}[i0, i1] = %{{.*}}[i0, i1]
// CHECK: ein.update %{{.*}}[i0, i1 + 3] = %{{.*}}[i0, i1]
func.func @concat(%a: !ein.tensor<[m, 3], f32>, %b: !ein.tensor<[m, 4], f32>) -> !ein.tensor<[m, 7], f32> {
  %c = ein.concat %a, %b dim 1 : (!ein.tensor<[m, 3], f32>, !ein.tensor<[m, 4], f32>) -> !ein.tensor<[m, 7], f32>
  return %c : !ein.tensor<[m, 7], f32>
}
