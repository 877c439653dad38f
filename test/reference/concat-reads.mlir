// RUN: einfall-opt %s --ein-interpret
// RUN: einfall-opt %s --ein-interpret=mode=f64
// RUN: einfall-opt %s --einfall-pipeline="to=cascade" | FileCheck %s
// RUN: einfall-opt %s --einfall-pipeline="to=cascade" | einfall-opt --ein-interpret
// RUN: einfall-opt %s --einfall-pipeline="to=cascade" | einfall-opt --ein-interpret=mode=f64

// Concatenations and padding that maps read: no part leaks where another is
// selected, infinite, NaN and -0 ones neither.

// CHECK-NOT: ein.concat
// CHECK-NOT: ein.view

func.func @rope_halves() {
  %x = ein.constant dense<[[[0x7F800000, 0.5, 0.5, 1.5, -0.0, 1.0], [1.25, -1.25, -2.0, -1.0, -1.0, 1.25]], [[1.5, -2.0, -0.25, 1.25, -1.5, 0xFF800000], [-1.75, -0.25, 0x7FC00000, -1.0, -0.75, -1.0]]]> : tensor<2x2x6xf32> -> !ein.tensor<[2, 2, 6], f32>
  %c = ein.constant dense<[[1.5, 0.5, 1.75, 1.0, 1.0, 1.0], [1.25, 1.0, 1.0, 1.75, 1.5, 1.5]]> : tensor<2x6xf32> -> !ein.tensor<[2, 6], f32>
  %s = ein.constant dense<[[0.625, 0.625, 0.375, 0.875, 0.5, 0.25], [0.75, 0.25, 0.875, 0.625, 0.125, 0.125]]> : tensor<2x6xf32> -> !ein.tensor<[2, 6], f32>
  %e = ein.constant dense<[[[0x7F800000, 0.25, 0.5, 0x7F800000, 0.25, 1.125], [2.5, 0.0, -3.96875, 0.09375, -1.625, 0.75]], [[0.9375, -1.625, 0x7F800000, 3.125, -2.5, 0xFF800000], [-1.4375, -0.0625, 0x7FC00000, -2.84375, -1.15625, 0x7FC00000]]]> : tensor<2x2x6xf32> -> !ein.tensor<[2, 2, 6], f32>
  %a = ein.view %x[s, h, i] -> [s, h, i] : !ein.tensor<[2, 2, 6], f32> -> !ein.tensor<[2, 2, 3], f32>
  %b = ein.view %x[s, h, i + 3] -> [s, h, i] : !ein.tensor<[2, 2, 6], f32> -> !ein.tensor<[2, 2, 3], f32>
  %n = ein.einsum (%b[s, h, i]) -> [s, h, i] : (!ein.tensor<[2, 2, 3], f32>) -> !ein.tensor<[2, 2, 3], f32> {
  ^bb0(%v: f32):
    %r = arith.negf %v : f32
    ein.yield %r : f32
  }
  %j = ein.concat %n, %a dim 2 : (!ein.tensor<[2, 2, 3], f32>, !ein.tensor<[2, 2, 3], f32>) -> !ein.tensor<[2, 2, 6], f32>
  %p = ein.einsum (%x[s, h, i], %c[s, i]) -> [s, h, i] : (!ein.tensor<[2, 2, 6], f32>, !ein.tensor<[2, 6], f32>) -> !ein.tensor<[2, 2, 6], f32>
  %q = ein.einsum (%j[s, h, i], %s[s, i]) -> [s, h, i] : (!ein.tensor<[2, 2, 6], f32>, !ein.tensor<[2, 6], f32>) -> !ein.tensor<[2, 2, 6], f32>
  %y = ein.einsum (%p[s, h, i], %q[s, h, i]) -> [s, h, i] : (!ein.tensor<[2, 2, 6], f32>, !ein.tensor<[2, 2, 6], f32>) -> !ein.tensor<[2, 2, 6], f32> {
  ^bb0(%v: f32, %w: f32):
    %r = arith.addf %v, %w : f32
    ein.yield %r : f32
  }
  check.expect_eq %y, %e : !ein.tensor<[2, 2, 6], f32>
  return
}

func.func @rope_pairs() {
  %x = ein.constant dense<[[[0x7F800000, 0.5, 0.5, 1.5, -0.0, 1.0], [1.25, -1.25, -2.0, -1.0, -1.0, 1.25]], [[1.5, -2.0, -0.25, 1.25, -1.5, 0xFF800000], [-1.75, -0.25, 0x7FC00000, -1.0, -0.75, -1.0]]]> : tensor<2x2x6xf32> -> !ein.tensor<[2, 2, 6], f32>
  %c = ein.constant dense<[[1.5, 0.5, 1.75, 1.0, 1.0, 1.0], [1.25, 1.0, 1.0, 1.75, 1.5, 1.5]]> : tensor<2x6xf32> -> !ein.tensor<[2, 6], f32>
  %s = ein.constant dense<[[0.625, 0.625, 0.375, 0.875, 0.5, 0.25], [0.75, 0.25, 0.875, 0.625, 0.125, 0.125]]> : tensor<2x6xf32> -> !ein.tensor<[2, 6], f32>
  %e = ein.constant dense<[[[0x7F800000, 0x7F800000, 0.3125, 1.9375, -0.5, 1.0], [2.65625, 0.15625, -3.125, -2.75, -1.625, 1.0]], [[3.375, -1.625, -1.34375, 2.03125, 0x7F800000, 0xFF800000], [-2.0, -0.6875, 0x7FC00000, 0x7FC00000, -1.0, -1.59375]]]> : tensor<2x2x6xf32> -> !ein.tensor<[2, 2, 6], f32>
  %a = ein.view %x[s, h, 2 * i] -> [s, h, i, j] : !ein.tensor<[2, 2, 6], f32> -> !ein.tensor<[2, 2, 3, 1], f32>
  %b = ein.view %x[s, h, 2 * i + 1] -> [s, h, i] : !ein.tensor<[2, 2, 6], f32> -> !ein.tensor<[2, 2, 3], f32>
  %n = ein.einsum (%b[s, h, i]) -> [s, h, i] : (!ein.tensor<[2, 2, 3], f32>) -> !ein.tensor<[2, 2, 3], f32> {
  ^bb0(%v: f32):
    %r = arith.negf %v : f32
    ein.yield %r : f32
  }
  %m = ein.view %n[s, h, i] -> [s, h, i, j] : !ein.tensor<[2, 2, 3], f32> -> !ein.tensor<[2, 2, 3, 1], f32>
  %k = ein.concat %m, %a dim 3 : (!ein.tensor<[2, 2, 3, 1], f32>, !ein.tensor<[2, 2, 3, 1], f32>) -> !ein.tensor<[2, 2, 3, 2], f32>
  %j = ein.view %k[s, h, i floordiv 2, i mod 2] -> [s, h, i] : !ein.tensor<[2, 2, 3, 2], f32> -> !ein.tensor<[2, 2, 6], f32>
  %y = ein.einsum (%x[s, h, i], %c[s, i], %j[s, h, i], %s[s, i]) -> [s, h, i] : (!ein.tensor<[2, 2, 6], f32>, !ein.tensor<[2, 6], f32>, !ein.tensor<[2, 2, 6], f32>, !ein.tensor<[2, 6], f32>) -> !ein.tensor<[2, 2, 6], f32> {
  ^bb0(%v: f32, %w: f32, %o: f32, %u: f32):
    %p = arith.mulf %v, %w : f32
    %q = arith.mulf %o, %u : f32
    %r = arith.addf %p, %q : f32
    ein.yield %r : f32
  }
  check.expect_eq %y, %e : !ein.tensor<[2, 2, 6], f32>
  return
}

// Parts of run-time extents, read backwards and shifted.
func.func @three_parts() attributes {check.params = {n = 3, m = 1}} {
  %a0 = ein.constant dense<[1.0, -0.0, 0x7FC00000]> : tensor<3xf32> -> !ein.tensor<[3], f32>
  %c = ein.constant dense<[0xFF800000, 5.0]> : tensor<2xf32> -> !ein.tensor<[2], f32>
  %a = ein.view %a0[i] -> [i] : !ein.tensor<[3], f32> -> !ein.tensor<[n], f32>
  %b = ein.view %a0[i] -> [i] : !ein.tensor<[3], f32> -> !ein.tensor<[m], f32>
  %j = ein.concat %a, %b, %c dim 0 : (!ein.tensor<[n], f32>, !ein.tensor<[m], f32>, !ein.tensor<[2], f32>) -> !ein.tensor<[n + m + 2], f32>
  %r = ein.view %j[n + m + 1 - i] -> [i] : !ein.tensor<[n + m + 2], f32> -> !ein.tensor<[6], f32>
  %p = ein.view %j[i - 1] fill 9.0 -> [i] : !ein.tensor<[n + m + 2], f32> -> !ein.tensor<[9], f32>
  %er = ein.constant dense<[5.0, 0xFF800000, 1.0, 0x7FC00000, -0.0, 1.0]> : tensor<6xf32> -> !ein.tensor<[6], f32>
  %ep = ein.constant dense<[9.0, 1.0, -0.0, 0x7FC00000, 1.0, 0xFF800000, 5.0, 9.0, 9.0]> : tensor<9xf32> -> !ein.tensor<[9], f32>
  check.expect_eq %r, %er : !ein.tensor<[6], f32>
  check.expect_eq %p, %ep : !ein.tensor<[9], f32>
  return
}

// A concatenation of concatenations, of slices, of truth values.
func.func @nested() {
  %x = ein.constant dense<[true, false, true, true, false, false, true]> : tensor<7xi1> -> !ein.tensor<[7], i1>
  %a = ein.view %x[i + 1] -> [i] : !ein.tensor<[7], i1> -> !ein.tensor<[2], i1>
  %b = ein.view %x[6 - i] -> [i] : !ein.tensor<[7], i1> -> !ein.tensor<[3], i1>
  %j = ein.concat %a, %b dim 0 : (!ein.tensor<[2], i1>, !ein.tensor<[3], i1>) -> !ein.tensor<[5], i1>
  %k = ein.concat %j, %x dim 0 : (!ein.tensor<[5], i1>, !ein.tensor<[7], i1>) -> !ein.tensor<[12], i1>
  %y = ein.einsum (%k[i]) -> [i] : (!ein.tensor<[12], i1>) -> !ein.tensor<[12], i32> {
  ^bb0(%v: i1):
    %r = arith.extui %v : i1 to i32
    ein.yield %r : i32
  }
  %e = ein.constant dense<[0, 1, 1, 0, 0, 1, 0, 1, 1, 0, 0, 1]> : tensor<12xi32> -> !ein.tensor<[12], i32>
  check.expect_eq %y, %e : !ein.tensor<[12], i32>
  return
}

// Padding of a product, of a slice, and windows over it.
func.func @padding() {
  %x = ein.constant dense<[-1.0, -2.0, -3.0, 0x7F800000, -5.0]> : tensor<5xf32> -> !ein.tensor<[5], f32>
  %t = ein.einsum (%x[i]) -> [i] : (!ein.tensor<[5], f32>) -> !ein.tensor<[5], f32> {
  ^bb0(%v: f32):
    %two = arith.constant 2.0 : f32
    %r = arith.mulf %v, %two : f32
    ein.yield %r : f32
  }
  %p = ein.view %t[i - 2] fill -0.0 -> [i] : !ein.tensor<[5], f32> -> !ein.tensor<[9], f32>
  %s = ein.view %x[i + 1] -> [i] : !ein.tensor<[5], f32> -> !ein.tensor<[2], f32>
  %q = ein.view %s[i - 1] fill 7.0 -> [i] : !ein.tensor<[2], f32> -> !ein.tensor<[4], f32>
  %w = ein.view %x[i - 1] -> [i] : !ein.tensor<[5], f32> -> !ein.tensor<[7], f32>
  %m = ein.einsum (%w[t + r]) -> [t] reduce [r in 3: max] : (!ein.tensor<[7], f32>) -> !ein.tensor<[5], f32>
  %ep = ein.constant dense<[-0.0, -0.0, -2.0, -4.0, -6.0, 0x7F800000, -10.0, -0.0, -0.0]> : tensor<9xf32> -> !ein.tensor<[9], f32>
  %eq = ein.constant dense<[7.0, -2.0, -3.0, 7.0]> : tensor<4xf32> -> !ein.tensor<[4], f32>
  %em = ein.constant dense<[0.0, -1.0, 0x7F800000, 0x7F800000, 0x7F800000]> : tensor<5xf32> -> !ein.tensor<[5], f32>
  check.expect_eq %p, %ep : !ein.tensor<[9], f32>
  check.expect_eq %q, %eq : !ein.tensor<[4], f32>
  check.expect_eq %m, %em : !ein.tensor<[5], f32>
  return
}
