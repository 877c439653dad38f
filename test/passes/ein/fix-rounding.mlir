// RUN: einfall-opt %s --ein-fix-rounding --split-input-file | FileCheck %s

module attributes {ein.numerics = "strict"} {
  // CHECK-LABEL: func @elementary
  func.func @elementary(%x: !ein.tensor<[n], f32>) -> !ein.tensor<[n], bf16> {
    %y = ein.einsum (%x[i]) -> [i] : (!ein.tensor<[n], f32>) -> !ein.tensor<[n], bf16> {
    ^bb0(%a: f32):
      // CHECK: %[[WIDE:.*]] = arith.extf %{{.*}} : f32 to f64
      // CHECK: %[[EXP:.*]] = math.exp %[[WIDE]] : f64
      // CHECK: arith.truncf %[[EXP]] : f64 to f32
      %e = math.exp %a : f32
      %b = arith.truncf %e : f32 to bf16
      // CHECK: math.powf %{{.*}}, %{{.*}} : f64
      // CHECK: arith.truncf %{{.*}} : f64 to bf16
      %p = math.powf %b, %b : bf16
      ein.yield %p : bf16
    }
    return %y : !ein.tensor<[n], bf16>
  }

  // CHECK-LABEL: func @constants
  func.func @constants(%x: !ein.tensor<[n], f32>) -> !ein.tensor<[n], f32> {
    %y = ein.einsum (%x[i]) -> [i] : (!ein.tensor<[n], f32>) -> !ein.tensor<[n], f32> {
    ^bb0(%a: f32):
      // CHECK: %[[ROOT:.*]] = arith.constant 2.500000e-01 : f32
      // CHECK-NOT: math.rsqrt
      // CHECK: arith.addf %{{.*}}, %[[ROOT]]
      %two = arith.constant 2.0 : f32
      %eight = arith.constant 8.0 : f32
      %m = arith.mulf %two, %eight : f32
      %r = math.rsqrt %m : f32
      %s = arith.addf %a, %r : f32
      ein.yield %s : f32
    }
    return %y : !ein.tensor<[n], f32>
  }

  // Only the program's own product feeds the sum unrounded.
  // CHECK-LABEL: func @products
  func.func @products(%x: !ein.tensor<[n], f32>) -> !ein.tensor<[], f32> {
    %y = ein.einsum (%x[i], %x[i]) -> [] reduce [i: add]
      : (!ein.tensor<[n], f32>, !ein.tensor<[n], f32>) -> !ein.tensor<[], f32> {
    ^bb0(%a: f32, %b: f32):
      // CHECK: arith.mulf %{{.*}}, %{{.*}} : f32
      %s = arith.mulf %a, %b : f32
      // CHECK: arith.mulf %{{.*}}, %{{.*}} fastmath<contract> : f32
      %p = arith.mulf %s, %b : f32
      ein.yield %p : f32
    }
    return %y : !ein.tensor<[], f32>
  }
}

// -----

// Without strict numerics nothing changes.
// CHECK-LABEL: func @algebraic
func.func @algebraic(%x: !ein.tensor<[n], f32>) -> !ein.tensor<[n], f32> {
  // CHECK: math.exp %{{.*}} : f32
  %y = ein.einsum (%x[i]) -> [i] : (!ein.tensor<[n], f32>) -> !ein.tensor<[n], f32> {
  ^bb0(%a: f32):
    %e = math.exp %a : f32
    ein.yield %e : f32
  }
  return %y : !ein.tensor<[n], f32>
}
