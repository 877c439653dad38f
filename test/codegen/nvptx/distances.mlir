// RUN: einfall-compile %s --target=sm_90a -S -o - | FileCheck %s
// RUN: einfall-compile %s --target=sm_90a -S -o - | FileCheck %s --check-prefix=REAL

// A thread's part of 32 by 64 scores is 4 rows by 16 columns, and 22 distances: both in the chunks
// whose coordinates are large, in integers, and in others, in f32, where two numbers are converted.
// CHECK-COUNT-22: abs.s64
// CHECK-NOT: abs.s64

// REAL: cvt.rn.f32.s32
// REAL: cvt.rn.f32.s32 [[COLUMN:%r[0-9]+]]
// REAL-NOT: cvt.rn.f32.s32
// REAL: sub.rn.f32 [[FIRST:%r[0-9]+]], {{%r[0-9]+}}, [[COLUMN]]
// REAL-COUNT-21: add.rn.f32 {{%r[0-9]+}}, [[FIRST]], 0f
// REAL-COUNT-22: abs.f32

func.func @alibi(
  %q: !ein.tensor<[h, s, 64], bf16> {ein.name = "q"},
  %k: !ein.tensor<[h, t, 64], bf16> {ein.name = "k"},
  %v: !ein.tensor<[h, t, 64], bf16> {ein.name = "v"},
  %slope: !ein.tensor<[h], bf16> {ein.name = "slope"}
) -> (
  !ein.tensor<[h, s, 64], bf16> {ein.name = "o"}
) attributes {ein.entry} {
  %w = ein.einsum (%q[h, s, d], %k[h, t, d]) -> [h, s, t] reduce [d: add] : (!ein.tensor<[h, s, 64], bf16>, !ein.tensor<[h, t, 64], bf16>) -> !ein.tensor<[h, s, t], f32> {
  ^bb0(%a0: bf16, %a1: bf16):
    %t0 = arith.extf %a0 : bf16 to f32
    %t1 = arith.extf %a1 : bf16 to f32
    %t2 = arith.mulf %t0, %t1 : f32
    ein.yield %t2 : f32
  }
  %w_1 = ein.einsum (%w[h, s, t], %slope[h]) -> [h, s, t] : (!ein.tensor<[h, s, t], f32>, !ein.tensor<[h], bf16>) -> !ein.tensor<[h, s, t], f32> {
  ^bb0(%a0: f32, %a1: bf16):
    %t0 = arith.constant 0.125 : f32
    %t1 = arith.mulf %a0, %t0 : f32
    %t2 = arith.extf %a1 : bf16 to f32
    %t3 = ein.index "s"
    %t4 = arith.index_cast %t3 : index to i64
    %t5 = ein.index "t"
    %t6 = arith.index_cast %t5 : index to i64
    %t7 = arith.subi %t4, %t6 : i64
    %t8 = math.absi %t7 : i64
    %t9 = arith.sitofp %t8 : i64 to f32
    %t10 = arith.mulf %t2, %t9 : f32
    %t11 = arith.subf %t1, %t10 : f32
    ein.yield %t11 : f32
  }
  %p = ein.einsum (%w_1[h, s, u]) -> [h, s] reduce [u: max] : (!ein.tensor<[h, s, t], f32>) -> !ein.tensor<[h, s], f32>
  %p_1 = ein.einsum (%w_1[h, s, t], %p[h, s]) -> [h, s, t] : (!ein.tensor<[h, s, t], f32>, !ein.tensor<[h, s], f32>) -> !ein.tensor<[h, s, t], f32> {
  ^bb0(%a0: f32, %a1: f32):
    %t0 = arith.subf %a0, %a1 : f32
    %t1 = math.exp %t0 : f32
    ein.yield %t1 : f32
  }
  %o = ein.einsum (%p_1[h, s, t], %v[h, t, e]) -> [h, s, e] reduce [t: add] : (!ein.tensor<[h, s, t], f32>, !ein.tensor<[h, t, 64], bf16>) -> !ein.tensor<[h, s, 64], f32> {
  ^bb0(%a0: f32, %a1: bf16):
    %t0 = arith.extf %a1 : bf16 to f32
    %t1 = arith.mulf %a0, %t0 : f32
    ein.yield %t1 : f32
  }
  %o_1 = ein.einsum (%p_1[h, s, t]) -> [h, s] reduce [t: add] : (!ein.tensor<[h, s, t], f32>) -> !ein.tensor<[h, s], f32>
  %o_2 = ein.einsum (%o[h, s, e], %o_1[h, s]) -> [h, s, e] : (!ein.tensor<[h, s, 64], f32>, !ein.tensor<[h, s], f32>) -> !ein.tensor<[h, s, 64], f32> {
  ^bb0(%a0: f32, %a1: f32):
    %t0 = arith.divf %a0, %a1 : f32
    ein.yield %t0 : f32
  }
  %o_3 = ein.einsum (%o_2[h, s, e]) -> [h, s, e] : (!ein.tensor<[h, s, 64], f32>) -> !ein.tensor<[h, s, 64], bf16> {
  ^bb0(%a0: f32):
    %t0 = arith.truncf %a0 : f32 to bf16
    ein.yield %t0 : bf16
  }
  func.return %o_3 : !ein.tensor<[h, s, 64], bf16>
}
