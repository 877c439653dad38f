// RUN: einfall-opt %s --ein-interpret
// RUN: einfall-opt %s --ein-interpret=mode=f64

// Scalar operations of bodies (math): each function is one operation on a few
// arguments; the expected values are Python's.

func.func @log() {
  %c0 = ein.constant dense<[0.3, 2.0, 10000000000.0]> : tensor<3xf64> -> !ein.tensor<[3], f64>
  %y = ein.einsum (%c0[i]) -> [i] : (!ein.tensor<[3], f64>) -> !ein.tensor<[3], f64> {
  ^bb0(%a: f64):
    %r = math.log %a : f64
    ein.yield %r : f64
  }
  %e = ein.constant dense<[-1.2039728043259361, 0.6931471805599453, 23.025850929940457]> : tensor<3xf64> -> !ein.tensor<[3], f64>
  check.expect_close %y, %e {atol = 0.0 : f64, rtol = 1.0e-15 : f64} : !ein.tensor<[3], f64>
  return
}

func.func @log2() {
  %c0 = ein.constant dense<[0.3, 2.0, 10000000000.0]> : tensor<3xf64> -> !ein.tensor<[3], f64>
  %y = ein.einsum (%c0[i]) -> [i] : (!ein.tensor<[3], f64>) -> !ein.tensor<[3], f64> {
  ^bb0(%a: f64):
    %r = math.log2 %a : f64
    ein.yield %r : f64
  }
  %e = ein.constant dense<[-1.7369655941662063, 1.0, 33.219280948873624]> : tensor<3xf64> -> !ein.tensor<[3], f64>
  check.expect_close %y, %e {atol = 0.0 : f64, rtol = 1.0e-15 : f64} : !ein.tensor<[3], f64>
  return
}

func.func @log10() {
  %c0 = ein.constant dense<[0.3, 2.0, 10000000000.0]> : tensor<3xf64> -> !ein.tensor<[3], f64>
  %y = ein.einsum (%c0[i]) -> [i] : (!ein.tensor<[3], f64>) -> !ein.tensor<[3], f64> {
  ^bb0(%a: f64):
    %r = math.log10 %a : f64
    ein.yield %r : f64
  }
  %e = ein.constant dense<[-0.5228787452803376, 0.3010299956639812, 10.0]> : tensor<3xf64> -> !ein.tensor<[3], f64>
  check.expect_close %y, %e {atol = 0.0 : f64, rtol = 1.0e-15 : f64} : !ein.tensor<[3], f64>
  return
}

func.func @sqrt() {
  %c0 = ein.constant dense<[0.3, 2.0, 10000000000.0]> : tensor<3xf64> -> !ein.tensor<[3], f64>
  %y = ein.einsum (%c0[i]) -> [i] : (!ein.tensor<[3], f64>) -> !ein.tensor<[3], f64> {
  ^bb0(%a: f64):
    %r = math.sqrt %a : f64
    ein.yield %r : f64
  }
  %e = ein.constant dense<[0.5477225575051661, 1.4142135623730951, 100000.0]> : tensor<3xf64> -> !ein.tensor<[3], f64>
  check.expect_close %y, %e {atol = 0.0 : f64, rtol = 1.0e-15 : f64} : !ein.tensor<[3], f64>
  return
}

func.func @rsqrt() {
  %c0 = ein.constant dense<[0.3, 2.0, 10000000000.0]> : tensor<3xf64> -> !ein.tensor<[3], f64>
  %y = ein.einsum (%c0[i]) -> [i] : (!ein.tensor<[3], f64>) -> !ein.tensor<[3], f64> {
  ^bb0(%a: f64):
    %r = math.rsqrt %a : f64
    ein.yield %r : f64
  }
  %e = ein.constant dense<[1.8257418583505538, 0.7071067811865475, 1.0e-05]> : tensor<3xf64> -> !ein.tensor<[3], f64>
  check.expect_close %y, %e {atol = 0.0 : f64, rtol = 1.0e-15 : f64} : !ein.tensor<[3], f64>
  return
}

func.func @acosh() {
  %c0 = ein.constant dense<[2.0, 0.0]> : tensor<2xf64> -> !ein.tensor<[2], f64>
  %y = ein.einsum (%c0[i]) -> [i] : (!ein.tensor<[2], f64>) -> !ein.tensor<[2], f64> {
  ^bb0(%a: f64):
    %r = math.acosh %a : f64
    ein.yield %r : f64
  }
  %e = ein.constant dense<[1.3169578969248166, 0x7FF8000000000000]> : tensor<2xf64> -> !ein.tensor<[2], f64>
  check.expect_close %y, %e {atol = 0.0 : f64, rtol = 1.0e-15 : f64} : !ein.tensor<[2], f64>
  return
}

func.func @sincos() {
  %c0 = ein.constant dense<[0.3, 0.9, -0.5]> : tensor<3xf64> -> !ein.tensor<[3], f64>
  %y = ein.einsum (%c0[i]) -> [i] : (!ein.tensor<[3], f64>) -> !ein.tensor<[3], f64> {
  ^bb0(%a: f64):
    %s, %r = math.sincos %a : f64
    ein.yield %r : f64
  }
  %e = ein.constant dense<[0.955336489125606, 0.6216099682706644, 0.8775825618903728]> : tensor<3xf64> -> !ein.tensor<[3], f64>
  check.expect_close %y, %e {atol = 0.0 : f64, rtol = 1.0e-15 : f64} : !ein.tensor<[3], f64>
  return
}

func.func @floor() {
  %c0 = ein.constant dense<[0.5, 1.5, 2.5, -0.5, -1.5, 2.4, -2.6]> : tensor<7xf64> -> !ein.tensor<[7], f64>
  %y = ein.einsum (%c0[i]) -> [i] : (!ein.tensor<[7], f64>) -> !ein.tensor<[7], f64> {
  ^bb0(%a: f64):
    %r = math.floor %a : f64
    ein.yield %r : f64
  }
  %e = ein.constant dense<[0.0, 1.0, 2.0, -1.0, -2.0, 2.0, -3.0]> : tensor<7xf64> -> !ein.tensor<[7], f64>
  check.expect_eq %y, %e : !ein.tensor<[7], f64>
  return
}

func.func @ceil() {
  %c0 = ein.constant dense<[0.5, 1.5, 2.5, -0.5, -1.5, 2.4, -2.6]> : tensor<7xf64> -> !ein.tensor<[7], f64>
  %y = ein.einsum (%c0[i]) -> [i] : (!ein.tensor<[7], f64>) -> !ein.tensor<[7], f64> {
  ^bb0(%a: f64):
    %r = math.ceil %a : f64
    ein.yield %r : f64
  }
  %e = ein.constant dense<[1.0, 2.0, 3.0, -0.0, -1.0, 3.0, -2.0]> : tensor<7xf64> -> !ein.tensor<[7], f64>
  check.expect_eq %y, %e : !ein.tensor<[7], f64>
  return
}

func.func @trunc() {
  %c0 = ein.constant dense<[0.5, 1.5, 2.5, -0.5, -1.5, 2.4, -2.6]> : tensor<7xf64> -> !ein.tensor<[7], f64>
  %y = ein.einsum (%c0[i]) -> [i] : (!ein.tensor<[7], f64>) -> !ein.tensor<[7], f64> {
  ^bb0(%a: f64):
    %r = math.trunc %a : f64
    ein.yield %r : f64
  }
  %e = ein.constant dense<[0.0, 1.0, 2.0, -0.0, -1.0, 2.0, -2.0]> : tensor<7xf64> -> !ein.tensor<[7], f64>
  check.expect_eq %y, %e : !ein.tensor<[7], f64>
  return
}

func.func @roundeven() {
  %c0 = ein.constant dense<[0.5, 1.5, 2.5, -0.5, -1.5, 2.4, -2.6]> : tensor<7xf64> -> !ein.tensor<[7], f64>
  %y = ein.einsum (%c0[i]) -> [i] : (!ein.tensor<[7], f64>) -> !ein.tensor<[7], f64> {
  ^bb0(%a: f64):
    %r = math.roundeven %a : f64
    ein.yield %r : f64
  }
  %e = ein.constant dense<[0.0, 2.0, 2.0, -0.0, -2.0, 2.0, -3.0]> : tensor<7xf64> -> !ein.tensor<[7], f64>
  check.expect_eq %y, %e : !ein.tensor<[7], f64>
  return
}

func.func @round() {
  %c0 = ein.constant dense<[0.5, 1.5, 2.5, -0.5, -1.5, 2.4, -2.6]> : tensor<7xf64> -> !ein.tensor<[7], f64>
  %y = ein.einsum (%c0[i]) -> [i] : (!ein.tensor<[7], f64>) -> !ein.tensor<[7], f64> {
  ^bb0(%a: f64):
    %r = math.round %a : f64
    ein.yield %r : f64
  }
  %e = ein.constant dense<[1.0, 2.0, 3.0, -1.0, -2.0, 2.0, -3.0]> : tensor<7xf64> -> !ein.tensor<[7], f64>
  check.expect_eq %y, %e : !ein.tensor<[7], f64>
  return
}

func.func @absf() {
  %c0 = ein.constant dense<[-0.0, -2.0, 0x7FF8000000000000]> : tensor<3xf64> -> !ein.tensor<[3], f64>
  %y = ein.einsum (%c0[i]) -> [i] : (!ein.tensor<[3], f64>) -> !ein.tensor<[3], f64> {
  ^bb0(%a: f64):
    %r = math.absf %a : f64
    ein.yield %r : f64
  }
  %e = ein.constant dense<[0.0, 2.0, 0x7FF8000000000000]> : tensor<3xf64> -> !ein.tensor<[3], f64>
  check.expect_eq %y, %e : !ein.tensor<[3], f64>
  return
}

func.func @copysign() {
  %c0 = ein.constant dense<[2.0, -2.0]> : tensor<2xf64> -> !ein.tensor<[2], f64>
  %c1 = ein.constant dense<[-0.0, 1.0]> : tensor<2xf64> -> !ein.tensor<[2], f64>
  %y = ein.einsum (%c0[i], %c1[i]) -> [i] : (!ein.tensor<[2], f64>, !ein.tensor<[2], f64>) -> !ein.tensor<[2], f64> {
  ^bb0(%a: f64, %b: f64):
    %r = math.copysign %a, %b : f64
    ein.yield %r : f64
  }
  %e = ein.constant dense<[-2.0, 2.0]> : tensor<2xf64> -> !ein.tensor<[2], f64>
  check.expect_eq %y, %e : !ein.tensor<[2], f64>
  return
}

func.func @powf() {
  %c0 = ein.constant dense<[2.0, -2.0, -2.0, 0.0, 0x7FF8000000000000]> : tensor<5xf64> -> !ein.tensor<[5], f64>
  %c1 = ein.constant dense<[0.5, 3.0, 0.5, -1.0, 0.0]> : tensor<5xf64> -> !ein.tensor<[5], f64>
  %y = ein.einsum (%c0[i], %c1[i]) -> [i] : (!ein.tensor<[5], f64>, !ein.tensor<[5], f64>) -> !ein.tensor<[5], f64> {
  ^bb0(%a: f64, %b: f64):
    %r = math.powf %a, %b : f64
    ein.yield %r : f64
  }
  %e = ein.constant dense<[1.4142135623730951, -8.0, 0x7FF8000000000000, 0x7FF0000000000000, 1.0]> : tensor<5xf64> -> !ein.tensor<[5], f64>
  check.expect_close %y, %e {atol = 0.0 : f64, rtol = 1.0e-15 : f64} : !ein.tensor<[5], f64>
  return
}

func.func @atan2() {
  %c0 = ein.constant dense<[1.0, -0.0]> : tensor<2xf64> -> !ein.tensor<[2], f64>
  %c1 = ein.constant dense<[-1.0, -1.0]> : tensor<2xf64> -> !ein.tensor<[2], f64>
  %y = ein.einsum (%c0[i], %c1[i]) -> [i] : (!ein.tensor<[2], f64>, !ein.tensor<[2], f64>) -> !ein.tensor<[2], f64> {
  ^bb0(%a: f64, %b: f64):
    %r = math.atan2 %a, %b : f64
    ein.yield %r : f64
  }
  %e = ein.constant dense<[2.356194490192345, -3.141592653589793]> : tensor<2xf64> -> !ein.tensor<[2], f64>
  check.expect_close %y, %e {atol = 0.0 : f64, rtol = 1.0e-15 : f64} : !ein.tensor<[2], f64>
  return
}

func.func @fpowi() {
  %c0 = ein.constant dense<[2.0, -3.0]> : tensor<2xf64> -> !ein.tensor<[2], f64>
  %c1 = ein.constant dense<[-2, 3]> : tensor<2xi8> -> !ein.tensor<[2], i8>
  %y = ein.einsum (%c0[i], %c1[i]) -> [i] : (!ein.tensor<[2], f64>, !ein.tensor<[2], i8>) -> !ein.tensor<[2], f64> {
  ^bb0(%a: f64, %b: i8):
    %r = math.fpowi %a, %b : f64, i8
    ein.yield %r : f64
  }
  %e = ein.constant dense<[0.25, -27.0]> : tensor<2xf64> -> !ein.tensor<[2], f64>
  check.expect_eq %y, %e : !ein.tensor<[2], f64>
  return
}

func.func @fma() {
  %c0 = ein.constant dense<[1.0000000009313226]> : tensor<1xf64> -> !ein.tensor<[1], f64>
  %c1 = ein.constant dense<[1.0000000009313226]> : tensor<1xf64> -> !ein.tensor<[1], f64>
  %c2 = ein.constant dense<[-1.0000000018626451]> : tensor<1xf64> -> !ein.tensor<[1], f64>
  %y = ein.einsum (%c0[i], %c1[i], %c2[i]) -> [i] : (!ein.tensor<[1], f64>, !ein.tensor<[1], f64>, !ein.tensor<[1], f64>) -> !ein.tensor<[1], f64> {
  ^bb0(%a: f64, %b: f64, %c: f64):
    %r = math.fma %a, %b, %c : f64
    ein.yield %r : f64
  }
  %e = ein.constant dense<[8.673617379884035e-19]> : tensor<1xf64> -> !ein.tensor<[1], f64>
  check.expect_eq %y, %e : !ein.tensor<[1], f64>
  return
}

func.func @clampf() {
  %c0 = ein.constant dense<[5.0, -5.0, 0.5]> : tensor<3xf64> -> !ein.tensor<[3], f64>
  %c1 = ein.constant dense<[0.0, 0.0, 0.0]> : tensor<3xf64> -> !ein.tensor<[3], f64>
  %c2 = ein.constant dense<[1.0, 1.0, 1.0]> : tensor<3xf64> -> !ein.tensor<[3], f64>
  %y = ein.einsum (%c0[i], %c1[i], %c2[i]) -> [i] : (!ein.tensor<[3], f64>, !ein.tensor<[3], f64>, !ein.tensor<[3], f64>) -> !ein.tensor<[3], f64> {
  ^bb0(%a: f64, %b: f64, %c: f64):
    %r = math.clampf %a to [%b, %c] : f64
    ein.yield %r : f64
  }
  %e = ein.constant dense<[1.0, 0.0, 0.5]> : tensor<3xf64> -> !ein.tensor<[3], f64>
  check.expect_eq %y, %e : !ein.tensor<[3], f64>
  return
}
