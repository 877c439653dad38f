// RUN: not einfall-opt %s --verify-phase=phase=input 2>&1 | FileCheck %s

// One error a module, which says what is wrong with the file.
// CHECK-COUNT-2: error: 'builtin.module' op is illegal in phase 'input': is inside of another one
// CHECK-NOT: error:
module {
  func.func @f(%x: !ein.tensor<[n], f32>) -> !ein.tensor<[n], f32> attributes {ein.entry} {
    return %x : !ein.tensor<[n], f32>
  }
}
module {
  func.func @g(%x: !ein.tensor<[n], f32>) -> !ein.tensor<[n], f32> attributes {ein.entry} {
    return %x : !ein.tensor<[n], f32>
  }
}
