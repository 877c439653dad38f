// Every elementary function as an entry point, for einfall-check-functions.
func.func @acos_f32(%x: !ein.tensor<[n], f32> {ein.name = "x"}) -> (!ein.tensor<[n], f32> {ein.name = "y"}) attributes {ein.entry} {
  %y = ein.einsum (%x[i]) -> [i] : (!ein.tensor<[n], f32>) -> !ein.tensor<[n], f32> {
  ^bb0(%a: f32):
    %r = math.acos %a : f32
    ein.yield %r : f32
  }
  return %y : !ein.tensor<[n], f32>
}
func.func @acos_f64(%x: !ein.tensor<[n], f64> {ein.name = "x"}) -> (!ein.tensor<[n], f64> {ein.name = "y"}) attributes {ein.entry} {
  %y = ein.einsum (%x[i]) -> [i] : (!ein.tensor<[n], f64>) -> !ein.tensor<[n], f64> {
  ^bb0(%a: f64):
    %r = math.acos %a : f64
    ein.yield %r : f64
  }
  return %y : !ein.tensor<[n], f64>
}
func.func @acosh_f32(%x: !ein.tensor<[n], f32> {ein.name = "x"}) -> (!ein.tensor<[n], f32> {ein.name = "y"}) attributes {ein.entry} {
  %y = ein.einsum (%x[i]) -> [i] : (!ein.tensor<[n], f32>) -> !ein.tensor<[n], f32> {
  ^bb0(%a: f32):
    %r = math.acosh %a : f32
    ein.yield %r : f32
  }
  return %y : !ein.tensor<[n], f32>
}
func.func @acosh_f64(%x: !ein.tensor<[n], f64> {ein.name = "x"}) -> (!ein.tensor<[n], f64> {ein.name = "y"}) attributes {ein.entry} {
  %y = ein.einsum (%x[i]) -> [i] : (!ein.tensor<[n], f64>) -> !ein.tensor<[n], f64> {
  ^bb0(%a: f64):
    %r = math.acosh %a : f64
    ein.yield %r : f64
  }
  return %y : !ein.tensor<[n], f64>
}
func.func @asin_f32(%x: !ein.tensor<[n], f32> {ein.name = "x"}) -> (!ein.tensor<[n], f32> {ein.name = "y"}) attributes {ein.entry} {
  %y = ein.einsum (%x[i]) -> [i] : (!ein.tensor<[n], f32>) -> !ein.tensor<[n], f32> {
  ^bb0(%a: f32):
    %r = math.asin %a : f32
    ein.yield %r : f32
  }
  return %y : !ein.tensor<[n], f32>
}
func.func @asin_f64(%x: !ein.tensor<[n], f64> {ein.name = "x"}) -> (!ein.tensor<[n], f64> {ein.name = "y"}) attributes {ein.entry} {
  %y = ein.einsum (%x[i]) -> [i] : (!ein.tensor<[n], f64>) -> !ein.tensor<[n], f64> {
  ^bb0(%a: f64):
    %r = math.asin %a : f64
    ein.yield %r : f64
  }
  return %y : !ein.tensor<[n], f64>
}
func.func @asinh_f32(%x: !ein.tensor<[n], f32> {ein.name = "x"}) -> (!ein.tensor<[n], f32> {ein.name = "y"}) attributes {ein.entry} {
  %y = ein.einsum (%x[i]) -> [i] : (!ein.tensor<[n], f32>) -> !ein.tensor<[n], f32> {
  ^bb0(%a: f32):
    %r = math.asinh %a : f32
    ein.yield %r : f32
  }
  return %y : !ein.tensor<[n], f32>
}
func.func @asinh_f64(%x: !ein.tensor<[n], f64> {ein.name = "x"}) -> (!ein.tensor<[n], f64> {ein.name = "y"}) attributes {ein.entry} {
  %y = ein.einsum (%x[i]) -> [i] : (!ein.tensor<[n], f64>) -> !ein.tensor<[n], f64> {
  ^bb0(%a: f64):
    %r = math.asinh %a : f64
    ein.yield %r : f64
  }
  return %y : !ein.tensor<[n], f64>
}
func.func @atan_f32(%x: !ein.tensor<[n], f32> {ein.name = "x"}) -> (!ein.tensor<[n], f32> {ein.name = "y"}) attributes {ein.entry} {
  %y = ein.einsum (%x[i]) -> [i] : (!ein.tensor<[n], f32>) -> !ein.tensor<[n], f32> {
  ^bb0(%a: f32):
    %r = math.atan %a : f32
    ein.yield %r : f32
  }
  return %y : !ein.tensor<[n], f32>
}
func.func @atan_f64(%x: !ein.tensor<[n], f64> {ein.name = "x"}) -> (!ein.tensor<[n], f64> {ein.name = "y"}) attributes {ein.entry} {
  %y = ein.einsum (%x[i]) -> [i] : (!ein.tensor<[n], f64>) -> !ein.tensor<[n], f64> {
  ^bb0(%a: f64):
    %r = math.atan %a : f64
    ein.yield %r : f64
  }
  return %y : !ein.tensor<[n], f64>
}
func.func @atanh_f32(%x: !ein.tensor<[n], f32> {ein.name = "x"}) -> (!ein.tensor<[n], f32> {ein.name = "y"}) attributes {ein.entry} {
  %y = ein.einsum (%x[i]) -> [i] : (!ein.tensor<[n], f32>) -> !ein.tensor<[n], f32> {
  ^bb0(%a: f32):
    %r = math.atanh %a : f32
    ein.yield %r : f32
  }
  return %y : !ein.tensor<[n], f32>
}
func.func @atanh_f64(%x: !ein.tensor<[n], f64> {ein.name = "x"}) -> (!ein.tensor<[n], f64> {ein.name = "y"}) attributes {ein.entry} {
  %y = ein.einsum (%x[i]) -> [i] : (!ein.tensor<[n], f64>) -> !ein.tensor<[n], f64> {
  ^bb0(%a: f64):
    %r = math.atanh %a : f64
    ein.yield %r : f64
  }
  return %y : !ein.tensor<[n], f64>
}
func.func @cbrt_f32(%x: !ein.tensor<[n], f32> {ein.name = "x"}) -> (!ein.tensor<[n], f32> {ein.name = "y"}) attributes {ein.entry} {
  %y = ein.einsum (%x[i]) -> [i] : (!ein.tensor<[n], f32>) -> !ein.tensor<[n], f32> {
  ^bb0(%a: f32):
    %r = math.cbrt %a : f32
    ein.yield %r : f32
  }
  return %y : !ein.tensor<[n], f32>
}
func.func @cbrt_f64(%x: !ein.tensor<[n], f64> {ein.name = "x"}) -> (!ein.tensor<[n], f64> {ein.name = "y"}) attributes {ein.entry} {
  %y = ein.einsum (%x[i]) -> [i] : (!ein.tensor<[n], f64>) -> !ein.tensor<[n], f64> {
  ^bb0(%a: f64):
    %r = math.cbrt %a : f64
    ein.yield %r : f64
  }
  return %y : !ein.tensor<[n], f64>
}
func.func @cos_f32(%x: !ein.tensor<[n], f32> {ein.name = "x"}) -> (!ein.tensor<[n], f32> {ein.name = "y"}) attributes {ein.entry} {
  %y = ein.einsum (%x[i]) -> [i] : (!ein.tensor<[n], f32>) -> !ein.tensor<[n], f32> {
  ^bb0(%a: f32):
    %r = math.cos %a : f32
    ein.yield %r : f32
  }
  return %y : !ein.tensor<[n], f32>
}
func.func @cos_f64(%x: !ein.tensor<[n], f64> {ein.name = "x"}) -> (!ein.tensor<[n], f64> {ein.name = "y"}) attributes {ein.entry} {
  %y = ein.einsum (%x[i]) -> [i] : (!ein.tensor<[n], f64>) -> !ein.tensor<[n], f64> {
  ^bb0(%a: f64):
    %r = math.cos %a : f64
    ein.yield %r : f64
  }
  return %y : !ein.tensor<[n], f64>
}
func.func @cosh_f32(%x: !ein.tensor<[n], f32> {ein.name = "x"}) -> (!ein.tensor<[n], f32> {ein.name = "y"}) attributes {ein.entry} {
  %y = ein.einsum (%x[i]) -> [i] : (!ein.tensor<[n], f32>) -> !ein.tensor<[n], f32> {
  ^bb0(%a: f32):
    %r = math.cosh %a : f32
    ein.yield %r : f32
  }
  return %y : !ein.tensor<[n], f32>
}
func.func @cosh_f64(%x: !ein.tensor<[n], f64> {ein.name = "x"}) -> (!ein.tensor<[n], f64> {ein.name = "y"}) attributes {ein.entry} {
  %y = ein.einsum (%x[i]) -> [i] : (!ein.tensor<[n], f64>) -> !ein.tensor<[n], f64> {
  ^bb0(%a: f64):
    %r = math.cosh %a : f64
    ein.yield %r : f64
  }
  return %y : !ein.tensor<[n], f64>
}
func.func @erf_f32(%x: !ein.tensor<[n], f32> {ein.name = "x"}) -> (!ein.tensor<[n], f32> {ein.name = "y"}) attributes {ein.entry} {
  %y = ein.einsum (%x[i]) -> [i] : (!ein.tensor<[n], f32>) -> !ein.tensor<[n], f32> {
  ^bb0(%a: f32):
    %r = math.erf %a : f32
    ein.yield %r : f32
  }
  return %y : !ein.tensor<[n], f32>
}
func.func @erf_f64(%x: !ein.tensor<[n], f64> {ein.name = "x"}) -> (!ein.tensor<[n], f64> {ein.name = "y"}) attributes {ein.entry} {
  %y = ein.einsum (%x[i]) -> [i] : (!ein.tensor<[n], f64>) -> !ein.tensor<[n], f64> {
  ^bb0(%a: f64):
    %r = math.erf %a : f64
    ein.yield %r : f64
  }
  return %y : !ein.tensor<[n], f64>
}
func.func @erfc_f32(%x: !ein.tensor<[n], f32> {ein.name = "x"}) -> (!ein.tensor<[n], f32> {ein.name = "y"}) attributes {ein.entry} {
  %y = ein.einsum (%x[i]) -> [i] : (!ein.tensor<[n], f32>) -> !ein.tensor<[n], f32> {
  ^bb0(%a: f32):
    %r = math.erfc %a : f32
    ein.yield %r : f32
  }
  return %y : !ein.tensor<[n], f32>
}
func.func @erfc_f64(%x: !ein.tensor<[n], f64> {ein.name = "x"}) -> (!ein.tensor<[n], f64> {ein.name = "y"}) attributes {ein.entry} {
  %y = ein.einsum (%x[i]) -> [i] : (!ein.tensor<[n], f64>) -> !ein.tensor<[n], f64> {
  ^bb0(%a: f64):
    %r = math.erfc %a : f64
    ein.yield %r : f64
  }
  return %y : !ein.tensor<[n], f64>
}
func.func @exp_f32(%x: !ein.tensor<[n], f32> {ein.name = "x"}) -> (!ein.tensor<[n], f32> {ein.name = "y"}) attributes {ein.entry} {
  %y = ein.einsum (%x[i]) -> [i] : (!ein.tensor<[n], f32>) -> !ein.tensor<[n], f32> {
  ^bb0(%a: f32):
    %r = math.exp %a : f32
    ein.yield %r : f32
  }
  return %y : !ein.tensor<[n], f32>
}
func.func @exp_f64(%x: !ein.tensor<[n], f64> {ein.name = "x"}) -> (!ein.tensor<[n], f64> {ein.name = "y"}) attributes {ein.entry} {
  %y = ein.einsum (%x[i]) -> [i] : (!ein.tensor<[n], f64>) -> !ein.tensor<[n], f64> {
  ^bb0(%a: f64):
    %r = math.exp %a : f64
    ein.yield %r : f64
  }
  return %y : !ein.tensor<[n], f64>
}
func.func @exp2_f32(%x: !ein.tensor<[n], f32> {ein.name = "x"}) -> (!ein.tensor<[n], f32> {ein.name = "y"}) attributes {ein.entry} {
  %y = ein.einsum (%x[i]) -> [i] : (!ein.tensor<[n], f32>) -> !ein.tensor<[n], f32> {
  ^bb0(%a: f32):
    %r = math.exp2 %a : f32
    ein.yield %r : f32
  }
  return %y : !ein.tensor<[n], f32>
}
func.func @exp2_f64(%x: !ein.tensor<[n], f64> {ein.name = "x"}) -> (!ein.tensor<[n], f64> {ein.name = "y"}) attributes {ein.entry} {
  %y = ein.einsum (%x[i]) -> [i] : (!ein.tensor<[n], f64>) -> !ein.tensor<[n], f64> {
  ^bb0(%a: f64):
    %r = math.exp2 %a : f64
    ein.yield %r : f64
  }
  return %y : !ein.tensor<[n], f64>
}
func.func @expm1_f32(%x: !ein.tensor<[n], f32> {ein.name = "x"}) -> (!ein.tensor<[n], f32> {ein.name = "y"}) attributes {ein.entry} {
  %y = ein.einsum (%x[i]) -> [i] : (!ein.tensor<[n], f32>) -> !ein.tensor<[n], f32> {
  ^bb0(%a: f32):
    %r = math.expm1 %a : f32
    ein.yield %r : f32
  }
  return %y : !ein.tensor<[n], f32>
}
func.func @expm1_f64(%x: !ein.tensor<[n], f64> {ein.name = "x"}) -> (!ein.tensor<[n], f64> {ein.name = "y"}) attributes {ein.entry} {
  %y = ein.einsum (%x[i]) -> [i] : (!ein.tensor<[n], f64>) -> !ein.tensor<[n], f64> {
  ^bb0(%a: f64):
    %r = math.expm1 %a : f64
    ein.yield %r : f64
  }
  return %y : !ein.tensor<[n], f64>
}
func.func @log_f32(%x: !ein.tensor<[n], f32> {ein.name = "x"}) -> (!ein.tensor<[n], f32> {ein.name = "y"}) attributes {ein.entry} {
  %y = ein.einsum (%x[i]) -> [i] : (!ein.tensor<[n], f32>) -> !ein.tensor<[n], f32> {
  ^bb0(%a: f32):
    %r = math.log %a : f32
    ein.yield %r : f32
  }
  return %y : !ein.tensor<[n], f32>
}
func.func @log_f64(%x: !ein.tensor<[n], f64> {ein.name = "x"}) -> (!ein.tensor<[n], f64> {ein.name = "y"}) attributes {ein.entry} {
  %y = ein.einsum (%x[i]) -> [i] : (!ein.tensor<[n], f64>) -> !ein.tensor<[n], f64> {
  ^bb0(%a: f64):
    %r = math.log %a : f64
    ein.yield %r : f64
  }
  return %y : !ein.tensor<[n], f64>
}
func.func @log10_f32(%x: !ein.tensor<[n], f32> {ein.name = "x"}) -> (!ein.tensor<[n], f32> {ein.name = "y"}) attributes {ein.entry} {
  %y = ein.einsum (%x[i]) -> [i] : (!ein.tensor<[n], f32>) -> !ein.tensor<[n], f32> {
  ^bb0(%a: f32):
    %r = math.log10 %a : f32
    ein.yield %r : f32
  }
  return %y : !ein.tensor<[n], f32>
}
func.func @log10_f64(%x: !ein.tensor<[n], f64> {ein.name = "x"}) -> (!ein.tensor<[n], f64> {ein.name = "y"}) attributes {ein.entry} {
  %y = ein.einsum (%x[i]) -> [i] : (!ein.tensor<[n], f64>) -> !ein.tensor<[n], f64> {
  ^bb0(%a: f64):
    %r = math.log10 %a : f64
    ein.yield %r : f64
  }
  return %y : !ein.tensor<[n], f64>
}
func.func @log1p_f32(%x: !ein.tensor<[n], f32> {ein.name = "x"}) -> (!ein.tensor<[n], f32> {ein.name = "y"}) attributes {ein.entry} {
  %y = ein.einsum (%x[i]) -> [i] : (!ein.tensor<[n], f32>) -> !ein.tensor<[n], f32> {
  ^bb0(%a: f32):
    %r = math.log1p %a : f32
    ein.yield %r : f32
  }
  return %y : !ein.tensor<[n], f32>
}
func.func @log1p_f64(%x: !ein.tensor<[n], f64> {ein.name = "x"}) -> (!ein.tensor<[n], f64> {ein.name = "y"}) attributes {ein.entry} {
  %y = ein.einsum (%x[i]) -> [i] : (!ein.tensor<[n], f64>) -> !ein.tensor<[n], f64> {
  ^bb0(%a: f64):
    %r = math.log1p %a : f64
    ein.yield %r : f64
  }
  return %y : !ein.tensor<[n], f64>
}
func.func @log2_f32(%x: !ein.tensor<[n], f32> {ein.name = "x"}) -> (!ein.tensor<[n], f32> {ein.name = "y"}) attributes {ein.entry} {
  %y = ein.einsum (%x[i]) -> [i] : (!ein.tensor<[n], f32>) -> !ein.tensor<[n], f32> {
  ^bb0(%a: f32):
    %r = math.log2 %a : f32
    ein.yield %r : f32
  }
  return %y : !ein.tensor<[n], f32>
}
func.func @log2_f64(%x: !ein.tensor<[n], f64> {ein.name = "x"}) -> (!ein.tensor<[n], f64> {ein.name = "y"}) attributes {ein.entry} {
  %y = ein.einsum (%x[i]) -> [i] : (!ein.tensor<[n], f64>) -> !ein.tensor<[n], f64> {
  ^bb0(%a: f64):
    %r = math.log2 %a : f64
    ein.yield %r : f64
  }
  return %y : !ein.tensor<[n], f64>
}
func.func @rsqrt_f32(%x: !ein.tensor<[n], f32> {ein.name = "x"}) -> (!ein.tensor<[n], f32> {ein.name = "y"}) attributes {ein.entry} {
  %y = ein.einsum (%x[i]) -> [i] : (!ein.tensor<[n], f32>) -> !ein.tensor<[n], f32> {
  ^bb0(%a: f32):
    %r = math.rsqrt %a : f32
    ein.yield %r : f32
  }
  return %y : !ein.tensor<[n], f32>
}
func.func @rsqrt_f64(%x: !ein.tensor<[n], f64> {ein.name = "x"}) -> (!ein.tensor<[n], f64> {ein.name = "y"}) attributes {ein.entry} {
  %y = ein.einsum (%x[i]) -> [i] : (!ein.tensor<[n], f64>) -> !ein.tensor<[n], f64> {
  ^bb0(%a: f64):
    %r = math.rsqrt %a : f64
    ein.yield %r : f64
  }
  return %y : !ein.tensor<[n], f64>
}
func.func @sin_f32(%x: !ein.tensor<[n], f32> {ein.name = "x"}) -> (!ein.tensor<[n], f32> {ein.name = "y"}) attributes {ein.entry} {
  %y = ein.einsum (%x[i]) -> [i] : (!ein.tensor<[n], f32>) -> !ein.tensor<[n], f32> {
  ^bb0(%a: f32):
    %r = math.sin %a : f32
    ein.yield %r : f32
  }
  return %y : !ein.tensor<[n], f32>
}
func.func @sin_f64(%x: !ein.tensor<[n], f64> {ein.name = "x"}) -> (!ein.tensor<[n], f64> {ein.name = "y"}) attributes {ein.entry} {
  %y = ein.einsum (%x[i]) -> [i] : (!ein.tensor<[n], f64>) -> !ein.tensor<[n], f64> {
  ^bb0(%a: f64):
    %r = math.sin %a : f64
    ein.yield %r : f64
  }
  return %y : !ein.tensor<[n], f64>
}
func.func @sinh_f32(%x: !ein.tensor<[n], f32> {ein.name = "x"}) -> (!ein.tensor<[n], f32> {ein.name = "y"}) attributes {ein.entry} {
  %y = ein.einsum (%x[i]) -> [i] : (!ein.tensor<[n], f32>) -> !ein.tensor<[n], f32> {
  ^bb0(%a: f32):
    %r = math.sinh %a : f32
    ein.yield %r : f32
  }
  return %y : !ein.tensor<[n], f32>
}
func.func @sinh_f64(%x: !ein.tensor<[n], f64> {ein.name = "x"}) -> (!ein.tensor<[n], f64> {ein.name = "y"}) attributes {ein.entry} {
  %y = ein.einsum (%x[i]) -> [i] : (!ein.tensor<[n], f64>) -> !ein.tensor<[n], f64> {
  ^bb0(%a: f64):
    %r = math.sinh %a : f64
    ein.yield %r : f64
  }
  return %y : !ein.tensor<[n], f64>
}
func.func @tan_f32(%x: !ein.tensor<[n], f32> {ein.name = "x"}) -> (!ein.tensor<[n], f32> {ein.name = "y"}) attributes {ein.entry} {
  %y = ein.einsum (%x[i]) -> [i] : (!ein.tensor<[n], f32>) -> !ein.tensor<[n], f32> {
  ^bb0(%a: f32):
    %r = math.tan %a : f32
    ein.yield %r : f32
  }
  return %y : !ein.tensor<[n], f32>
}
func.func @tan_f64(%x: !ein.tensor<[n], f64> {ein.name = "x"}) -> (!ein.tensor<[n], f64> {ein.name = "y"}) attributes {ein.entry} {
  %y = ein.einsum (%x[i]) -> [i] : (!ein.tensor<[n], f64>) -> !ein.tensor<[n], f64> {
  ^bb0(%a: f64):
    %r = math.tan %a : f64
    ein.yield %r : f64
  }
  return %y : !ein.tensor<[n], f64>
}
func.func @tanh_f32(%x: !ein.tensor<[n], f32> {ein.name = "x"}) -> (!ein.tensor<[n], f32> {ein.name = "y"}) attributes {ein.entry} {
  %y = ein.einsum (%x[i]) -> [i] : (!ein.tensor<[n], f32>) -> !ein.tensor<[n], f32> {
  ^bb0(%a: f32):
    %r = math.tanh %a : f32
    ein.yield %r : f32
  }
  return %y : !ein.tensor<[n], f32>
}
func.func @tanh_f64(%x: !ein.tensor<[n], f64> {ein.name = "x"}) -> (!ein.tensor<[n], f64> {ein.name = "y"}) attributes {ein.entry} {
  %y = ein.einsum (%x[i]) -> [i] : (!ein.tensor<[n], f64>) -> !ein.tensor<[n], f64> {
  ^bb0(%a: f64):
    %r = math.tanh %a : f64
    ein.yield %r : f64
  }
  return %y : !ein.tensor<[n], f64>
}
