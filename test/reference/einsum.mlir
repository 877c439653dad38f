// RUN: einfall-opt %s --ein-interpret
// RUN: einfall-opt %s --ein-interpret=mode=f64

// Contractions, odd extents, several ranks, scalars, empty spaces.

func.func @matmul() {
  %a = ein.constant dense<[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]> : tensor<2x3xf32> -> !ein.tensor<[2, 3], f32>
  %b = ein.constant dense<[[1.0], [-1.0], [2.0]]> : tensor<3x1xf32> -> !ein.tensor<[3, 1], f32>
  %c = ein.einsum (%a[i, k], %b[k, j]) -> [i, j] reduce [k: add]
      : (!ein.tensor<[2, 3], f32>, !ein.tensor<[3, 1], f32>) -> !ein.tensor<[2, 1], f32>
  %e = ein.constant dense<[[5.0], [11.0]]> : tensor<2x1xf32> -> !ein.tensor<[2, 1], f32>
  check.expect_eq %c, %e : !ein.tensor<[2, 1], f32>
  return
}

func.func @transposed_operand() {
  %a = ein.constant dense<[[1, 2, 3], [4, 5, 6]]> : tensor<2x3xi32> -> !ein.tensor<[2, 3], i32>
  %c = ein.einsum (%a[i, k], %a[j, k]) -> [j, i] reduce [k: add]
      : (!ein.tensor<[2, 3], i32>, !ein.tensor<[2, 3], i32>) -> !ein.tensor<[2, 2], i32>
  %e = ein.constant dense<[[14, 32], [32, 77]]> : tensor<2x2xi32> -> !ein.tensor<[2, 2], i32>
  check.expect_eq %c, %e : !ein.tensor<[2, 2], i32>
  return
}

func.func @map_only() {
  %x = ein.constant dense<[1.0, -2.0, 4.0]> : tensor<3xf32> -> !ein.tensor<[3], f32>
  %y = ein.einsum (%x[i]) -> [i] : (!ein.tensor<[3], f32>) -> !ein.tensor<[3], i1> {
  ^bb0(%a: f32):
    %zero = arith.constant 0.0 : f32
    %p = arith.cmpf ogt, %a, %zero : f32
    ein.yield %p : i1
  }
  %e = ein.constant dense<[true, false, true]> : tensor<3xi1> -> !ein.tensor<[3], i1>
  check.expect_eq %y, %e : !ein.tensor<[3], i1>
  return
}

func.func @scalars() {
  %x = ein.constant dense<3.0> : tensor<f32> -> !ein.tensor<[], f32>
  %y = ein.einsum (%x[], %x[]) -> [] : (!ein.tensor<[], f32>, !ein.tensor<[], f32>) -> !ein.tensor<[], f32>
  %e = ein.constant dense<9.0> : tensor<f32> -> !ein.tensor<[], f32>
  check.expect_eq %y, %e : !ein.tensor<[], f32>
  return
}

// Outer max of inner sums: the last rank listed is innermost.
func.func @max_of_sums() {
  %x = ein.constant dense<[[1.0, 5.0], [4.0, 4.0], [7.0, -9.0]]> : tensor<3x2xf32> -> !ein.tensor<[3, 2], f32>
  %y = ein.einsum (%x[i, j]) -> [] reduce [i: max, j: add] : (!ein.tensor<[3, 2], f32>) -> !ein.tensor<[], f32>
  %z = ein.einsum (%x[i, j]) -> [] reduce [j: max, i: add] : (!ein.tensor<[3, 2], f32>) -> !ein.tensor<[], f32>
  %ey = ein.constant dense<8.0> : tensor<f32> -> !ein.tensor<[], f32>
  %ez = ein.constant dense<12.0> : tensor<f32> -> !ein.tensor<[], f32>
  check.expect_eq %y, %ey : !ein.tensor<[], f32>
  check.expect_eq %z, %ez : !ein.tensor<[], f32>
  return
}

// The second accumulation rank neighbours the first and has its monoid.
func.func @two_sums() {
  %x = ein.constant dense<[[1, 2, 3], [10, 20, 30]]> : tensor<2x3xi64> -> !ein.tensor<[2, 3], i64>
  %y = ein.einsum (%x[i, j]) -> [] reduce [j: add, i: add] : (!ein.tensor<[2, 3], i64>) -> !ein.tensor<[], i64>
  %e = ein.constant dense<66> : tensor<i64> -> !ein.tensor<[], i64>
  check.expect_eq %y, %e : !ein.tensor<[], i64>
  return
}

func.func @empty_extents() {
  %x = ein.constant dense<> : tensor<0x3xf32> -> !ein.tensor<[0, 3], f32>
  %s = ein.einsum (%x[i, j]) -> [j] reduce [i: add] : (!ein.tensor<[0, 3], f32>) -> !ein.tensor<[3], f32>
  %n = ein.einsum (%x[i, j]) -> [i] reduce [j: add] : (!ein.tensor<[0, 3], f32>) -> !ein.tensor<[0], f32>
  %es = ein.constant dense<0.0> : tensor<3xf32> -> !ein.tensor<[3], f32>
  %en = ein.constant dense<> : tensor<0xf32> -> !ein.tensor<[0], f32>
  check.expect_eq %s, %es : !ein.tensor<[3], f32>
  check.expect_eq %n, %en : !ein.tensor<[0], f32>
  return
}

func.func @convolution() {
  %x = ein.constant dense<[1, 2, 3, 4, 5]> : tensor<5xi32> -> !ein.tensor<[5], i32>
  %w = ein.constant dense<[1, 10]> : tensor<2xi32> -> !ein.tensor<[2], i32>
  // 2 * i + r - 1: coordinate -1 does not exist, nor does 5.
  %y = ein.einsum (%x[2 * i + r - 1], %w[r]) -> [i] reduce [r: add]
      : (!ein.tensor<[5], i32>, !ein.tensor<[2], i32>) -> !ein.tensor<[4], i32>
  %e = ein.constant dense<[10, 32, 54, 0]> : tensor<4xi32> -> !ein.tensor<[4], i32>
  check.expect_eq %y, %e : !ein.tensor<[4], i32>
  return
}

func.func @gathered_row() {
  %ids = ein.constant dense<[2, 0, 7]> : tensor<3xi64> -> !ein.tensor<[3], i64>
  %t = ein.constant dense<[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]> : tensor<3x2xf32> -> !ein.tensor<[3, 2], f32>
  %y = ein.einsum (%ids[s] as r, %t[r, d]) -> [s] reduce [d: add]
      : (!ein.tensor<[3], i64>, !ein.tensor<[3, 2], f32>) -> !ein.tensor<[3], f32> {
  ^bb0(%i: i64, %v: f32):
    ein.yield %v : f32
  }
  %e = ein.constant dense<[11.0, 3.0, 0.0]> : tensor<3xf32> -> !ein.tensor<[3], f32>
  check.expect_eq %y, %e : !ein.tensor<[3], f32>
  return
}

// A coordinate of a coordinate, inside an affine index.
func.func @gathered_twice() {
  %a = ein.constant dense<[1, 0]> : tensor<2xi32> -> !ein.tensor<[2], i32>
  %b = ein.constant dense<[2, 1]> : tensor<2xi8> -> !ein.tensor<[2], i8>
  %x = ein.constant dense<[10, 20, 30, 40, 50, 60]> : tensor<6xi32> -> !ein.tensor<[6], i32>
  %y = ein.einsum (%a[i] as p, %b[p] as q, %x[2 * q + i]) -> [i]
      : (!ein.tensor<[2], i32>, !ein.tensor<[2], i8>, !ein.tensor<[6], i32>) -> !ein.tensor<[2], i32> {
  ^bb0(%u: i32, %v: i8, %w: i32):
    ein.yield %w : i32
  }
  %e = ein.constant dense<[30, 60]> : tensor<2xi32> -> !ein.tensor<[2], i32>
  check.expect_eq %y, %e : !ein.tensor<[2], i32>
  return
}
