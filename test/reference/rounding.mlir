// RUN: einfall-opt %s --ein-interpret

// Declared mode: every operation is rounded to its type, sums run in ascending
// order with one accumulator of that type.

// 2^24 + 1 + 1: each 1 is lost in f32, in ascending order.
func.func @order() {
  %x = ein.constant dense<[16777216.0, 1.0, 1.0]> : tensor<3xf32> -> !ein.tensor<[3], f32>
  %y = ein.constant dense<[1.0, 1.0, 16777216.0]> : tensor<3xf32> -> !ein.tensor<[3], f32>
  %a = ein.einsum (%x[i]) -> [] reduce [i: add] : (!ein.tensor<[3], f32>) -> !ein.tensor<[], f32>
  %b = ein.einsum (%y[i]) -> [] reduce [i: add] : (!ein.tensor<[3], f32>) -> !ein.tensor<[], f32>
  %ea = ein.constant dense<16777216.0> : tensor<f32> -> !ein.tensor<[], f32>
  %eb = ein.constant dense<16777218.0> : tensor<f32> -> !ein.tensor<[], f32>
  check.expect_eq %a, %ea : !ein.tensor<[], f32>
  check.expect_eq %b, %eb : !ein.tensor<[], f32>
  return
}

// A rank and its ragged split: the same order, the same bits.
func.func @split() {
  %x = ein.constant dense<[16777216.0, 1.0, 1.0, 3.0, 1.0]> : tensor<5xf32> -> !ein.tensor<[5], f32>
  %a = ein.einsum (%x[i]) -> [] reduce [i: add] : (!ein.tensor<[5], f32>) -> !ein.tensor<[], f32>
  %b = ein.einsum (%x[2 * i + j]) -> [] reduce [i in 3: add, j in 2: add] : (!ein.tensor<[5], f32>) -> !ein.tensor<[], f32>
  check.expect_eq %a, %b : !ein.tensor<[], f32>
  return
}

// (1 + 2^-12)^2 - 1 - 2^-11 = 2^-24: kept by fma, lost by a rounded product.
func.func @fma() {
  %x = ein.constant dense<[-1.00048828125, 1.000244140625]> : tensor<2xf32> -> !ein.tensor<[2], f32>
  %w = ein.constant dense<[1.0, 1.000244140625]> : tensor<2xf32> -> !ein.tensor<[2], f32>
  %a = ein.einsum (%x[i], %w[i]) -> [] reduce [i: add] : (!ein.tensor<[2], f32>, !ein.tensor<[2], f32>) -> !ein.tensor<[], f32>
  // The negated product is no product: it is rounded, then added.
  %b = ein.einsum (%x[i], %w[i]) -> [] reduce [i: add] : (!ein.tensor<[2], f32>, !ein.tensor<[2], f32>) -> !ein.tensor<[], f32> {
  ^bb0(%p: f32, %q: f32):
    %m = arith.mulf %p, %q : f32
    %n = arith.negf %m : f32
    ein.yield %n : f32
  }
  %ea = ein.constant dense<5.9604644775390625e-08> : tensor<f32> -> !ein.tensor<[], f32>
  %eb = ein.constant dense<0.0> : tensor<f32> -> !ein.tensor<[], f32>
  check.expect_eq %a, %ea : !ein.tensor<[], f32>
  check.expect_eq %b, %eb : !ein.tensor<[], f32>
  return
}

// The same with narrow operands cast up, and in half precision.
func.func @fma_of_casts() {
  %x = ein.constant dense<[3.0, 1.0]> : tensor<2xbf16> -> !ein.tensor<[2], bf16>
  %w = ein.constant dense<[0.333333343, 1.0]> : tensor<2xf32> -> !ein.tensor<[2], f32>
  %a = ein.einsum (%x[i], %w[i]) -> [] reduce [i: add] : (!ein.tensor<[2], bf16>, !ein.tensor<[2], f32>) -> !ein.tensor<[], f32> {
  ^bb0(%p: bf16, %q: f32):
    %p32 = arith.extf %p : bf16 to f32
    %m = arith.mulf %p32, %q : f32
    ein.yield %m : f32
  }
  %ea = ein.constant dense<2.0> : tensor<f32> -> !ein.tensor<[], f32>
  check.expect_eq %a, %ea : !ein.tensor<[], f32>
  // 2048 + 1.0009765625 * 1.0009765625 = 2049.00195...: above the tie at 2049.
  %h = ein.constant dense<[2048.0, 1.0009765625]> : tensor<2xf16> -> !ein.tensor<[2], f16>
  %k = ein.constant dense<[1.0, 1.0009765625]> : tensor<2xf16> -> !ein.tensor<[2], f16>
  %b = ein.einsum (%h[i], %k[i]) -> [] reduce [i: add] : (!ein.tensor<[2], f16>, !ein.tensor<[2], f16>) -> !ein.tensor<[], f16>
  %eb = ein.constant dense<2050.0> : tensor<f16> -> !ein.tensor<[], f16>
  check.expect_eq %b, %eb : !ein.tensor<[], f16>
  return
}

// Ties to even, overflow, subnormals: casts to every narrow type.
func.func @casts() {
  %x = ein.constant dense<[1.00390625, 1.01171875, 3.4e38, 1.0e-40, -0.0]> : tensor<5xf32> -> !ein.tensor<[5], f32>
  %b = ein.einsum (%x[i]) -> [i] : (!ein.tensor<[5], f32>) -> !ein.tensor<[5], bf16> {
  ^bb0(%a: f32):
    %t = arith.truncf %a : f32 to bf16
    ein.yield %t : bf16
  }
  %eb = ein.constant dense<[0x3F80, 0x3F82, 0x7F80, 0x0001, 0x8000]> : tensor<5xbf16> -> !ein.tensor<[5], bf16>
  check.expect_eq %b, %eb : !ein.tensor<[5], bf16>
  %y = ein.constant dense<[65519.0, 65520.0, 2.98023224e-08, 2.98023259e-08, 6.1e-05]> : tensor<5xf32> -> !ein.tensor<[5], f32>
  %h = ein.einsum (%y[i]) -> [i] : (!ein.tensor<[5], f32>) -> !ein.tensor<[5], f16> {
  ^bb0(%a: f32):
    %t = arith.truncf %a : f32 to f16
    ein.yield %t : f16
  }
  %eh = ein.constant dense<[0x7BFF, 0x7C00, 0x0000, 0x0001, 0x03FF]> : tensor<5xf16> -> !ein.tensor<[5], f16>
  check.expect_eq %h, %eh : !ein.tensor<[5], f16>
  // Above the largest number: NaN without infinities. FNUZ has no -0.
  %z = ein.constant dense<[464.0, 465.0, 0.0009765625, -0.0, 61440.0]> : tensor<5xf32> -> !ein.tensor<[5], f32>
  %f = ein.einsum (%z[i]) -> [i] : (!ein.tensor<[5], f32>) -> !ein.tensor<[5], f8E4M3FN> {
  ^bb0(%a: f32):
    %t = arith.truncf %a : f32 to f8E4M3FN
    ein.yield %t : f8E4M3FN
  }
  %g = ein.einsum (%z[i]) -> [i] : (!ein.tensor<[5], f32>) -> !ein.tensor<[5], f8E5M2> {
  ^bb0(%a: f32):
    %t = arith.truncf %a : f32 to f8E5M2
    ein.yield %t : f8E5M2
  }
  %u = ein.einsum (%z[i]) -> [i] : (!ein.tensor<[5], f32>) -> !ein.tensor<[5], f8E4M3FNUZ> {
  ^bb0(%a: f32):
    %t = arith.truncf %a : f32 to f8E4M3FNUZ
    ein.yield %t : f8E4M3FNUZ
  }
  %v = ein.einsum (%z[i]) -> [i] : (!ein.tensor<[5], f32>) -> !ein.tensor<[5], f8E5M2FNUZ> {
  ^bb0(%a: f32):
    %t = arith.truncf %a : f32 to f8E5M2FNUZ
    ein.yield %t : f8E5M2FNUZ
  }
  %ef = ein.constant dense<[0x7E, 0x7F, 0x00, 0x80, 0x7F]> : tensor<5xf8E4M3FN> -> !ein.tensor<[5], f8E4M3FN>
  %eg = ein.constant dense<[0x5F, 0x5F, 0x14, 0x80, 0x7C]> : tensor<5xf8E5M2> -> !ein.tensor<[5], f8E5M2>
  %eu = ein.constant dense<[0x80, 0x80, 0x01, 0x00, 0x80]> : tensor<5xf8E4M3FNUZ> -> !ein.tensor<[5], f8E4M3FNUZ>
  %ev = ein.constant dense<[0x63, 0x63, 0x18, 0x00, 0x80]> : tensor<5xf8E5M2FNUZ> -> !ein.tensor<[5], f8E5M2FNUZ>
  check.expect_eq %f, %ef : !ein.tensor<[5], f8E4M3FN>
  check.expect_eq %g, %eg : !ein.tensor<[5], f8E5M2>
  check.expect_eq %u, %eu : !ein.tensor<[5], f8E4M3FNUZ>
  check.expect_eq %v, %ev : !ein.tensor<[5], f8E5M2FNUZ>
  return
}

// Integers to f32 are rounded once, from all 64 bits.
func.func @integers() {
  %x = ein.constant dense<[9007199791611905, 16777217, -16777219]> : tensor<3xi64> -> !ein.tensor<[3], i64>
  %y = ein.einsum (%x[i]) -> [i] : (!ein.tensor<[3], i64>) -> !ein.tensor<[3], f32> {
  ^bb0(%a: i64):
    %t = arith.sitofp %a : i64 to f32
    ein.yield %t : f32
  }
  %e = ein.constant dense<[9007200328482816.0, 16777216.0, -16777220.0]> : tensor<3xf32> -> !ein.tensor<[3], f32>
  check.expect_eq %y, %e : !ein.tensor<[3], f32>
  return
}
