// RUN: einfall-compile %s --target=sm_90a -S -o - | FileCheck %s
// RUN: einfall-compile %s --target=sm_90a -S -o - | FileCheck %s --check-prefix=SUBNORMAL
// RUN: einfall-compile %s --target=sm_90a -S -o - | FileCheck %s --check-prefix=APART

// The scale of what is exponentiated and ln 2 are one constant, -0.125 / ln 2, and 1 + exp(x), which is no less than a normal
// number, has the chip's reciprocal for those.
// CHECK: mul.rn.f32 {{.*}}, 0fBE38AA3B;
// CHECK-NOT: 0f3FB8AA3B
// CHECK: ex2.approx.ftz.f32
// CHECK: rcp.approx.ftz.f32

// What may be subnormal has LLVM's, which scales it.
// SUBNORMAL: rcp.approx.f32
func.func @sigmoid(%x: !ein.tensor<[m, n], bf16> {ein.name = "x"}) -> (!ein.tensor<[m, n], bf16> {ein.name = "y"}) attributes {ein.entry} {
  %y = ein.einsum (%x[m, n]) -> [m, n] : (!ein.tensor<[m, n], bf16>) -> !ein.tensor<[m, n], bf16> {
  ^bb0(%a: bf16):
    %one = arith.constant 1.0 : f32
    %scale = arith.constant -0.125 : f32
    %w = arith.extf %a : bf16 to f32
    %s = arith.mulf %w, %scale : f32
    %e = math.exp %s : f32
    %d = arith.addf %e, %one : f32
    %q = arith.divf %one, %d : f32
    %r = arith.divf %one, %w : f32
    %t = arith.addf %q, %r : f32
    %o = arith.truncf %t : f32 to bf16
    ein.yield %o : bf16
  }
  return %y : !ein.tensor<[m, n], bf16>
}

// A scale whose product with 1 / ln 2 is no number, or a subnormal one, stays a factor of its own.
// APART-LABEL: .entry map_0_p1
// APART-NOT: 0f{{[7F]}}F800000
// APART-DAG: mul.rn.f32 {{.*}}, 0fFF7FFFFF;
// APART-DAG: mul.rn.f32 {{.*}}, 0f00555555;
// APART-DAG: mul.rn.f32 {{.*}}, 0f3FB8AA3B;
// APART: ret;
func.func @too_great(%x: !ein.tensor<[m, n], bf16> {ein.name = "x"}) -> (!ein.tensor<[m, n], bf16> {ein.name = "y"}) attributes {ein.entry} {
  %y = ein.einsum (%x[m, n]) -> [m, n] : (!ein.tensor<[m, n], bf16>) -> !ein.tensor<[m, n], bf16> {
  ^bb0(%a: bf16):
    %great = arith.constant 0xFF7FFFFF : f32
    %small = arith.constant 0x00555555 : f32
    %w = arith.extf %a : bf16 to f32
    %s = arith.mulf %w, %great : f32
    %e = math.exp %s : f32
    %t = arith.mulf %w, %small : f32
    %f = math.exp %t : f32
    %p = arith.mulf %e, %f : f32
    %o = arith.truncf %p : f32 to bf16
    ein.yield %o : bf16
  }
  return %y : !ein.tensor<[m, n], bf16>
}
