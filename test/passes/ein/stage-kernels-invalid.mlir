// RUN: einfall-opt %s --ein-form-kernels --ein-stage-kernels --verify-diagnostics

func.func @alternating(%x: !ein.tensor<[b, v], f32>) -> !ein.tensor<[b], f32> {
  // expected-error @+1 {{cannot walk rank 'v' in chunks: state #0 of its step is not the old state joined with what an element contributes}}
  %y = ein.fold (%x[b, v]) over [v] -> [b] : (!ein.tensor<[b, v], f32>) -> !ein.tensor<[b], f32> init {
    %zero = arith.constant 0.0 : f32
    ein.yield %zero : f32
  } step {
  ^bb0(%state: f32, %e: f32):
    %next = arith.subf %e, %state : f32
    ein.yield %next : f32
  } merge {
  ^bb0(%l: f32, %r: f32, %e: f32):
    %both = arith.addf %l, %r : f32
    ein.yield %both : f32
  } finish {
  ^bb0(%state: f32, %e: f32):
    ein.yield %state : f32
  }
  return %y : !ein.tensor<[b], f32>
}
