// RUN: rm -rf %t && mkdir -p %t/in %t/out %t/bad
// RUN: %python %S/files.py write %t
// RUN: einfall-opt %s --ein-interpret="entry=tail inputs=%t/in outputs=%t/out params=s=2" -o %t/same.mlir
// RUN: %python %S/files.py check-declared %t
// RUN: einfall-opt %s --ein-interpret="entry=tail inputs=%t/in mode=f64" -o /dev/null
// RUN: %python %S/files.py check-f64 %t
// RUN: FileCheck %s --input-file=%t/same.mlir --check-prefix=SAME
// RUN: not einfall-opt %s --ein-interpret="entry=tail inputs=%t/bad params=s=2" 2>&1 | FileCheck %s --check-prefix=SHAPE
// RUN: not einfall-opt %s --ein-interpret="entry=ids inputs=%t/bad" 2>&1 | FileCheck %s --check-prefix=KIND
// RUN: not einfall-opt %s --ein-interpret="entry=tail inputs=%t/none" 2>&1 | FileCheck %s --check-prefix=NONE
// RUN: not einfall-opt %s --ein-interpret="entry=nobody inputs=%t/in" 2>&1 | FileCheck %s --check-prefix=ENTRY
// RUN: not einfall-opt %s --ein-interpret="entry=tail inputs=%t/in params=s" 2>&1 | FileCheck %s --check-prefix=PARAM
// RUN: not einfall-opt %s --ein-interpret="mode=f32" 2>&1 | FileCheck %s --check-prefix=MODE
// RUN: not einfall-opt %s --ein-interpret="entry=truth inputs=%t/cut" 2>&1 | FileCheck %s --check-prefix=CUT

// Functions on .npy files: element types that NumPy has and those it lacks,
// rounding of inputs by mode, sizes from params and from params.json.

// SAME: func.func @tail
// SHAPE: error: argument #1 of 'tail' has extent 'n' = 4 in dimension 0, but it is 3 elsewhere
// KIND: error: argument #0: {{.*}}arg0.npy: elements of NumPy kind 'f', 4 bytes, do not hold i64
// NONE: error: argument #0: {{.*}}arg0.npy: No such file or directory
// ENTRY: error: there is no function 'nobody'
// PARAM: error: expected params like t=5, but got 's'
// MODE: error: expected mode declared or f64, but got 'f32'
// CUT: error: argument #0: {{.*}}arg0.npy: the data is cut off

func.func @tail(%x: !ein.tensor<[n, 2], f32>, %w: !ein.tensor<[n], bf16>, %m: !ein.tensor<[n], i1>, %z: !ein.tensor<[], i64>)
    -> (!ein.tensor<[s, 2], f32>, !ein.tensor<[n], bf16>, !ein.tensor<[n], i1>, !ein.tensor<[], i64>, !ein.tensor<[0, n], f16>)
    attributes {ein.params = ["s"]} {
  %t = ein.view %x[n - s + i, j] -> [i, j] : !ein.tensor<[n, 2], f32> -> !ein.tensor<[s, 2], f32>
  %e = ein.constant dense<> : tensor<0xf16> -> !ein.tensor<[0], f16>
  %f = ein.view %e[i] -> [i, j] : !ein.tensor<[0], f16> -> !ein.tensor<[0, n], f16>
  return %t, %w, %m, %z, %f : !ein.tensor<[s, 2], f32>, !ein.tensor<[n], bf16>, !ein.tensor<[n], i1>, !ein.tensor<[], i64>, !ein.tensor<[0, n], f16>
}

func.func @ids(%x: !ein.tensor<[n, 2], i64>) -> !ein.tensor<[n, 2], i64> {
  return %x : !ein.tensor<[n, 2], i64>
}

func.func @truth(%x: !ein.tensor<[n], i1>) -> !ein.tensor<[n], i1> {
  return %x : !ein.tensor<[n], i1>
}
