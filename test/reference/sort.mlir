// RUN: einfall-opt %s --ein-interpret
// RUN: einfall-opt %s --ein-interpret=mode=f64

// Stable; NaN is the greatest; -0 and +0 keep their places.
func.func @ascending() {
  %x = ein.constant dense<[3.0, 0x7FC00000, 0.0, -0.0, -1.0, 3.0]> : tensor<6xf32> -> !ein.tensor<[6], f32>
  %v, %i = ein.sort %x dim 0 : !ein.tensor<[6], f32> -> !ein.tensor<[6], f32>, !ein.tensor<[6], i64>
  %ev = ein.constant dense<[-1.0, 0.0, -0.0, 3.0, 3.0, 0x7FC00000]> : tensor<6xf32> -> !ein.tensor<[6], f32>
  %ei = ein.constant dense<[4, 2, 3, 0, 5, 1]> : tensor<6xi64> -> !ein.tensor<[6], i64>
  check.expect_eq %v, %ev : !ein.tensor<[6], f32>
  check.expect_eq %i, %ei : !ein.tensor<[6], i64>
  return
}

func.func @descending() {
  %x = ein.constant dense<[[3, 7], [3, 8]]> : tensor<2x2xi32> -> !ein.tensor<[2, 2], i32>
  %v, %i = ein.sort %x dim 0 descending : !ein.tensor<[2, 2], i32> -> !ein.tensor<[2, 2], i32>, !ein.tensor<[2, 2], i64>
  %ev = ein.constant dense<[[3, 8], [3, 7]]> : tensor<2x2xi32> -> !ein.tensor<[2, 2], i32>
  %ei = ein.constant dense<[[0, 1], [1, 0]]> : tensor<2x2xi64> -> !ein.tensor<[2, 2], i64>
  check.expect_eq %v, %ev : !ein.tensor<[2, 2], i32>
  check.expect_eq %i, %ei : !ein.tensor<[2, 2], i64>
  return
}
