// RUN: einfall-opt %s --ein-interpret
// RUN: einfall-opt %s --ein-interpret=mode=f64

// Scalar operations of bodies (cast): each function is one operation on a few
// arguments; the expected values are Python's.

func.func @extsi() {
  %c0 = ein.constant dense<[-1, 127]> : tensor<2xi8> -> !ein.tensor<[2], i8>
  %y = ein.einsum (%c0[i]) -> [i] : (!ein.tensor<[2], i8>) -> !ein.tensor<[2], i16> {
  ^bb0(%a: i8):
    %r = arith.extsi %a : i8 to i16
    ein.yield %r : i16
  }
  %e = ein.constant dense<[-1, 127]> : tensor<2xi16> -> !ein.tensor<[2], i16>
  check.expect_eq %y, %e : !ein.tensor<[2], i16>
  return
}

func.func @extsi_i1() {
  %c0 = ein.constant dense<[true, false]> : tensor<2xi1> -> !ein.tensor<[2], i1>
  %y = ein.einsum (%c0[i]) -> [i] : (!ein.tensor<[2], i1>) -> !ein.tensor<[2], i16> {
  ^bb0(%a: i1):
    %r = arith.extsi %a : i1 to i16
    ein.yield %r : i16
  }
  %e = ein.constant dense<[-1, 0]> : tensor<2xi16> -> !ein.tensor<[2], i16>
  check.expect_eq %y, %e : !ein.tensor<[2], i16>
  return
}

func.func @extui() {
  %c0 = ein.constant dense<[-1, 127]> : tensor<2xi8> -> !ein.tensor<[2], i8>
  %y = ein.einsum (%c0[i]) -> [i] : (!ein.tensor<[2], i8>) -> !ein.tensor<[2], i16> {
  ^bb0(%a: i8):
    %r = arith.extui %a : i8 to i16
    ein.yield %r : i16
  }
  %e = ein.constant dense<[255, 127]> : tensor<2xi16> -> !ein.tensor<[2], i16>
  check.expect_eq %y, %e : !ein.tensor<[2], i16>
  return
}

func.func @extui_i1() {
  %c0 = ein.constant dense<[true, false]> : tensor<2xi1> -> !ein.tensor<[2], i1>
  %y = ein.einsum (%c0[i]) -> [i] : (!ein.tensor<[2], i1>) -> !ein.tensor<[2], i16> {
  ^bb0(%a: i1):
    %r = arith.extui %a : i1 to i16
    ein.yield %r : i16
  }
  %e = ein.constant dense<[1, 0]> : tensor<2xi16> -> !ein.tensor<[2], i16>
  check.expect_eq %y, %e : !ein.tensor<[2], i16>
  return
}

func.func @trunci() {
  %c0 = ein.constant dense<[300, -129, 128]> : tensor<3xi16> -> !ein.tensor<[3], i16>
  %y = ein.einsum (%c0[i]) -> [i] : (!ein.tensor<[3], i16>) -> !ein.tensor<[3], i8> {
  ^bb0(%a: i16):
    %r = arith.trunci %a : i16 to i8
    ein.yield %r : i8
  }
  %e = ein.constant dense<[44, 127, -128]> : tensor<3xi8> -> !ein.tensor<[3], i8>
  check.expect_eq %y, %e : !ein.tensor<[3], i8>
  return
}

func.func @trunci_i1() {
  %c0 = ein.constant dense<[2, -1]> : tensor<2xi16> -> !ein.tensor<[2], i16>
  %y = ein.einsum (%c0[i]) -> [i] : (!ein.tensor<[2], i16>) -> !ein.tensor<[2], i1> {
  ^bb0(%a: i16):
    %r = arith.trunci %a : i16 to i1
    ein.yield %r : i1
  }
  %e = ein.constant dense<[false, true]> : tensor<2xi1> -> !ein.tensor<[2], i1>
  check.expect_eq %y, %e : !ein.tensor<[2], i1>
  return
}

func.func @sitofp() {
  %c0 = ein.constant dense<[-1, 127]> : tensor<2xi8> -> !ein.tensor<[2], i8>
  %y = ein.einsum (%c0[i]) -> [i] : (!ein.tensor<[2], i8>) -> !ein.tensor<[2], f64> {
  ^bb0(%a: i8):
    %r = arith.sitofp %a : i8 to f64
    ein.yield %r : f64
  }
  %e = ein.constant dense<[-1.0, 127.0]> : tensor<2xf64> -> !ein.tensor<[2], f64>
  check.expect_eq %y, %e : !ein.tensor<[2], f64>
  return
}

func.func @sitofp_i1() {
  %c0 = ein.constant dense<[true, false]> : tensor<2xi1> -> !ein.tensor<[2], i1>
  %y = ein.einsum (%c0[i]) -> [i] : (!ein.tensor<[2], i1>) -> !ein.tensor<[2], f64> {
  ^bb0(%a: i1):
    %r = arith.sitofp %a : i1 to f64
    ein.yield %r : f64
  }
  %e = ein.constant dense<[-1.0, 0.0]> : tensor<2xf64> -> !ein.tensor<[2], f64>
  check.expect_eq %y, %e : !ein.tensor<[2], f64>
  return
}

func.func @uitofp() {
  %c0 = ein.constant dense<[-1, 127]> : tensor<2xi8> -> !ein.tensor<[2], i8>
  %y = ein.einsum (%c0[i]) -> [i] : (!ein.tensor<[2], i8>) -> !ein.tensor<[2], f64> {
  ^bb0(%a: i8):
    %r = arith.uitofp %a : i8 to f64
    ein.yield %r : f64
  }
  %e = ein.constant dense<[255.0, 127.0]> : tensor<2xf64> -> !ein.tensor<[2], f64>
  check.expect_eq %y, %e : !ein.tensor<[2], f64>
  return
}

func.func @uitofp_i1() {
  %c0 = ein.constant dense<[true]> : tensor<1xi1> -> !ein.tensor<[1], i1>
  %y = ein.einsum (%c0[i]) -> [i] : (!ein.tensor<[1], i1>) -> !ein.tensor<[1], f64> {
  ^bb0(%a: i1):
    %r = arith.uitofp %a : i1 to f64
    ein.yield %r : f64
  }
  %e = ein.constant dense<[1.0]> : tensor<1xf64> -> !ein.tensor<[1], f64>
  check.expect_eq %y, %e : !ein.tensor<[1], f64>
  return
}

func.func @uitofp_i64() {
  %c0 = ein.constant dense<[-1]> : tensor<1xi64> -> !ein.tensor<[1], i64>
  %y = ein.einsum (%c0[i]) -> [i] : (!ein.tensor<[1], i64>) -> !ein.tensor<[1], f64> {
  ^bb0(%a: i64):
    %r = arith.uitofp %a : i64 to f64
    ein.yield %r : f64
  }
  %e = ein.constant dense<[1.8446744073709552e+19]> : tensor<1xf64> -> !ein.tensor<[1], f64>
  check.expect_eq %y, %e : !ein.tensor<[1], f64>
  return
}

func.func @fptosi() {
  %c0 = ein.constant dense<[-1.9, 1.9, 300.0, -300.0, 0x7FF8000000000000]> : tensor<5xf64> -> !ein.tensor<[5], f64>
  %y = ein.einsum (%c0[i]) -> [i] : (!ein.tensor<[5], f64>) -> !ein.tensor<[5], i8> {
  ^bb0(%a: f64):
    %r = arith.fptosi %a : f64 to i8
    ein.yield %r : i8
  }
  %e = ein.constant dense<[-1, 1, 127, -128, 0]> : tensor<5xi8> -> !ein.tensor<[5], i8>
  check.expect_eq %y, %e : !ein.tensor<[5], i8>
  return
}

func.func @fptoui() {
  %c0 = ein.constant dense<[255.9, 1.9, 300.0, -3.0]> : tensor<4xf64> -> !ein.tensor<[4], f64>
  %y = ein.einsum (%c0[i]) -> [i] : (!ein.tensor<[4], f64>) -> !ein.tensor<[4], i8> {
  ^bb0(%a: f64):
    %r = arith.fptoui %a : f64 to i8
    ein.yield %r : i8
  }
  %e = ein.constant dense<[-1, 1, -1, 0]> : tensor<4xi8> -> !ein.tensor<[4], i8>
  check.expect_eq %y, %e : !ein.tensor<[4], i8>
  return
}

func.func @fptosi_i64() {
  %c0 = ein.constant dense<[1.0e+300, -1.0e+300]> : tensor<2xf64> -> !ein.tensor<[2], f64>
  %y = ein.einsum (%c0[i]) -> [i] : (!ein.tensor<[2], f64>) -> !ein.tensor<[2], i64> {
  ^bb0(%a: f64):
    %r = arith.fptosi %a : f64 to i64
    ein.yield %r : i64
  }
  %e = ein.constant dense<[9223372036854775807, -9223372036854775808]> : tensor<2xi64> -> !ein.tensor<[2], i64>
  check.expect_eq %y, %e : !ein.tensor<[2], i64>
  return
}

func.func @index_cast() {
  %c0 = ein.constant dense<[-3, 5]> : tensor<2xi8> -> !ein.tensor<[2], i8>
  %y = ein.einsum (%c0[i]) -> [i] : (!ein.tensor<[2], i8>) -> !ein.tensor<[2], i16> {
  ^bb0(%a: i8):
    %t = arith.index_cast %a : i8 to index
    %r = arith.index_cast %t : index to i16
    ein.yield %r : i16
  }
  %e = ein.constant dense<[-3, 5]> : tensor<2xi16> -> !ein.tensor<[2], i16>
  check.expect_eq %y, %e : !ein.tensor<[2], i16>
  return
}

func.func @index_castui() {
  %c0 = ein.constant dense<[-3, 5]> : tensor<2xi8> -> !ein.tensor<[2], i8>
  %y = ein.einsum (%c0[i]) -> [i] : (!ein.tensor<[2], i8>) -> !ein.tensor<[2], i16> {
  ^bb0(%a: i8):
    %t = arith.index_castui %a : i8 to index
    %r = arith.index_castui %t : index to i16
    ein.yield %r : i16
  }
  %e = ein.constant dense<[253, 5]> : tensor<2xi16> -> !ein.tensor<[2], i16>
  check.expect_eq %y, %e : !ein.tensor<[2], i16>
  return
}

func.func @bitcast_to_int() {
  %c0 = ein.constant dense<[1.0, -2.0]> : tensor<2xf32> -> !ein.tensor<[2], f32>
  %y = ein.einsum (%c0[i]) -> [i] : (!ein.tensor<[2], f32>) -> !ein.tensor<[2], i32> {
  ^bb0(%a: f32):
    %r = arith.bitcast %a : f32 to i32
    ein.yield %r : i32
  }
  %e = ein.constant dense<[1065353216, -1073741824]> : tensor<2xi32> -> !ein.tensor<[2], i32>
  check.expect_eq %y, %e : !ein.tensor<[2], i32>
  return
}

func.func @bitcast_to_float() {
  %c0 = ein.constant dense<[1065353216]> : tensor<1xi32> -> !ein.tensor<[1], i32>
  %y = ein.einsum (%c0[i]) -> [i] : (!ein.tensor<[1], i32>) -> !ein.tensor<[1], f32> {
  ^bb0(%a: i32):
    %r = arith.bitcast %a : i32 to f32
    ein.yield %r : f32
  }
  %e = ein.constant dense<[1.0]> : tensor<1xf32> -> !ein.tensor<[1], f32>
  check.expect_eq %y, %e : !ein.tensor<[1], f32>
  return
}

func.func @bitcast_floats() {
  %c0 = ein.constant dense<[1.0]> : tensor<1xf16> -> !ein.tensor<[1], f16>
  %y = ein.einsum (%c0[i]) -> [i] : (!ein.tensor<[1], f16>) -> !ein.tensor<[1], bf16> {
  ^bb0(%a: f16):
    %r = arith.bitcast %a : f16 to bf16
    ein.yield %r : bf16
  }
  %e = ein.constant dense<[0.0078125]> : tensor<1xbf16> -> !ein.tensor<[1], bf16>
  check.expect_eq %y, %e : !ein.tensor<[1], bf16>
  return
}

func.func @extf_truncf() {
  %c0 = ein.constant dense<[1.5]> : tensor<1xf16> -> !ein.tensor<[1], f16>
  %y = ein.einsum (%c0[i]) -> [i] : (!ein.tensor<[1], f16>) -> !ein.tensor<[1], f32> {
  ^bb0(%a: f16):
    %t = arith.extf %a : f16 to f64
    %r = arith.truncf %t : f64 to f32
    ein.yield %r : f32
  }
  %e = ein.constant dense<[1.5]> : tensor<1xf32> -> !ein.tensor<[1], f32>
  check.expect_eq %y, %e : !ein.tensor<[1], f32>
  return
}
