// RUN: einfall-opt %s --ein-form-kernels --ein-to-tile --canonicalize | FileCheck %s

// Lanes run along the rank that is contiguous in memory, the state stays in registers.
// CHECK-LABEL: func.func private @scan_0_p0
// CHECK: scf.for {{.*}} iter_args(%[[S:.*]] = %{{.*}}) -> (tensor<64xf32, "lanes">)
// CHECK: %[[X:.*]] = tile.load
// CHECK: %[[N:.*]] = arith.addf %[[X]], %[[S]] : tensor<64xf32, "lanes">
// CHECK: tile.store %[[N]]
// CHECK: scf.yield %[[N]]
func.func @lanes(%x: !ein.tensor<[t, 256], f32>, %h: !ein.tensor<[256], f32>) -> !ein.tensor<[t, 256], f32> {
  %c = ein.scan (%x[t, b], %h[b]) over t -> [t, b]
      : (!ein.tensor<[t, 256], f32>, !ein.tensor<[256], f32>) -> !ein.tensor<[t, 256], f32> {
  ^bb0(%xe: f32, %h0: f32, %state: f32):
    %n = arith.addf %xe, %state : f32
    ein.yield %n : f32
  }
  return %c : !ein.tensor<[t, 256], f32>
}

// Where it is the scanned rank that is contiguous, four rows go together.
// CHECK-LABEL: func.func private @scan_0_p1
// CHECK: scf.for {{.*}} -> (tensor<4xf32>)
func.func @rows(%x: !ein.tensor<[b, t], f32>, %h: !ein.tensor<[b], f32>) -> !ein.tensor<[b, t], f32> {
  %c = ein.scan (%x[b, t], %h[b]) over t -> [b, t]
      : (!ein.tensor<[b, t], f32>, !ein.tensor<[b], f32>) -> !ein.tensor<[b, t], f32> {
  ^bb0(%xe: f32, %h0: f32, %state: f32):
    %n = arith.addf %xe, %state : f32
    ein.yield %n : f32
  }
  return %c : !ein.tensor<[b, t], f32>
}
