// RUN: einfall-opt %s --ein-interpret
// RUN: einfall-opt %s --ein-interpret=mode=f64

// Every monoid: values, empty fibers, NaN, ties, wrapping.

func.func @floats() {
  %x = ein.constant dense<[[2.0, -3.0, 0.5], [0x7FC00000, 1.0, 2.0]]> : tensor<2x3xf32> -> !ein.tensor<[2, 3], f32>
  %add = ein.einsum (%x[i, j]) -> [i] reduce [j: add] : (!ein.tensor<[2, 3], f32>) -> !ein.tensor<[2], f32>
  %mul = ein.einsum (%x[i, j]) -> [i] reduce [j: mul] : (!ein.tensor<[2, 3], f32>) -> !ein.tensor<[2], f32>
  %max = ein.einsum (%x[i, j]) -> [i] reduce [j: max] : (!ein.tensor<[2, 3], f32>) -> !ein.tensor<[2], f32>
  %min = ein.einsum (%x[i, j]) -> [i] reduce [j: min] : (!ein.tensor<[2, 3], f32>) -> !ein.tensor<[2], f32>
  %eadd = ein.constant dense<[-0.5, 0x7FC00000]> : tensor<2xf32> -> !ein.tensor<[2], f32>
  %emul = ein.constant dense<[-3.0, 0x7FC00000]> : tensor<2xf32> -> !ein.tensor<[2], f32>
  %emax = ein.constant dense<[2.0, 0x7FC00000]> : tensor<2xf32> -> !ein.tensor<[2], f32>
  %emin = ein.constant dense<[-3.0, 0x7FC00000]> : tensor<2xf32> -> !ein.tensor<[2], f32>
  check.expect_eq %add, %eadd : !ein.tensor<[2], f32>
  check.expect_eq %mul, %emul : !ein.tensor<[2], f32>
  check.expect_eq %max, %emax : !ein.tensor<[2], f32>
  check.expect_eq %min, %emin : !ein.tensor<[2], f32>
  return
}

func.func @integers() {
  %x = ein.constant dense<[100, 100, -128]> : tensor<3xi8> -> !ein.tensor<[3], i8>
  %add = ein.einsum (%x[j]) -> [] reduce [j: add] : (!ein.tensor<[3], i8>) -> !ein.tensor<[], i8>
  %mul = ein.einsum (%x[j]) -> [] reduce [j: mul] : (!ein.tensor<[3], i8>) -> !ein.tensor<[], i8>
  %max = ein.einsum (%x[j]) -> [] reduce [j: max] : (!ein.tensor<[3], i8>) -> !ein.tensor<[], i8>
  %min = ein.einsum (%x[j]) -> [] reduce [j: min] : (!ein.tensor<[3], i8>) -> !ein.tensor<[], i8>
  %or = ein.einsum (%x[j]) -> [] reduce [j: or] : (!ein.tensor<[3], i8>) -> !ein.tensor<[], i8>
  %and = ein.einsum (%x[j]) -> [] reduce [j: and] : (!ein.tensor<[3], i8>) -> !ein.tensor<[], i8>
  %eadd = ein.constant dense<72> : tensor<i8> -> !ein.tensor<[], i8>
  %e0 = ein.constant dense<0> : tensor<i8> -> !ein.tensor<[], i8>
  %emax = ein.constant dense<100> : tensor<i8> -> !ein.tensor<[], i8>
  %emin = ein.constant dense<-128> : tensor<i8> -> !ein.tensor<[], i8>
  %eor = ein.constant dense<-28> : tensor<i8> -> !ein.tensor<[], i8>
  check.expect_eq %add, %eadd : !ein.tensor<[], i8>
  check.expect_eq %mul, %e0 : !ein.tensor<[], i8>
  check.expect_eq %max, %emax : !ein.tensor<[], i8>
  check.expect_eq %min, %emin : !ein.tensor<[], i8>
  check.expect_eq %or, %eor : !ein.tensor<[], i8>
  check.expect_eq %and, %e0 : !ein.tensor<[], i8>
  return
}

// i1 is a truth value: its maximum is `or`, its minimum `and`.
func.func @truth() {
  %x = ein.constant dense<[true, false]> : tensor<2xi1> -> !ein.tensor<[2], i1>
  %max = ein.einsum (%x[j]) -> [] reduce [j: max] : (!ein.tensor<[2], i1>) -> !ein.tensor<[], i1>
  %or = ein.einsum (%x[j]) -> [] reduce [j: or] : (!ein.tensor<[2], i1>) -> !ein.tensor<[], i1>
  %min = ein.einsum (%x[j]) -> [] reduce [j: min] : (!ein.tensor<[2], i1>) -> !ein.tensor<[], i1>
  %and = ein.einsum (%x[j]) -> [] reduce [j: and] : (!ein.tensor<[2], i1>) -> !ein.tensor<[], i1>
  %e = ein.constant dense<true> : tensor<i1> -> !ein.tensor<[], i1>
  %f = ein.constant dense<false> : tensor<i1> -> !ein.tensor<[], i1>
  check.expect_eq %max, %e : !ein.tensor<[], i1>
  check.expect_eq %or, %e : !ein.tensor<[], i1>
  check.expect_eq %min, %f : !ein.tensor<[], i1>
  check.expect_eq %and, %f : !ein.tensor<[], i1>
  return
}

func.func @empty() {
  %f = ein.constant dense<> : tensor<0xf32> -> !ein.tensor<[0], f32>
  %i = ein.constant dense<> : tensor<0xi16> -> !ein.tensor<[0], i16>
  %max = ein.einsum (%f[j]) -> [] reduce [j: max] : (!ein.tensor<[0], f32>) -> !ein.tensor<[], f32>
  %min = ein.einsum (%f[j]) -> [] reduce [j: min] : (!ein.tensor<[0], f32>) -> !ein.tensor<[], f32>
  %lae = ein.einsum (%f[j]) -> [] reduce [j: logaddexp] : (!ein.tensor<[0], f32>) -> !ein.tensor<[], f32>
  %mul = ein.einsum (%i[j]) -> [] reduce [j: mul] : (!ein.tensor<[0], i16>) -> !ein.tensor<[], i16>
  %imax = ein.einsum (%i[j]) -> [] reduce [j: max] : (!ein.tensor<[0], i16>) -> !ein.tensor<[], i16>
  %imin = ein.einsum (%i[j]) -> [] reduce [j: min] : (!ein.tensor<[0], i16>) -> !ein.tensor<[], i16>
  %and = ein.einsum (%i[j]) -> [] reduce [j: and] : (!ein.tensor<[0], i16>) -> !ein.tensor<[], i16>
  %or = ein.einsum (%i[j]) -> [] reduce [j: or] : (!ein.tensor<[0], i16>) -> !ein.tensor<[], i16>
  %arg = ein.einsum (%f[j]) -> [] reduce [j: argmax] : (!ein.tensor<[0], f32>) -> !ein.tensor<[], i64>
  %low = ein.constant dense<0xFF800000> : tensor<f32> -> !ein.tensor<[], f32>
  %high = ein.constant dense<0x7F800000> : tensor<f32> -> !ein.tensor<[], f32>
  %one = ein.constant dense<1> : tensor<i16> -> !ein.tensor<[], i16>
  %zero = ein.constant dense<0> : tensor<i16> -> !ein.tensor<[], i16>
  %ones = ein.constant dense<-1> : tensor<i16> -> !ein.tensor<[], i16>
  %lowest = ein.constant dense<-32768> : tensor<i16> -> !ein.tensor<[], i16>
  %highest = ein.constant dense<32767> : tensor<i16> -> !ein.tensor<[], i16>
  %none = ein.constant dense<-1> : tensor<i64> -> !ein.tensor<[], i64>
  check.expect_eq %max, %low : !ein.tensor<[], f32>
  check.expect_eq %min, %high : !ein.tensor<[], f32>
  check.expect_eq %lae, %low : !ein.tensor<[], f32>
  check.expect_eq %mul, %one : !ein.tensor<[], i16>
  check.expect_eq %imax, %lowest : !ein.tensor<[], i16>
  check.expect_eq %imin, %highest : !ein.tensor<[], i16>
  check.expect_eq %and, %ones : !ein.tensor<[], i16>
  check.expect_eq %or, %zero : !ein.tensor<[], i16>
  check.expect_eq %arg, %none : !ein.tensor<[], i64>
  return
}

// Lowest coordinate among equals, the first NaN before all, also of all -inf.
func.func @arg() {
  %x = ein.constant dense<[[1.0, 3.0, 3.0], [2.0, 0x7FC00000, 0x7FC00000], [0xFF800000, 0xFF800000, 0xFF800000]]>
      : tensor<3x3xf32> -> !ein.tensor<[3, 3], f32>
  %max = ein.einsum (%x[i, j]) -> [i] reduce [j: argmax] : (!ein.tensor<[3, 3], f32>) -> !ein.tensor<[3], i32>
  %min = ein.einsum (%x[i, j]) -> [i] reduce [j: argmin] : (!ein.tensor<[3, 3], f32>) -> !ein.tensor<[3], i32>
  %emax = ein.constant dense<[1, 1, 0]> : tensor<3xi32> -> !ein.tensor<[3], i32>
  %emin = ein.constant dense<[0, 1, 0]> : tensor<3xi32> -> !ein.tensor<[3], i32>
  check.expect_eq %max, %emax : !ein.tensor<[3], i32>
  check.expect_eq %min, %emin : !ein.tensor<[3], i32>
  return
}

// The coordinate is the rank's, not the count of points that exist.
func.func @arg_ragged() {
  %x = ein.constant dense<[5, 7]> : tensor<2xi32> -> !ein.tensor<[2], i32>
  %max = ein.einsum (%x[j - 3]) -> [] reduce [j in 9: argmax] : (!ein.tensor<[2], i32>) -> !ein.tensor<[], i8>
  %e = ein.constant dense<4> : tensor<i8> -> !ein.tensor<[], i8>
  check.expect_eq %max, %e : !ein.tensor<[], i8>
  return
}

func.func @logaddexp() {
  %x = ein.constant dense<[[0.0, 0.0, 0xFF800000], [1000.0, 1000.0, -1000.0], [0xFF800000, 0xFF800000, 0xFF800000],
                           [1.0, 0x7F800000, 0.0], [0.0, 0x7FC00000, 1.0]]> : tensor<5x3xf32> -> !ein.tensor<[5, 3], f32>
  %y = ein.einsum (%x[i, j]) -> [i] reduce [j: logaddexp] : (!ein.tensor<[5, 3], f32>) -> !ein.tensor<[5], f32>
  %e = ein.constant dense<[0.693147181, 1000.693147181, 0xFF800000, 0x7F800000, 0x7FC00000]> : tensor<5xf32> -> !ein.tensor<[5], f32>
  check.expect_close %y, %e {atol = 1.0e-6 : f64, rtol = 1.0e-7 : f64} : !ein.tensor<[5], f32>
  return
}

// +0 is above -0.
func.func @zeros() {
  %x = ein.constant dense<[[-0.0, 0.0], [0.0, -0.0]]> : tensor<2x2xf32> -> !ein.tensor<[2, 2], f32>
  %max = ein.einsum (%x[i, j]) -> [i] reduce [j: max] : (!ein.tensor<[2, 2], f32>) -> !ein.tensor<[2], f32>
  %min = ein.einsum (%x[i, j]) -> [i] reduce [j: min] : (!ein.tensor<[2, 2], f32>) -> !ein.tensor<[2], f32>
  %emax = ein.constant dense<0.0> : tensor<2xf32> -> !ein.tensor<[2], f32>
  %emin = ein.constant dense<-0.0> : tensor<2xf32> -> !ein.tensor<[2], f32>
  check.expect_eq %max, %emax : !ein.tensor<[2], f32>
  check.expect_eq %min, %emin : !ein.tensor<[2], f32>
  return
}
