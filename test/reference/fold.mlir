// RUN: einfall-opt %s --ein-interpret
// RUN: einfall-opt %s --ein-interpret="mode=f64 split-folds=3"
// RUN: einfall-opt %s --verify-roundtrip -o %t

// A sum and a count, as two results with labels of their own; ein.index counts.
func.func @two_results() {
  %x = ein.constant dense<[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]> : tensor<2x3xf32> -> !ein.tensor<[2, 3], f32>
  %v = ein.constant dense<[[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]> : tensor<3x2xf32> -> !ein.tensor<[3, 2], f32>
  %y:2 = ein.fold (%x[b, k], %v[k, d]) over [k] -> [b, d], [b]
      : (!ein.tensor<[2, 3], f32>, !ein.tensor<[3, 2], f32>)
      -> (!ein.tensor<[2, 2], f32>, !ein.tensor<[2], f32>) init {
    %z = arith.constant 0.0 : f32
    ein.yield %z, %z : f32, f32
  } step {
  ^bb0(%s: f32, %w: f32, %xe: f32, %ve: f32):
    %p = arith.mulf %xe, %ve : f32
    %t = arith.addf %s, %p : f32
    %i = ein.index "k"
    %j = arith.index_cast %i : index to i64
    %f = arith.sitofp %j : i64 to f32
    %q = arith.mulf %f, %xe : f32
    %u = arith.addf %w, %q : f32
    ein.yield %t, %u : f32, f32
  } merge {
  ^bb0(%sa: f32, %wa: f32, %sb: f32, %wb: f32, %xe: f32, %ve: f32):
    %t = arith.addf %sa, %sb : f32
    %u = arith.addf %wa, %wb : f32
    ein.yield %t, %u : f32, f32
  } finish {
  ^bb0(%s: f32, %w: f32, %xe: f32, %ve: f32):
    ein.yield %s, %w : f32, f32
  }
  %e0 = ein.constant dense<[[4.0, 5.0], [10.0, 11.0]]> : tensor<2x2xf32> -> !ein.tensor<[2, 2], f32>
  %e1 = ein.constant dense<[8.0, 17.0]> : tensor<2xf32> -> !ein.tensor<[2], f32>
  check.expect_eq %y#0, %e0 : !ein.tensor<[2, 2], f32>
  check.expect_eq %y#1, %e1 : !ein.tensor<[2], f32>
  return
}

// Points that do not exist are no elements; two folded ranks; rows in finish.
func.func @windows() {
  %x = ein.constant dense<[1.0, 2.0, 3.0]> : tensor<3xf32> -> !ein.tensor<[3], f32>
  %r = ein.constant dense<[10.0, 20.0, 30.0]> : tensor<3xf32> -> !ein.tensor<[3], f32>
  %y = ein.fold (%x[i + a - b], %r[i]) over [a in 2, b in 2] -> [i]
      : (!ein.tensor<[3], f32>, !ein.tensor<[3], f32>) -> !ein.tensor<[3], f32> init {
    %z = arith.constant 0.0 : f32
    ein.yield %z : f32
  } step {
  ^bb0(%s: f32, %xe: f32, %re: f32):
    %t = arith.addf %s, %xe : f32
    ein.yield %t : f32
  } merge {
  ^bb0(%sa: f32, %sb: f32, %xe: f32, %re: f32):
    %t = arith.addf %sa, %sb : f32
    ein.yield %t : f32
  } finish {
  ^bb0(%s: f32, %xe: f32, %re: f32):
    %t = arith.addf %s, %re : f32
    ein.yield %t : f32
  }
  // i = 0: x0 + x0 + x1; i = 1: x0 + 2 x1 + x2; i = 2: x1 + 2 x2.
  %e = ein.constant dense<[14.0, 28.0, 38.0]> : tensor<3xf32> -> !ein.tensor<[3], f32>
  check.expect_eq %y, %e : !ein.tensor<[3], f32>
  return
}
