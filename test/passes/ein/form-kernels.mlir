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

// A second pass over a rank that is read again from memory shares the kernel: a
// block has the sums of its rows. The second walk has a rank of its own.
// CHECK-LABEL: func.func @passes
// CHECK: ein.kernel "reduce_0"
// CHECK: ein.einsum (%{{.*}}[i, j]) -> [i] reduce [j: add]
// CHECK: ein.einsum (%{{.*}}[i, j_1], %{{.*}}[i]) -> [i, j_1]
// CHECK-NOT: ein.kernel
// CHECK: return
func.func @passes(%x: !ein.tensor<[m, n], f32>) -> !ein.tensor<[m, n], f32> {
  %s = ein.einsum (%x[i, j]) -> [i] reduce [j: add] : (!ein.tensor<[m, n], f32>) -> !ein.tensor<[m], f32>
  %y = ein.einsum (%x[i, j], %s[i]) -> [i, j] : (!ein.tensor<[m, n], f32>, !ein.tensor<[m], f32>) -> !ein.tensor<[m, n], f32> {
  ^bb0(%a: f32, %b: f32):
    %d = arith.divf %a, %b : f32
    ein.yield %d : f32
  }
  return %y : !ein.tensor<[m, n], f32>
}

// What the kernel itself computes along a rank is not kept for a second walk.
// CHECK-LABEL: func.func @walked_again
// CHECK-COUNT-2: ein.kernel
// CHECK: return
func.func @walked_again(%x: !ein.tensor<[m, q], f32>, %w: !ein.tensor<[q, n], f32>) -> !ein.tensor<[m, n], f32> {
  %s = ein.einsum (%x[i, k], %w[k, j]) -> [i, j] reduce [k: add]
      : (!ein.tensor<[m, q], f32>, !ein.tensor<[q, n], f32>) -> !ein.tensor<[m, n], f32>
  %t = ein.einsum (%s[i, j]) -> [i] reduce [j: add] : (!ein.tensor<[m, n], f32>) -> !ein.tensor<[m], f32>
  %y = ein.einsum (%s[i, j], %t[i]) -> [i, j] : (!ein.tensor<[m, n], f32>, !ein.tensor<[m], f32>) -> !ein.tensor<[m, n], f32> {
  ^bb0(%a: f32, %b: f32):
    %d = arith.divf %a, %b : f32
    ein.yield %d : f32
  }
  return %y : !ein.tensor<[m, n], f32>
}

// Contractions of one space meet in what reads both.
// CHECK-LABEL: func.func @gated
// CHECK: ein.kernel
// CHECK: ein.einsum (%{{.*}}[[[ROW:[a-z]+]], [[K:[a-z]+]]], {{.*}} reduce [{{[a-z]+}}: add]
// CHECK: ein.einsum (%{{.*}}[[[ROW]], {{.*}} reduce [{{[a-z]+}}: add]
// CHECK: arith.mulf
// CHECK-NOT: ein.kernel
// CHECK: return
func.func @gated(%x: !ein.tensor<[m, q], f32>, %g: !ein.tensor<[q, n], f32>, %u: !ein.tensor<[q, n], f32>) -> !ein.tensor<[m, n], f32> {
  %a = ein.einsum (%x[i, k], %g[k, j]) -> [i, j] reduce [k: add]
      : (!ein.tensor<[m, q], f32>, !ein.tensor<[q, n], f32>) -> !ein.tensor<[m, n], f32>
  %b = ein.einsum (%x[s, d], %u[d, f]) -> [s, f] reduce [d: add]
      : (!ein.tensor<[m, q], f32>, !ein.tensor<[q, n], f32>) -> !ein.tensor<[m, n], f32>
  %y = ein.einsum (%a[i, j], %b[i, j]) -> [i, j] : (!ein.tensor<[m, n], f32>, !ein.tensor<[m, n], f32>) -> !ein.tensor<[m, n], f32> {
  ^bb0(%p: f32, %q: f32):
    %e = math.exp %p : f32
    %d = arith.mulf %e, %q : f32
    ein.yield %d : f32
  }
  return %y : !ein.tensor<[m, n], f32>
}

// The second contraction of few rows would leave cores idle.
// CHECK-LABEL: func.func @chained
// CHECK-COUNT-2: ein.kernel
// CHECK: return
func.func @chained(%x: !ein.tensor<[m, 64], f32>, %w: !ein.tensor<[64, 256], f32>, %v: !ein.tensor<[256, 128], f32>) -> !ein.tensor<[m, 128], f32> {
  %s = ein.einsum (%x[i, k], %w[k, j]) -> [i, j] reduce [k: add]
      : (!ein.tensor<[m, 64], f32>, !ein.tensor<[64, 256], f32>) -> !ein.tensor<[m, 256], f32>
  %y = ein.einsum (%s[i, j], %v[j, f]) -> [i, f] reduce [j: add]
      : (!ein.tensor<[m, 256], f32>, !ein.tensor<[256, 128], f32>) -> !ein.tensor<[m, 128], f32>
  return %y : !ein.tensor<[m, 128], f32>
}

// A kernel of both would go through the sums of all columns with each chunk of the first result.
// CHECK-LABEL: func.func @summed
// CHECK: ein.kernel
// CHECK: ein.kernel
// CHECK: return
func.func @summed(%x: !ein.tensor<[512, 768], f32>, %a: !ein.tensor<[3072, 768], f32>, %b: !ein.tensor<[768, 3072], f32>) -> !ein.tensor<[512, 768], f32> {
  %h = ein.einsum (%x[m, d], %a[f, d]) -> [m, f] reduce [d: add] : (!ein.tensor<[512, 768], f32>, !ein.tensor<[3072, 768], f32>) -> !ein.tensor<[512, 3072], f32>
  %y = ein.einsum (%h[m, f], %b[d, f]) -> [m, d] reduce [f: add] : (!ein.tensor<[512, 3072], f32>, !ein.tensor<[768, 3072], f32>) -> !ein.tensor<[512, 768], f32>
  return %y : !ein.tensor<[512, 768], f32>
}

// Few columns stay with the block.
// CHECK-LABEL: func.func @summed_few
// CHECK: ein.kernel
// CHECK-NOT: ein.kernel
// CHECK: return
func.func @summed_few(%x: !ein.tensor<[512, 768], f32>, %a: !ein.tensor<[3072, 768], f32>, %b: !ein.tensor<[64, 3072], f32>) -> !ein.tensor<[512, 64], f32> {
  %h = ein.einsum (%x[m, d], %a[f, d]) -> [m, f] reduce [d: add] : (!ein.tensor<[512, 768], f32>, !ein.tensor<[3072, 768], f32>) -> !ein.tensor<[512, 3072], f32>
  %y = ein.einsum (%h[m, f], %b[d, f]) -> [m, d] reduce [f: add] : (!ein.tensor<[512, 3072], f32>, !ein.tensor<[64, 3072], f32>) -> !ein.tensor<[512, 64], f32>
  return %y : !ein.tensor<[512, 64], f32>
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

// The k best of a contraction are kept by the kernel that computes it; of a tensor in memory, by a
// kernel of their own.
// CHECK-LABEL: func.func @best
// CHECK: ein.kernel
// CHECK: ein.einsum {{.*}} -> [s, v] reduce [d: add]
// CHECK-NEXT: ein.topk %{{.*}} dim 1 k 5 {ranks = ["s", "k1", "v"]}
// CHECK: ein.kernel
// CHECK-NEXT: ^bb0
// CHECK-NEXT: ein.topk %{{.*}} dim 1 k 5 :
func.func @best(%x: !ein.tensor<[s, d], f32>, %w: !ein.tensor<[n, d], f32>)
    -> (!ein.tensor<[s, 5], f32>, !ein.tensor<[s, 5], i64>, !ein.tensor<[s, 5], i64>) {
  %z = ein.einsum (%x[s, d], %w[v, d]) -> [s, v] reduce [d: add] : (!ein.tensor<[s, d], f32>, !ein.tensor<[n, d], f32>) -> !ein.tensor<[s, n], f32>
  %v, %i = ein.topk %z dim 1 k 5 : !ein.tensor<[s, n], f32> -> !ein.tensor<[s, 5], f32>, !ein.tensor<[s, 5], i64>
  %u, %j = ein.topk %x dim 1 k 5 : !ein.tensor<[s, d], f32> -> !ein.tensor<[s, 5], f32>, !ein.tensor<[s, 5], i64>
  return %v, %i, %j : !ein.tensor<[s, 5], f32>, !ein.tensor<[s, 5], i64>, !ein.tensor<[s, 5], i64>
}
