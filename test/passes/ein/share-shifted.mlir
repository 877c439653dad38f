// RUN: einfall-opt %s --ein-share-shifted --canonicalize --split-input-file | FileCheck %s
// RUN: einfall-opt %s --compile-to=kernels --split-input-file | FileCheck %s --check-prefix=KERNEL

// CHECK-LABEL: func.func @neighbours
// CHECK: %[[T:.*]] = ein.einsum (%{{.*}}[i], %{{.*}}[i]) -> [i] : {{.*}} -> !ein.tensor<[n], f32>
// CHECK: ein.einsum (%[[T]][i + 1], %[[T]][i]) -> [i] {partial}
// CHECK-NOT: arith.mulf
// CHECK: return
// One kernel, which multiplies once: a block keeps its part of the products.
// KERNEL-LABEL: func.func @neighbours
// KERNEL: ein.kernel
// KERNEL: ein.einsum (%{{.*}}[i], %{{.*}}[i]) -> [i]
// KERNEL-NOT: arith.mulf
// KERNEL-NOT: ein.kernel
// KERNEL: return
func.func @neighbours(%a: !ein.tensor<[n], f32>, %b: !ein.tensor<[n], f32>) -> !ein.tensor<[n - 1], f32> {
  %y = ein.einsum (%a[i], %b[i], %a[i + 1], %b[i + 1]) -> [i] {partial} : (!ein.tensor<[n], f32>, !ein.tensor<[n], f32>, !ein.tensor<[n], f32>, !ein.tensor<[n], f32>) -> !ein.tensor<[n - 1], f32> {
  ^bb0(%p: f32, %q: f32, %r: f32, %s: f32):
    %t = arith.mulf %p, %q : f32
    %u = arith.mulf %s, %r : f32
    %v = arith.addf %t, %u : f32
    ein.yield %v : f32
  }
  return %y : !ein.tensor<[n - 1], f32>
}

// -----

// Along two ranks, at three places, one of them before the point itself.
// CHECK-LABEL: func.func @two_ranks
// CHECK: %[[T:.*]] = ein.einsum (%arg0[i, j]) -> [i, j] : {{.*}} -> !ein.tensor<[n, m], f32>
// CHECK: math.exp
// CHECK-NOT: math.exp
// CHECK: ein.einsum (%[[T]][i, j + 1], %[[T]][i + 1, j], %[[T]][i + 1, j + 1]) -> [i, j] {partial}
// CHECK-NOT: math.exp
// CHECK: return
func.func @two_ranks(%a: !ein.tensor<[n, m], f32>) -> !ein.tensor<[n - 1, m - 1], f32> {
  %y = ein.einsum (%a[i + 1, j], %a[i + 1, j + 1], %a[i, j + 1]) -> [i, j] {partial} : (!ein.tensor<[n, m], f32>, !ein.tensor<[n, m], f32>, !ein.tensor<[n, m], f32>) -> !ein.tensor<[n - 1, m - 1], f32> {
  ^bb0(%p: f32, %q: f32, %r: f32):
    %t = math.exp %p : f32
    %u = math.exp %q : f32
    %v = math.exp %r : f32
    %w = arith.addf %t, %u : f32
    %x = arith.addf %w, %v : f32
    ein.yield %x : f32
  }
  return %y : !ein.tensor<[n - 1, m - 1], f32>
}

// -----

// Over the ranks that it needs only; where the larger one may be outside, the
// smaller one still is shared.
// CHECK-LABEL: func.func @fewer_ranks
// CHECK: %[[T:.*]] = ein.einsum (%arg0[i]) -> [i]
// CHECK: math.exp
// CHECK: ein.einsum ({{.*}}%arg1[i, j], %arg1[i + 1, j]{{.*}}) -> [i, j]
// CHECK-NOT: math.exp
// CHECK: return
func.func @fewer_ranks(%a: !ein.tensor<[n + 1], f32>, %b: !ein.tensor<[n, m], f32>) -> !ein.tensor<[n, m], f32> {
  %y = ein.einsum (%a[i], %a[i + 1], %b[i, j], %b[i + 1, j]) -> [i, j] {partial} : (!ein.tensor<[n + 1], f32>, !ein.tensor<[n + 1], f32>, !ein.tensor<[n, m], f32>, !ein.tensor<[n, m], f32>) -> !ein.tensor<[n, m], f32> {
  ^bb0(%p: f32, %q: f32, %r: f32, %s: f32):
    %t = math.exp %p : f32
    %u = math.exp %q : f32
    %v = arith.mulf %t, %r : f32
    %w = arith.mulf %u, %s : f32
    %x = arith.addf %v, %w : f32
    ein.yield %x : f32
  }
  return %y : !ein.tensor<[n, m], f32>
}

// -----

// The functions of a sum are worth a tensor; a product is not.
// CHECK-LABEL: func.func @reductions
// CHECK: %[[T:.*]] = ein.einsum (%arg0[i]) -> [i]
// CHECK: math.exp
// CHECK: ein.einsum (%[[T]][i + 1], %[[T]][i]) -> [] reduce [i in n - 1: add] {partial}
// CHECK: ein.einsum (%arg0[i], %arg0[i + 1]) -> [] reduce [i in n - 1: add] {partial}
// CHECK: arith.mulf
// CHECK: arith.mulf
// CHECK: return
func.func @reductions(%a: !ein.tensor<[n], f32>) -> (!ein.tensor<[], f32>, !ein.tensor<[], f32>) {
  %y = ein.einsum (%a[i], %a[i + 1]) -> [] reduce [i in n - 1: add] {partial} : (!ein.tensor<[n], f32>, !ein.tensor<[n], f32>) -> !ein.tensor<[], f32> {
  ^bb0(%p: f32, %q: f32):
    %t = math.exp %p : f32
    %u = math.exp %q : f32
    %v = arith.addf %t, %u : f32
    ein.yield %v : f32
  }
  %z = ein.einsum (%a[i], %a[i + 1]) -> [] reduce [i in n - 1: add] {partial} : (!ein.tensor<[n], f32>, !ein.tensor<[n], f32>) -> !ein.tensor<[], f32> {
  ^bb0(%p: f32, %q: f32):
    %t = arith.mulf %p, %p : f32
    %u = arith.mulf %q, %q : f32
    %v = arith.addf %t, %u : f32
    ein.yield %v : f32
  }
  return %y, %z : !ein.tensor<[], f32>, !ein.tensor<[], f32>
}

// -----

// Not the same: another tensor, another order of a difference, what depends on
// the place itself, a distance that is no small one, reads that may miss.
// CHECK-LABEL: func.func @different
// CHECK-COUNT-5: ein.einsum
// CHECK-NOT: ein.einsum
// CHECK: return
func.func @different(%a: !ein.tensor<[n], f32>, %b: !ein.tensor<[n], f32>) -> (!ein.tensor<[n - 1], f32>, !ein.tensor<[n - 1], f32>, !ein.tensor<[n - 1], f32>, !ein.tensor<[n - 90], f32>, !ein.tensor<[n], f32>) {
  %v = ein.einsum (%a[i], %b[i + 1]) -> [i] {partial} : (!ein.tensor<[n], f32>, !ein.tensor<[n], f32>) -> !ein.tensor<[n - 1], f32> {
  ^bb0(%p: f32, %q: f32):
    %t = math.exp %p : f32
    %u = math.exp %q : f32
    %s = arith.addf %t, %u : f32
    ein.yield %s : f32
  }
  %w = ein.einsum (%a[i], %b[i], %a[i + 1], %b[i + 1]) -> [i] {partial} : (!ein.tensor<[n], f32>, !ein.tensor<[n], f32>, !ein.tensor<[n], f32>, !ein.tensor<[n], f32>) -> !ein.tensor<[n - 1], f32> {
  ^bb0(%p: f32, %q: f32, %r: f32, %s: f32):
    %t = arith.subf %p, %q : f32
    %u = arith.subf %s, %r : f32
    %o = arith.mulf %t, %u : f32
    ein.yield %o : f32
  }
  %x = ein.einsum (%a[i], %a[i + 1]) -> [i] {partial} : (!ein.tensor<[n], f32>, !ein.tensor<[n], f32>) -> !ein.tensor<[n - 1], f32> {
  ^bb0(%p: f32, %q: f32):
    %i = ein.index "i"
    %j = arith.index_cast %i : index to i32
    %f = arith.sitofp %j : i32 to f32
    %t = arith.mulf %p, %f : f32
    %u = arith.mulf %q, %f : f32
    %o = arith.addf %t, %u : f32
    ein.yield %o : f32
  }
  %y = ein.einsum (%a[i], %a[i + 90]) -> [i] {partial} : (!ein.tensor<[n], f32>, !ein.tensor<[n], f32>) -> !ein.tensor<[n - 90], f32> {
  ^bb0(%p: f32, %q: f32):
    %t = math.exp %p : f32
    %u = math.exp %q : f32
    %s = arith.addf %t, %u : f32
    ein.yield %s : f32
  }
  %z = ein.einsum (%a[i], %a[i + 1]) -> [i] : (!ein.tensor<[n], f32>, !ein.tensor<[n], f32>) -> !ein.tensor<[n], f32> {
  ^bb0(%p: f32, %q: f32):
    %t = math.exp %p : f32
    %u = math.exp %q : f32
    %s = arith.addf %t, %u : f32
    ein.yield %s : f32
  }
  return %v, %w, %x, %y, %z : !ein.tensor<[n - 1], f32>, !ein.tensor<[n - 1], f32>, !ein.tensor<[n - 1], f32>, !ein.tensor<[n - 90], f32>, !ein.tensor<[n], f32>
}
