// RUN: einfall-opt %s --verify-arefs --tile-lower-aref --canonicalize --cse | FileCheck %s

!ring = !tile.aref<4, memref<512xbf16>, memref<1024xbf16>>

// Three slots are on their way while one is read. The commits, and the get, of what may not be there are for all.
// CHECK-LABEL: func.func @ring
func.func @ring(%x: memref<?xbf16>, %more: index, %block: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %count = arith.addi %more, %c1 : index
  // CHECK-DAG: %[[A:.*]] = tile.local {tile.ring = 0 : i64, tile.slots = 4 : i64} : memref<2048xbf16>
  // CHECK-DAG: %[[B:.*]] = tile.local {tile.ring = 0 : i64, tile.slots = 4 : i64} : memref<4096xbf16>
  %r = tile.aref.create "factors" ahead 2 lag 0 : !ring
  // CHECK: scf.for %[[I:.*]] =
  // CHECK-NOT: tile.barrier
  // CHECK: scf.if
  // CHECK: %[[S:.*]] = arith.remui %[[I]], %c4
  // CHECK: %[[O:.*]] = arith.muli %[[S]], %c512
  // CHECK: tile.copy aligned {{.*}} to %[[A]][%[[O]]]
  // CHECK-NOT: tile.commit
  // CHECK: }
  // CHECK-NEXT: tile.commit
  scf.for %i = %c0 to %c3 step %c1 {
    %some = arith.cmpi slt, %i, %count : index
    scf.if %some {
      %a:2 = tile.aref.put %r[%i] : !ring -> memref<512xbf16>, memref<1024xbf16>
      tile.copy aligned %x[%i] stride %c1 to %a#0[%c0] stride 64 shape [8, 64] : memref<?xbf16> to memref<512xbf16>
      tile.aref.commit %r[%i] : !ring
    }
  }
  // CHECK: tile.wait 2
  // CHECK-NEXT: tile.barrier
  %first:2 = tile.aref.get %r[%c0] : !ring -> memref<512xbf16>, memref<1024xbf16>
  // CHECK: scf.for %[[N:.*]] =
  scf.for %n = %c0 to %count step %c1 {
    // CHECK: %[[SLOT:.*]] = arith.remui %[[N]], %c4
    // CHECK: tile.load %[[B]][
    %b:2 = tile.aref.slot %r[%n] : !ring -> memref<512xbf16>, memref<1024xbf16>
    %v = tile.load %b#1[%c3] strides[] : memref<1024xbf16> -> bf16
    tile.store %v, %x[%n] strides[] : bf16, memref<?xbf16>
    // CHECK: scf.if
    // CHECK-NOT: tile.commit
    // CHECK: }
    // CHECK-NEXT: tile.commit
    %ahead = arith.addi %n, %c3 : index
    %some = arith.cmpi slt, %ahead, %count : index
    scf.if %some {
      %a:2 = tile.aref.put %r[%ahead] : !ring -> memref<512xbf16>, memref<1024xbf16>
      tile.copy aligned %x[%n] stride %c1 to %a#0[%c0] stride 64 shape [8, 64] : memref<?xbf16> to memref<512xbf16>
      tile.aref.commit %r[%ahead] : !ring
    }
    tile.aref.release %r[%n] : !ring
    // CHECK-NEXT: tile.wait 2
    // CHECK-NEXT: tile.barrier
    // CHECK-NOT: tile.barrier
    %next = arith.addi %n, %c1 : index
    %another = arith.cmpi slt, %next, %count : index
    scf.if %another {
      %c:2 = tile.aref.get %r[%next] : !ring -> memref<512xbf16>, memref<1024xbf16>
    }
  }
  // Its memory may be something else's from here on.
  // CHECK: }
  // CHECK-NEXT: tile.barrier
  // CHECK-NEXT: return
  tile.aref.close %r : !ring
  return
}

// One slot: nobody may read it any more when it is filled again. Stores are no groups.
// CHECK-LABEL: func.func @plain
func.func @plain(%x: memref<?xbf16>, %v: bf16, %count: index, %block: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  // CHECK: tile.local {tile.ring = 0 : i64, tile.slots = 1 : i64} : memref<64xbf16>
  %r = tile.aref.create "parts" ahead 0 lag 0 : !tile.aref<1, memref<64xbf16>>
  // CHECK: scf.for
  // CHECK-NEXT: tile.barrier
  // CHECK-NEXT: tile.store %{{.*}}[%c0]
  // CHECK-NEXT: tile.barrier
  // CHECK-NEXT: tile.load
  // CHECK-NEXT: tile.store
  // CHECK-NEXT: }
  // CHECK-NEXT: tile.barrier
  scf.for %n = %c0 to %count step %c1 {
    %a = tile.aref.put %r[%n] : !tile.aref<1, memref<64xbf16>> -> memref<64xbf16>
    tile.store %v, %a[%c0] strides[] : bf16, memref<64xbf16>
    tile.aref.commit %r[%n] : !tile.aref<1, memref<64xbf16>>
    %b = tile.aref.get %r[%n] : !tile.aref<1, memref<64xbf16>> -> memref<64xbf16>
    %u = tile.load %b[%c0] strides[] : memref<64xbf16> -> bf16
    tile.store %u, %x[%n] strides[] : bf16, memref<?xbf16>
    tile.aref.release %r[%n] : !tile.aref<1, memref<64xbf16>>
  }
  tile.aref.close %r : !tile.aref<1, memref<64xbf16>>
  return
}

// The barrier of what comes later also ends what came before; the first put of a slot needs none.
// CHECK-LABEL: func.func @once
func.func @once(%x: memref<?xbf16>, %v: bf16, %block: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  // CHECK: tile.copy
  // CHECK-NEXT: tile.commit
  // CHECK-NEXT: tile.wait 0
  // CHECK-NEXT: tile.barrier
  // CHECK-NEXT: tile.load
  // CHECK-NEXT: tile.local
  // CHECK-NEXT: tile.store
  // CHECK-NEXT: tile.barrier
  // CHECK-NEXT: tile.load
  // CHECK-NEXT: tile.store
  // CHECK-NEXT: tile.store
  // CHECK-NEXT: tile.barrier
  %r = tile.aref.create "left" ahead 0 lag 0 : !tile.aref<1, memref<64xbf16>>
  %a = tile.aref.put %r[%c0] : !tile.aref<1, memref<64xbf16>> -> memref<64xbf16>
  tile.copy aligned %x[%c0] stride %c1 to %a[%c0] stride 64 shape [1, 64] : memref<?xbf16> to memref<64xbf16>
  tile.aref.commit %r[%c0] : !tile.aref<1, memref<64xbf16>>
  %b = tile.aref.get %r[%c0] : !tile.aref<1, memref<64xbf16>> -> memref<64xbf16>
  %u = tile.load %b[%c1] strides[] : memref<64xbf16> -> bf16
  tile.aref.release %r[%c0] : !tile.aref<1, memref<64xbf16>>
  tile.aref.close %r : !tile.aref<1, memref<64xbf16>>
  %s = tile.aref.create "right" ahead 0 lag 0 : !tile.aref<1, memref<32xbf16>>
  %c = tile.aref.put %s[%c0] : !tile.aref<1, memref<32xbf16>> -> memref<32xbf16>
  tile.store %v, %c[%c0] strides[] : bf16, memref<32xbf16>
  tile.aref.commit %s[%c0] : !tile.aref<1, memref<32xbf16>>
  %d = tile.aref.get %s[%c0] : !tile.aref<1, memref<32xbf16>> -> memref<32xbf16>
  %w = tile.load %d[%c1] strides[] : memref<32xbf16> -> bf16
  tile.store %u, %x[%c0] strides[] : bf16, memref<?xbf16>
  tile.store %w, %x[%c1] strides[] : bf16, memref<?xbf16>
  tile.aref.release %s[%c0] : !tile.aref<1, memref<32xbf16>>
  tile.aref.close %s : !tile.aref<1, memref<32xbf16>>
  return
}

// What is on its way for another ring need not be waited for.
// CHECK-LABEL: func.func @two
func.func @two(%x: memref<?xbf16>, %some: i1, %block: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  // CHECK: tile.commit
  // CHECK: tile.commit
  // CHECK-NEXT: tile.wait 1
  // CHECK-NEXT: tile.barrier
  // CHECK-NEXT: tile.load
  // CHECK-NEXT: tile.store
  // CHECK-NEXT: tile.wait 0
  // CHECK-NEXT: tile.barrier
  %r = tile.aref.create "left" ahead 0 lag 0 : !tile.aref<1, memref<64xbf16>>
  %s = tile.aref.create "right" ahead 0 lag 0 : !tile.aref<1, memref<64xbf16>>
  %a = tile.aref.put %r[%c0] : !tile.aref<1, memref<64xbf16>> -> memref<64xbf16>
  tile.copy aligned %x[%c0] stride %c1 to %a[%c0] stride 64 shape [1, 64] : memref<?xbf16> to memref<64xbf16>
  tile.aref.commit %r[%c0] : !tile.aref<1, memref<64xbf16>>
  scf.if %some {
    %c = tile.aref.put %s[%c0] : !tile.aref<1, memref<64xbf16>> -> memref<64xbf16>
    tile.copy aligned %x[%c1] stride %c1 to %c[%c0] stride 64 shape [1, 64] : memref<?xbf16> to memref<64xbf16>
    tile.aref.commit %s[%c0] : !tile.aref<1, memref<64xbf16>>
  }
  %b = tile.aref.get %r[%c0] : !tile.aref<1, memref<64xbf16>> -> memref<64xbf16>
  %u = tile.load %b[%c1] strides[] : memref<64xbf16> -> bf16
  tile.store %u, %x[%c0] strides[] : bf16, memref<?xbf16>
  tile.aref.release %r[%c0] : !tile.aref<1, memref<64xbf16>>
  scf.if %some {
    %d = tile.aref.get %s[%c0] : !tile.aref<1, memref<64xbf16>> -> memref<64xbf16>
    tile.aref.release %s[%c0] : !tile.aref<1, memref<64xbf16>>
  }
  tile.aref.close %s : !tile.aref<1, memref<64xbf16>>
  tile.aref.close %r : !tile.aref<1, memref<64xbf16>>
  return
}
