// RUN: einfall-opt %s --ein-interpret
// RUN: einfall-opt %s --ein-interpret=mode=f64

// Scalar operations of bodies (math): each function is one operation on a few
// arguments; the expected values are Python's.

func.func @acos() {
  %c0 = ein.constant dense<[0.3, 0.9, -0.5]> : tensor<3xf64> -> !ein.tensor<[3], f64>
  %y = ein.einsum (%c0[i]) -> [i] : (!ein.tensor<[3], f64>) -> !ein.tensor<[3], f64> {
  ^bb0(%a: f64):
    %r = math.acos %a : f64
    ein.yield %r : f64
  }
  %e = ein.constant dense<[1.2661036727794992, 0.45102681179626236, 2.0943951023931957]> : tensor<3xf64> -> !ein.tensor<[3], f64>
  check.expect_close %y, %e {atol = 0.0 : f64, rtol = 1.0e-15 : f64} : !ein.tensor<[3], f64>
  return
}

func.func @asin() {
  %c0 = ein.constant dense<[0.3, 0.9, -0.5]> : tensor<3xf64> -> !ein.tensor<[3], f64>
  %y = ein.einsum (%c0[i]) -> [i] : (!ein.tensor<[3], f64>) -> !ein.tensor<[3], f64> {
  ^bb0(%a: f64):
    %r = math.asin %a : f64
    ein.yield %r : f64
  }
  %e = ein.constant dense<[0.3046926540153975, 1.1197695149986342, -0.5235987755982989]> : tensor<3xf64> -> !ein.tensor<[3], f64>
  check.expect_close %y, %e {atol = 0.0 : f64, rtol = 1.0e-15 : f64} : !ein.tensor<[3], f64>
  return
}

func.func @asinh() {
  %c0 = ein.constant dense<[0.3, 0.9, -0.5]> : tensor<3xf64> -> !ein.tensor<[3], f64>
  %y = ein.einsum (%c0[i]) -> [i] : (!ein.tensor<[3], f64>) -> !ein.tensor<[3], f64> {
  ^bb0(%a: f64):
    %r = math.asinh %a : f64
    ein.yield %r : f64
  }
  %e = ein.constant dense<[0.29567304756342244, 0.8088669356527824, -0.48121182505960347]> : tensor<3xf64> -> !ein.tensor<[3], f64>
  check.expect_close %y, %e {atol = 0.0 : f64, rtol = 1.0e-15 : f64} : !ein.tensor<[3], f64>
  return
}

func.func @atan() {
  %c0 = ein.constant dense<[0.3, 0.9, -0.5]> : tensor<3xf64> -> !ein.tensor<[3], f64>
  %y = ein.einsum (%c0[i]) -> [i] : (!ein.tensor<[3], f64>) -> !ein.tensor<[3], f64> {
  ^bb0(%a: f64):
    %r = math.atan %a : f64
    ein.yield %r : f64
  }
  %e = ein.constant dense<[0.2914567944778671, 0.7328151017865066, -0.4636476090008061]> : tensor<3xf64> -> !ein.tensor<[3], f64>
  check.expect_close %y, %e {atol = 0.0 : f64, rtol = 1.0e-15 : f64} : !ein.tensor<[3], f64>
  return
}

func.func @atanh() {
  %c0 = ein.constant dense<[0.3, 0.9, -0.5]> : tensor<3xf64> -> !ein.tensor<[3], f64>
  %y = ein.einsum (%c0[i]) -> [i] : (!ein.tensor<[3], f64>) -> !ein.tensor<[3], f64> {
  ^bb0(%a: f64):
    %r = math.atanh %a : f64
    ein.yield %r : f64
  }
  %e = ein.constant dense<[0.30951960420311175, 1.4722194895832204, -0.5493061443340548]> : tensor<3xf64> -> !ein.tensor<[3], f64>
  check.expect_close %y, %e {atol = 0.0 : f64, rtol = 1.0e-15 : f64} : !ein.tensor<[3], f64>
  return
}

func.func @cbrt() {
  %c0 = ein.constant dense<[0.3, 0.9, -0.5]> : tensor<3xf64> -> !ein.tensor<[3], f64>
  %y = ein.einsum (%c0[i]) -> [i] : (!ein.tensor<[3], f64>) -> !ein.tensor<[3], f64> {
  ^bb0(%a: f64):
    %r = math.cbrt %a : f64
    ein.yield %r : f64
  }
  %e = ein.constant dense<[0.6694329500821695, 0.9654893846056297, -0.7937005259840998]> : tensor<3xf64> -> !ein.tensor<[3], f64>
  check.expect_close %y, %e {atol = 0.0 : f64, rtol = 1.0e-15 : f64} : !ein.tensor<[3], f64>
  return
}

func.func @cos() {
  %c0 = ein.constant dense<[0.3, 0.9, -0.5]> : tensor<3xf64> -> !ein.tensor<[3], f64>
  %y = ein.einsum (%c0[i]) -> [i] : (!ein.tensor<[3], f64>) -> !ein.tensor<[3], f64> {
  ^bb0(%a: f64):
    %r = math.cos %a : f64
    ein.yield %r : f64
  }
  %e = ein.constant dense<[0.955336489125606, 0.6216099682706644, 0.8775825618903728]> : tensor<3xf64> -> !ein.tensor<[3], f64>
  check.expect_close %y, %e {atol = 0.0 : f64, rtol = 1.0e-15 : f64} : !ein.tensor<[3], f64>
  return
}

func.func @cosh() {
  %c0 = ein.constant dense<[0.3, 0.9, -0.5]> : tensor<3xf64> -> !ein.tensor<[3], f64>
  %y = ein.einsum (%c0[i]) -> [i] : (!ein.tensor<[3], f64>) -> !ein.tensor<[3], f64> {
  ^bb0(%a: f64):
    %r = math.cosh %a : f64
    ein.yield %r : f64
  }
  %e = ein.constant dense<[1.0453385141288605, 1.4330863854487745, 1.1276259652063807]> : tensor<3xf64> -> !ein.tensor<[3], f64>
  check.expect_close %y, %e {atol = 0.0 : f64, rtol = 1.0e-15 : f64} : !ein.tensor<[3], f64>
  return
}

func.func @erf() {
  %c0 = ein.constant dense<[0.3, 0.9, -0.5]> : tensor<3xf64> -> !ein.tensor<[3], f64>
  %y = ein.einsum (%c0[i]) -> [i] : (!ein.tensor<[3], f64>) -> !ein.tensor<[3], f64> {
  ^bb0(%a: f64):
    %r = math.erf %a : f64
    ein.yield %r : f64
  }
  %e = ein.constant dense<[0.3286267594591274, 0.7969082124228322, -0.5204998778130465]> : tensor<3xf64> -> !ein.tensor<[3], f64>
  check.expect_close %y, %e {atol = 0.0 : f64, rtol = 1.0e-15 : f64} : !ein.tensor<[3], f64>
  return
}

func.func @erfc() {
  %c0 = ein.constant dense<[0.3, 0.9, -0.5]> : tensor<3xf64> -> !ein.tensor<[3], f64>
  %y = ein.einsum (%c0[i]) -> [i] : (!ein.tensor<[3], f64>) -> !ein.tensor<[3], f64> {
  ^bb0(%a: f64):
    %r = math.erfc %a : f64
    ein.yield %r : f64
  }
  %e = ein.constant dense<[0.6713732405408726, 0.20309178757716786, 1.5204998778130465]> : tensor<3xf64> -> !ein.tensor<[3], f64>
  check.expect_close %y, %e {atol = 0.0 : f64, rtol = 1.0e-15 : f64} : !ein.tensor<[3], f64>
  return
}

func.func @exp() {
  %c0 = ein.constant dense<[0.3, 0.9, -0.5]> : tensor<3xf64> -> !ein.tensor<[3], f64>
  %y = ein.einsum (%c0[i]) -> [i] : (!ein.tensor<[3], f64>) -> !ein.tensor<[3], f64> {
  ^bb0(%a: f64):
    %r = math.exp %a : f64
    ein.yield %r : f64
  }
  %e = ein.constant dense<[1.3498588075760032, 2.45960311115695, 0.6065306597126334]> : tensor<3xf64> -> !ein.tensor<[3], f64>
  check.expect_close %y, %e {atol = 0.0 : f64, rtol = 1.0e-15 : f64} : !ein.tensor<[3], f64>
  return
}

func.func @exp2() {
  %c0 = ein.constant dense<[0.3, 0.9, -0.5]> : tensor<3xf64> -> !ein.tensor<[3], f64>
  %y = ein.einsum (%c0[i]) -> [i] : (!ein.tensor<[3], f64>) -> !ein.tensor<[3], f64> {
  ^bb0(%a: f64):
    %r = math.exp2 %a : f64
    ein.yield %r : f64
  }
  %e = ein.constant dense<[1.2311444133449163, 1.8660659830736148, 0.7071067811865476]> : tensor<3xf64> -> !ein.tensor<[3], f64>
  check.expect_close %y, %e {atol = 0.0 : f64, rtol = 1.0e-15 : f64} : !ein.tensor<[3], f64>
  return
}

func.func @expm1() {
  %c0 = ein.constant dense<[0.3, 0.9, -0.5]> : tensor<3xf64> -> !ein.tensor<[3], f64>
  %y = ein.einsum (%c0[i]) -> [i] : (!ein.tensor<[3], f64>) -> !ein.tensor<[3], f64> {
  ^bb0(%a: f64):
    %r = math.expm1 %a : f64
    ein.yield %r : f64
  }
  %e = ein.constant dense<[0.3498588075760031, 1.4596031111569499, -0.3934693402873666]> : tensor<3xf64> -> !ein.tensor<[3], f64>
  check.expect_close %y, %e {atol = 0.0 : f64, rtol = 1.0e-15 : f64} : !ein.tensor<[3], f64>
  return
}

func.func @log1p() {
  %c0 = ein.constant dense<[0.3, 0.9, -0.5]> : tensor<3xf64> -> !ein.tensor<[3], f64>
  %y = ein.einsum (%c0[i]) -> [i] : (!ein.tensor<[3], f64>) -> !ein.tensor<[3], f64> {
  ^bb0(%a: f64):
    %r = math.log1p %a : f64
    ein.yield %r : f64
  }
  %e = ein.constant dense<[0.26236426446749106, 0.6418538861723948, -0.6931471805599453]> : tensor<3xf64> -> !ein.tensor<[3], f64>
  check.expect_close %y, %e {atol = 0.0 : f64, rtol = 1.0e-15 : f64} : !ein.tensor<[3], f64>
  return
}

func.func @sin() {
  %c0 = ein.constant dense<[0.3, 0.9, -0.5]> : tensor<3xf64> -> !ein.tensor<[3], f64>
  %y = ein.einsum (%c0[i]) -> [i] : (!ein.tensor<[3], f64>) -> !ein.tensor<[3], f64> {
  ^bb0(%a: f64):
    %r = math.sin %a : f64
    ein.yield %r : f64
  }
  %e = ein.constant dense<[0.29552020666133955, 0.7833269096274834, -0.479425538604203]> : tensor<3xf64> -> !ein.tensor<[3], f64>
  check.expect_close %y, %e {atol = 0.0 : f64, rtol = 1.0e-15 : f64} : !ein.tensor<[3], f64>
  return
}

func.func @sinh() {
  %c0 = ein.constant dense<[0.3, 0.9, -0.5]> : tensor<3xf64> -> !ein.tensor<[3], f64>
  %y = ein.einsum (%c0[i]) -> [i] : (!ein.tensor<[3], f64>) -> !ein.tensor<[3], f64> {
  ^bb0(%a: f64):
    %r = math.sinh %a : f64
    ein.yield %r : f64
  }
  %e = ein.constant dense<[0.3045202934471426, 1.0265167257081753, -0.5210953054937474]> : tensor<3xf64> -> !ein.tensor<[3], f64>
  check.expect_close %y, %e {atol = 0.0 : f64, rtol = 1.0e-15 : f64} : !ein.tensor<[3], f64>
  return
}

func.func @tan() {
  %c0 = ein.constant dense<[0.3, 0.9, -0.5]> : tensor<3xf64> -> !ein.tensor<[3], f64>
  %y = ein.einsum (%c0[i]) -> [i] : (!ein.tensor<[3], f64>) -> !ein.tensor<[3], f64> {
  ^bb0(%a: f64):
    %r = math.tan %a : f64
    ein.yield %r : f64
  }
  %e = ein.constant dense<[0.30933624960962325, 1.2601582175503392, -0.5463024898437905]> : tensor<3xf64> -> !ein.tensor<[3], f64>
  check.expect_close %y, %e {atol = 0.0 : f64, rtol = 1.0e-15 : f64} : !ein.tensor<[3], f64>
  return
}

func.func @tanh() {
  %c0 = ein.constant dense<[0.3, 0.9, -0.5]> : tensor<3xf64> -> !ein.tensor<[3], f64>
  %y = ein.einsum (%c0[i]) -> [i] : (!ein.tensor<[3], f64>) -> !ein.tensor<[3], f64> {
  ^bb0(%a: f64):
    %r = math.tanh %a : f64
    ein.yield %r : f64
  }
  %e = ein.constant dense<[0.2913126124515909, 0.7162978701990245, -0.46211715726000974]> : tensor<3xf64> -> !ein.tensor<[3], f64>
  check.expect_close %y, %e {atol = 0.0 : f64, rtol = 1.0e-15 : f64} : !ein.tensor<[3], f64>
  return
}
