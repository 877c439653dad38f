// RUN: einfall-opt %s | einfall-opt | FileCheck %s
// RUN: einfall-opt %s --verify-arefs

// Three slots: one item is held while the next one is read, one is on its way.
// CHECK-LABEL: func.func @ring
func.func @ring(%x: memref<?xbf16>, %more: index, %block: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c64 = arith.constant 64 : index
  %count = arith.addi %more, %c1 : index
  // CHECK: tile.aref.create "keys" ahead 0 lag 1 : <3, memref<4096xbf16>, memref<64xbf16>>
  %r = tile.aref.create "keys" ahead 0 lag 1 : !tile.aref<3, memref<4096xbf16>, memref<64xbf16>>
  // CHECK: tile.aref.put %{{.*}}[%{{.*}}] : <3, memref<4096xbf16>, memref<64xbf16>> -> memref<4096xbf16>, memref<64xbf16>
  %a:2 = tile.aref.put %r[%c0] : !tile.aref<3, memref<4096xbf16>, memref<64xbf16>> -> memref<4096xbf16>, memref<64xbf16>
  tile.copy aligned %x[%c0] stride %c64 to %a#0[%c0] stride 64 shape [64, 64] : memref<?xbf16> to memref<4096xbf16>
  // CHECK: tile.aref.commit
  tile.aref.commit %r[%c0] : !tile.aref<3, memref<4096xbf16>, memref<64xbf16>>
  scf.for %n = %c0 to %count step %c1 {
    // CHECK: tile.aref.get
    %b:2 = tile.aref.get %r[%n] : !tile.aref<3, memref<4096xbf16>, memref<64xbf16>> -> memref<4096xbf16>, memref<64xbf16>
    %next = arith.addi %n, %c1 : index
    %some = arith.cmpi slt, %next, %count : index
    scf.if %some {
      %d:2 = tile.aref.put %r[%next] : !tile.aref<3, memref<4096xbf16>, memref<64xbf16>> -> memref<4096xbf16>, memref<64xbf16>
      tile.aref.commit %r[%next] : !tile.aref<3, memref<4096xbf16>, memref<64xbf16>>
    }
    // CHECK: tile.aref.slot
    %e:2 = tile.aref.slot %r[%n] : !tile.aref<3, memref<4096xbf16>, memref<64xbf16>> -> memref<4096xbf16>, memref<64xbf16>
    %v = tile.load %e#1[%c0] strides[] : memref<64xbf16> -> bf16
    %late = arith.cmpi sgt, %n, %c0 : index
    scf.if %late {
      %last = arith.subi %n, %c1 : index
      // CHECK: tile.aref.release
      tile.aref.release %r[%last] : !tile.aref<3, memref<4096xbf16>, memref<64xbf16>>
    }
  }
  tile.aref.release %r[%more] : !tile.aref<3, memref<4096xbf16>, memref<64xbf16>>
  // CHECK: tile.aref.close
  tile.aref.close %r : !tile.aref<3, memref<4096xbf16>, memref<64xbf16>>
  return
}
