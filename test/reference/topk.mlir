// RUN: einfall-opt %s --ein-interpret
// RUN: einfall-opt %s --ein-interpret=mode=f64

// Descending, NaN first, ties by lowest coordinate.
func.func @topk() {
  %x = ein.constant dense<[[1.0, 0x7FC00000, 3.0, 3.0, 0xFF800000], [2.0, 2.0, 0x7F800000, -1.0, 2.0]]> : tensor<2x5xf32> -> !ein.tensor<[2, 5], f32>
  %v, %i = ein.topk %x dim 1 k 4 : !ein.tensor<[2, 5], f32> -> !ein.tensor<[2, 4], f32>, !ein.tensor<[2, 4], i64>
  %ev = ein.constant dense<[[0x7FC00000, 3.0, 3.0, 1.0], [0x7F800000, 2.0, 2.0, 2.0]]> : tensor<2x4xf32> -> !ein.tensor<[2, 4], f32>
  %ei = ein.constant dense<[[1, 2, 3, 0], [2, 0, 1, 4]]> : tensor<2x4xi64> -> !ein.tensor<[2, 4], i64>
  check.expect_eq %v, %ev : !ein.tensor<[2, 4], f32>
  check.expect_eq %i, %ei : !ein.tensor<[2, 4], i64>
  return
}

// Along the outer dimension, of integers; none of them.
func.func @outer() {
  %x = ein.constant dense<[[1, 9], [-5, 9], [7, 0]]> : tensor<3x2xi8> -> !ein.tensor<[3, 2], i8>
  %v, %i = ein.topk %x dim 0 k 2 : !ein.tensor<[3, 2], i8> -> !ein.tensor<[2, 2], i8>, !ein.tensor<[2, 2], i64>
  %n, %m = ein.topk %x dim 0 k 0 : !ein.tensor<[3, 2], i8> -> !ein.tensor<[0, 2], i8>, !ein.tensor<[0, 2], i64>
  %ev = ein.constant dense<[[7, 9], [1, 9]]> : tensor<2x2xi8> -> !ein.tensor<[2, 2], i8>
  %ei = ein.constant dense<[[2, 0], [0, 1]]> : tensor<2x2xi64> -> !ein.tensor<[2, 2], i64>
  check.expect_eq %v, %ev : !ein.tensor<[2, 2], i8>
  check.expect_eq %i, %ei : !ein.tensor<[2, 2], i64>
  return
}
