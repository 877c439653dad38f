// RUN: einfall-opt %s --ein-derive-folds | FileCheck %s --check-prefix=FOLD
// RUN: einfall-opt %s --ein-defer | FileCheck %s --check-prefix=DEFER
// RUN: einfall-opt %s --ein-derive-folds --verify-roundtrip -o %t

// Reads that may fall outside: which points exist is a condition on coordinates, what is read
// there is a number. test/python/test_cascades.py runs these functions before and after.

// Groups of rows share a row of the other operand, which some rows lack: the whole row waits
// with its condition, elements carry none.
// FOLD-LABEL: func.func @grouped
// FOLD: ein.fold (%{{.*}}[b, t], %{{.*}}[b floordiv (B floordiv P), t, e] else 0.000000e+00) over [t]
// FOLD: step
// FOLD-NOT: arith.cmpi
// FOLD: } merge
// FOLD: finish
// FOLD: arith.floordivsi
// FOLD: arith.cmpi slt
func.func @grouped(%X: !ein.tensor<[B, T], f32>, %V: !ein.tensor<[P, T, E], f32>) -> !ein.tensor<[B, E], f32> {
  %M = ein.einsum (%X[b, t]) -> [b] reduce [t: max] : (!ein.tensor<[B, T], f32>) -> !ein.tensor<[B], f32>
  %W = ein.einsum (%X[b, t], %M[b]) -> [b, t] : (!ein.tensor<[B, T], f32>, !ein.tensor<[B], f32>) -> !ein.tensor<[B, T], f32> {
  ^bb0(%a: f32, %c: f32):
    %d = arith.subf %a, %c : f32
    %e = math.exp %d : f32
    ein.yield %e : f32
  }
  %O = ein.einsum (%W[b, t], %V[b floordiv (B floordiv P), t, e]) -> [b, e] reduce [t: add]
      : (!ein.tensor<[B, T], f32>, !ein.tensor<[P, T, E], f32>) -> !ein.tensor<[B, E], f32>
  return %O : !ein.tensor<[B, E], f32>
}

// A table says where elements are: those whose place does not exist count for the maximum and
// for one sum, not for the other.
// FOLD-LABEL: func.func @table
// FOLD: ein.fold (%{{.*}}[b, t], %{{.*}}[t] as [[R:.*]], %{{.*}}{{\[}}[[R]], e] else 0.000000e+00) over [t] -> [b, e], [b]
// FOLD: step
// FOLD-DAG: arith.cmpi slt
// FOLD-DAG: arith.cmpi sge
// FOLD: } merge
func.func @table(%X: !ein.tensor<[B, T], f32>, %I: !ein.tensor<[T], i64>, %V: !ein.tensor<[7, E], f32>)
    -> (!ein.tensor<[B, E], f32>, !ein.tensor<[B], f32>) {
  %M = ein.einsum (%X[b, t]) -> [b] reduce [t: max] : (!ein.tensor<[B, T], f32>) -> !ein.tensor<[B], f32>
  %W = ein.einsum (%X[b, t], %M[b]) -> [b, t] : (!ein.tensor<[B, T], f32>, !ein.tensor<[B], f32>) -> !ein.tensor<[B, T], f32> {
  ^bb0(%a: f32, %c: f32):
    %d = arith.subf %a, %c : f32
    %e = math.exp %d : f32
    ein.yield %e : f32
  }
  %O = ein.einsum (%W[b, t], %I[t] as r, %V[r, e]) -> [b, e] reduce [t: add]
      : (!ein.tensor<[B, T], f32>, !ein.tensor<[T], i64>, !ein.tensor<[7, E], f32>) -> !ein.tensor<[B, E], f32> {
  ^bb0(%a: f32, %i: i64, %c: f32):
    %d = arith.mulf %a, %c : f32
    ein.yield %d : f32
  }
  %Z = ein.einsum (%W[b, t]) -> [b] reduce [t: add] : (!ein.tensor<[B, T], f32>) -> !ein.tensor<[B], f32>
  return %O, %Z : !ein.tensor<[B, E], f32>, !ein.tensor<[B], f32>
}

// Elements that are missing from the maximum, and a map of them that is 0 where they are.
// FOLD-LABEL: func.func @neighbours
// FOLD: ein.fold (%{{.*}}[b, t - 2] else 0.000000e+00, %{{.*}}[b, t + 1] else 3.000000e+00) over [t in T]
// FOLD-NOT: ein.fold
// FOLD: return
func.func @neighbours(%X: !ein.tensor<[B, T], f32>) -> !ein.tensor<[B], f32> {
  %S = ein.einsum (%X[b, t - 2], %X[b, t + 1] else 3.0) -> [b, t] : (!ein.tensor<[B, T], f32>, !ein.tensor<[B, T], f32>) -> !ein.tensor<[B, T], f32>
  %M = ein.einsum (%X[b, t - 2], %X[b, t + 1] else 3.0) -> [b] reduce [t in T: max]
      : (!ein.tensor<[B, T], f32>, !ein.tensor<[B, T], f32>) -> !ein.tensor<[B], f32>
  %Z = ein.einsum (%X[b, t - 2], %X[b, t + 1] else 3.0, %M[b]) -> [b] reduce [t in T: add]
      : (!ein.tensor<[B, T], f32>, !ein.tensor<[B, T], f32>, !ein.tensor<[B], f32>) -> !ein.tensor<[B], f32> {
  ^bb0(%a: f32, %c: f32, %m: f32):
    %p = arith.mulf %a, %c : f32
    %d = arith.subf %p, %m : f32
    %e = math.exp %d : f32
    ein.yield %e : f32
  }
  return %Z : !ein.tensor<[B], f32>
}

// A row that is read before the first one: its factor leaves, the row stays missing.
// DEFER-LABEL: func.func @row_before
// DEFER: %[[S:.*]] = ein.einsum (%{{.*}}[b - 1, d], %{{.*}}[d, f]) -> [b, f] reduce [d: add]
// DEFER: ein.einsum (%{{.*}}[b - 1] else 0.000000e+00, %[[S]][b, f]) -> [b, f]
// DEFER: arith.cmpi sge
// DEFER: arith.select
func.func @row_before(%X: !ein.tensor<[B, D], f32>, %R: !ein.tensor<[B], f32>, %W: !ein.tensor<[D, F], f32>)
    -> !ein.tensor<[B, F], f32> {
  %Y = ein.einsum (%X[b - 1, d], %R[b - 1], %W[d, f]) -> [b, f] reduce [d: add]
      : (!ein.tensor<[B, D], f32>, !ein.tensor<[B], f32>, !ein.tensor<[D, F], f32>) -> !ein.tensor<[B, F], f32>
  return %Y : !ein.tensor<[B, F], f32>
}
