// RUN: einfall-opt %s --split-input-file --verify-diagnostics --tile-lower-aref

func.func @gather(%o: tensor<4xindex>, %m: tensor<4xi1>, %block: index) {
  %c0 = arith.constant 0 : index
  %r = tile.aref.create "keys" ahead 0 lag 0 : !tile.aref<2, memref<64xbf16>>
  %a = tile.aref.put %r[%c0] : !tile.aref<2, memref<64xbf16>> -> memref<64xbf16>
  tile.aref.commit %r[%c0] : !tile.aref<2, memref<64xbf16>>
  %b = tile.aref.get %r[%c0] : !tile.aref<2, memref<64xbf16>> -> memref<64xbf16>
  // expected-error@below {{'tile.gather' op has no form on memory of ring 'keys'}}
  %v = tile.gather %b[%o] where %m : memref<64xbf16>, tensor<4xindex>, tensor<4xi1> -> tensor<4xbf16>
  tile.aref.release %r[%c0] : !tile.aref<2, memref<64xbf16>>
  tile.aref.close %r : !tile.aref<2, memref<64xbf16>>
  return
}
