// RUN: einfall-opt %s --ein-derive-folds --ein-form-kernels --ein-split-folds=length=4 | FileCheck %s
// RUN: einfall-opt %s --ein-derive-folds --ein-form-kernels --ein-split-folds=length=4 --ein-stage-kernels --verify-roundtrip -o %t
// RUN: einfall-opt %s --ein-derive-folds --ein-form-kernels --ein-split-folds | FileCheck %s --check-prefix=WHOLE

// WHOLE-NOT: part_rank

// Two rows of queries over k and v: parts of the keys with states of their own, then what merges them and divides.
// CHECK-LABEL: func.func @attention
// CHECK: %[[S:.*]]:3 = ein.kernel "reduce_0_parts"
// CHECK: ein.einsum {{.*}} -> [h, p, m] reduce [e: add]
// CHECK: ein.fold {{.*}} over [m] -> [h, p, part], [h, p, part, f], [h, p, part] {part_length = #ein.extent<M floordiv 512 * 4 + 4>, part_rank = "part"}
// CHECK: ein.kernel "reduce_0_merge"(%[[S]]#0, %[[S]]#1, %[[S]]#2)
// CHECK: ein.fold (%{{.*}}[h, p, part], %{{.*}}[h, p, part, f], %{{.*}}[h, p, part]) over [part] -> [h, p, f]
// CHECK: arith.divf
func.func @attention(%q: !ein.tensor<[H, 2, 8], f32>, %k: !ein.tensor<[H, M, 8], f32>, %v: !ein.tensor<[H, M, 8], f32>)
    -> !ein.tensor<[H, 2, 8], f32> {
  %w = ein.einsum (%q[h, p, e], %k[h, m, e]) -> [h, p, m] reduce [e: add] : (!ein.tensor<[H, 2, 8], f32>, !ein.tensor<[H, M, 8], f32>) -> !ein.tensor<[H, 2, M], f32>
  %top = ein.einsum (%w[h, p, m]) -> [h, p] reduce [m: max] : (!ein.tensor<[H, 2, M], f32>) -> !ein.tensor<[H, 2], f32>
  %x = ein.einsum (%w[h, p, m], %top[h, p]) -> [h, p, m] : (!ein.tensor<[H, 2, M], f32>, !ein.tensor<[H, 2], f32>) -> !ein.tensor<[H, 2, M], f32> {
  ^bb0(%a: f32, %b: f32):
    %d = arith.subf %a, %b : f32
    %r = math.exp %d : f32
    ein.yield %r : f32
  }
  %z = ein.einsum (%x[h, p, m]) -> [h, p] reduce [m: add] : (!ein.tensor<[H, 2, M], f32>) -> !ein.tensor<[H, 2], f32>
  %o = ein.einsum (%x[h, p, m], %v[h, m, f]) -> [h, p, f] reduce [m: add] : (!ein.tensor<[H, 2, M], f32>, !ein.tensor<[H, M, 8], f32>) -> !ein.tensor<[H, 2, 8], f32>
  %y = ein.einsum (%o[h, p, f], %z[h, p]) -> [h, p, f] : (!ein.tensor<[H, 2, 8], f32>, !ein.tensor<[H, 2], f32>) -> !ein.tensor<[H, 2, 8], f32> {
  ^bb0(%a: f32, %b: f32):
    %r = arith.divf %a, %b : f32
    ein.yield %r : f32
  }
  return %y : !ein.tensor<[H, 2, 8], f32>
}

// As many rows as a run-time size says: their blocks keep a machine busy.
// CHECK-LABEL: func.func @many_rows
// CHECK-NOT: part_rank
func.func @many_rows(%q: !ein.tensor<[P, 8], f32>, %k: !ein.tensor<[M, 8], f32>) -> !ein.tensor<[P], f32> {
  %w = ein.einsum (%q[p, e], %k[m, e]) -> [p, m] reduce [e: add] : (!ein.tensor<[P, 8], f32>, !ein.tensor<[M, 8], f32>) -> !ein.tensor<[P, M], f32>
  %top = ein.einsum (%w[p, m]) -> [p] reduce [m: max] : (!ein.tensor<[P, M], f32>) -> !ein.tensor<[P], f32>
  %z = ein.einsum (%w[p, m], %top[p]) -> [p] reduce [m: add] : (!ein.tensor<[P, M], f32>, !ein.tensor<[P], f32>) -> !ein.tensor<[P], f32> {
  ^bb0(%a: f32, %b: f32):
    %d = arith.subf %a, %b : f32
    %r = math.exp %d : f32
    ein.yield %r : f32
  }
  return %z : !ein.tensor<[P], f32>
}

// A plain sum of what the kernel computes along a long rank is a fold of one state.
// CHECK-LABEL: func.func @plain_sum
// CHECK: ein.fold {{.*}} -> [p, part, f] {{.*}}part_rank = "part"
func.func @plain_sum(%q: !ein.tensor<[2, 8], f32>, %k: !ein.tensor<[M, 8], f32>, %v: !ein.tensor<[M, 8], f32>) -> !ein.tensor<[2, 8], f32> {
  %w = ein.einsum (%q[p, e], %k[m, e]) -> [p, m] reduce [e: add] : (!ein.tensor<[2, 8], f32>, !ein.tensor<[M, 8], f32>) -> !ein.tensor<[2, M], f32>
  %o = ein.einsum (%w[p, m], %v[m, f]) -> [p, f] reduce [m: add] : (!ein.tensor<[2, M], f32>, !ein.tensor<[M, 8], f32>) -> !ein.tensor<[2, 8], f32>
  return %o : !ein.tensor<[2, 8], f32>
}

// A merge that is no step of a walk stays where it is.
// CHECK-LABEL: func.func @merge_of_its_own
// CHECK-NOT: part_rank
func.func @merge_of_its_own(%X: !ein.tensor<[4, M], f32>) -> !ein.tensor<[4], f32> {
  %y = ein.fold (%X[p, m]) over [m] -> [p] : (!ein.tensor<[4, M], f32>) -> !ein.tensor<[4], f32> init {
    %z = arith.constant 0.0 : f32
    ein.yield %z, %z : f32, f32
  } step {
  ^bb0(%s: f32, %n: f32, %xe: f32):
    %one = arith.constant 1.0 : f32
    %r = arith.addf %s, %xe : f32
    %k = arith.addf %n, %one : f32
    ein.yield %r, %k : f32, f32
  } merge {
  ^bb0(%sa: f32, %na: f32, %sb: f32, %nb: f32, %xe: f32):
    %z = arith.constant 0.0 : f32
    %r = arith.addf %sa, %sb : f32
    %e = arith.cmpf oeq, %nb, %z : f32
    %q = arith.select %e, %sa, %r : f32
    %k = arith.addf %na, %nb : f32
    ein.yield %q, %k : f32, f32
  } finish {
  ^bb0(%s: f32, %n: f32, %xe: f32):
    %q = arith.divf %s, %n : f32
    ein.yield %q : f32
  }
  return %y : !ein.tensor<[4], f32>
}
