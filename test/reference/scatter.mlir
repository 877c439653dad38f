// RUN: einfall-opt %s --ein-interpret
// RUN: einfall-opt %s --ein-interpret=mode=f64

func.func @replace() {
  %d = ein.constant dense<[[0, 0], [1, 1], [2, 2]]> : tensor<3x2xi32> -> !ein.tensor<[3, 2], i32>
  %s = ein.constant dense<[[10, 11], [20, 21], [30, 31], [40, 41]]> : tensor<4x2xi32> -> !ein.tensor<[4, 2], i32>
  %ids = ein.constant dense<[2, 0, 2, 9]> : tensor<4xi64> -> !ein.tensor<[4], i64>
  %r = ein.scatter %d[r, c] = %s[n, c] using (%ids[n] as r)
      : !ein.tensor<[3, 2], i32>, !ein.tensor<[4, 2], i32> (!ein.tensor<[4], i64>)
  // Two sources go to row 2: the highest source coordinate wins.
  %e = ein.constant dense<[[20, 21], [1, 1], [30, 31]]> : tensor<3x2xi32> -> !ein.tensor<[3, 2], i32>
  check.expect_eq %r, %e : !ein.tensor<[3, 2], i32>
  return
}

func.func @combine() {
  %d = ein.constant dense<[1.0, 2.0, 3.0]> : tensor<3xf32> -> !ein.tensor<[3], f32>
  %s = ein.constant dense<[10.0, 20.0, 30.0, 40.0]> : tensor<4xf32> -> !ein.tensor<[4], f32>
  %ids = ein.constant dense<[2, 0, 2, -1]> : tensor<4xi32> -> !ein.tensor<[4], i32>
  %add = ein.scatter %d[r] = %s[n] using (%ids[n] as r) add
      : !ein.tensor<[3], f32>, !ein.tensor<[4], f32> (!ein.tensor<[4], i32>)
  %max = ein.scatter %d[r] = %s[n] using (%ids[n] as r) max
      : !ein.tensor<[3], f32>, !ein.tensor<[4], f32> (!ein.tensor<[4], i32>)
  %eadd = ein.constant dense<[21.0, 2.0, 43.0]> : tensor<3xf32> -> !ein.tensor<[3], f32>
  %emax = ein.constant dense<[20.0, 2.0, 30.0]> : tensor<3xf32> -> !ein.tensor<[3], f32>
  check.expect_eq %add, %eadd : !ein.tensor<[3], f32>
  check.expect_eq %max, %emax : !ein.tensor<[3], f32>
  return
}
