//===- EinsumLowering.h - One Einsum over the block's part ------*- C++ -*-===//
//
// Writes the loops of one Einsum, its `root`, over the block's part of its free
// ranks, and of pointwise ones that read its result at the same point.
//
//===----------------------------------------------------------------------===//
#ifndef EINFALL_PASSES_EINTOTILE_EINSUMLOWERING_H
#define EINFALL_PASSES_EINTOTILE_EINSUMLOWERING_H

#include "passes/ein-to-tile/BlockLowering.h"
#include "passes/ein-to-tile/Packing.h"
#include "llvm/ADT/MapVector.h"

namespace einfall {

/// True if `op` is a sum of ones: so many as there are points. Under strict numerics floats
/// are added up, which may end elsewhere.
bool isCount(ein::EinsumOp op);

/// A part of a factor is filled in so many pieces; which of them.
struct Piece {
  int64_t number = 0, count = 1;
};

class EinsumLowering : public BlockLowering {
public:
  using BlockLowering::BlockLowering;

protected:
  /// Computes the block's part of the root, whose operands lie as `reads` says, and of
  /// the epilogue.
  void emitRoot(mlir::ArrayRef<Access> reads);
  /// Coordinates of the block's part of each rank of the root.
  virtual mlir::SmallVector<int64_t> blockParts() { return partsOf(root, schedule); }
  /// Asks for the lines that a tile of a short sum will store to.
  virtual void askForResults() {}
  /// What is stored of a tile: `results` holds the values.
  virtual void storeTile() = 0;
  /// Stores what follows from the root's `value` at the tile.
  virtual void storeResults(TileValue value);
  bool mayRepeat() override;
  /// The fewest coordinates of a rank of known extent that a block has.
  virtual int64_t fewestOf(unsigned rank);
  /// True if what follows the root may be computed and stored beyond the block's end of
  /// `rank`, up to whole tiles.
  virtual bool mayRunBeyond(unsigned rank, int64_t tile) { return false; }
  /// Where operand `number` of `op` lies.
  virtual Access access(mlir::Operation *op, unsigned number) {
    return accessOf(op, number, symbols);
  }
  /// Operand `number` of `op` at the current tile.
  virtual TileValue read(ein::EinsumOp op, unsigned number, mlir::ArrayRef<TileValue> coordinates,
                         TileValue &exists) {
    return load(access(op, number), op.getInputs()[number], coordinates, exists);
  }
  /// Fills in what depends on the root alone.
  void beginRoot(ein::EinsumOp op);

  ein::EinsumOp root;
  mlir::TypedAttr fill; // of the view that the root was
  mlir::SmallVector<ein::EinsumOp> epilogue;
  mlir::DenseMap<mlir::Value, TileValue> results; // of einsums already computed
  mlir::SmallVector<mlir::Value> starts;          // of the block's part of a reduced rank; null: 0

  /// The root's reduction where the tile holds all of its points, up to the limit.
  TileValue reduceAtOnce();
  /// The points that the root, which counts them, reduces.
  TileValue countPoints();
  TileValue evaluate(ein::EinsumOp op);
  mlir::SmallVector<TileValue> evaluate(ein::EinsumOp op, mlir::ValueRange wanted,
                                        TileValue &exists);
  mlir::Value splat(mlir::TypedAttr attr, uint32_t mask);
  /// `value` as a sum of so many numbers of `element`, the largest first.
  mlir::SmallVector<TileValue> splitTerms(TileValue value, int64_t count, mlir::Type element);
  /// `plain`: element by element. `aligned`: rows begin runs of 16 bytes. `either`: they do
  /// where `rowsAligned` holds. `whole`: they do, and there is nothing past an end.
  enum class Filling { plain, aligned, either, whole };
  mlir::Value rowsAligned;
  void fillFactor(const Factor &factor, mlir::ArrayRef<Access> reads, mlir::Value memory,
                  Filling filling, Piece piece);
  /// Whether all rows of a factor that is copied begin runs of 16 bytes; null if it is
  /// not copied.
  mlir::Value copiesAligned(const Factor &factor, mlir::ArrayRef<Access> reads,
                            mlir::ArrayRef<unsigned> outer);
  /// The terms of one factor in a step of the depth from `from` on, of the part in `memory`.
  mlir::SmallVector<mlir::Value> loadTerms(const Matrix &matrix, bool left, mlir::Value memory,
                                           mlir::Value from);
  /// A ring whose slots have the memory of these factors each.
  mlir::Value openRing(llvm::StringRef name, int64_t depth, int64_t ahead,
                       mlir::ArrayRef<Factor> factors);
  bool isPacked = false;  // of the root's body only what is wanted is evaluated
  TileSpace accumulators; // the tile's space; a lane of a dot's sum is a group of lanes

  /// A packed value in the block's own memory. A panel is `width` wide.
  struct PackedMemory {
    Packed packed;
    int64_t width = 1;
    std::optional<Dot> dot; // whose groups are elements in memory
    /// Where the coordinates of the last group end, if it is ragged.
    mlir::Value groupEnd;
    mlir::SmallVector<int64_t> strides;
    mlir::SmallVector<mlir::Value> begins;
    mlir::Value buffer;
    mlir::Value base; // the place at `begins`; null: 0
    /// An f32 value in a buffer of bf16 is the sum of so many, so far from each other.
    int64_t terms = 1, termSize = 0;
    /// Of panels that come from memory: how many elements further on the next ones are, and how
    /// many of these a step asks for. A pass over a panel is of `pass` elements, and of a `tile`
    /// along rank `rows`, whose first coordinate is `begin`.
    struct Next {
      unsigned rows = 0;
      int64_t tile = 1, distance = 0, pass = 0;
      mlir::Value begin, share;
    };
    std::optional<Next> next;

    /// How far neighbours along `rank` are from each other; nothing where it has no such rank.
    std::optional<int64_t> strideOf(unsigned rank) const {
      auto *it = llvm::find(packed.ranks, rank);
      if (it == packed.ranks.end())
        return std::nullopt;
      return strides[it - packed.ranks.begin()];
    }
  };

  /// Packs for the root what does not depend on `rank` now, for all that is emitted until
  /// `forgetPacked`.
  void packAhead(mlir::ArrayRef<Access> reads, mlir::ArrayRef<int64_t> parts, unsigned rank);
  /// Where the root's sums are all that is stored of it, that place, if it has room for whole
  /// panels of columns.
  virtual std::optional<PackedMemory> sumsInPlace(unsigned columns, int64_t width) {
    return std::nullopt;
  }
  void forgetPacked() {
    packedAhead.clear();
    manyAhead.clear();
  }

private:
  /// The root and the epilogue at the current tile, stored.
  void emitTile();
  mlir::Value hasMany();
  void leaveReduced();
  void forParts(unsigned rank, int64_t part, mlir::function_ref<void()> inner);
  void emitPlain(mlir::ArrayRef<Access> reads);
  void emitPacked(mlir::ArrayRef<Access> reads);
  /// Packs the chunk or all of the block's part and runs `inner` for its tiles.
  void emitOverPacked(mlir::ArrayRef<Access> reads, mlir::ArrayRef<int64_t> parts, bool storesSums,
                      mlir::function_ref<void()> inner);
  /// Packs the same and runs `inner` once.
  void overPacked(mlir::ArrayRef<Access> reads, mlir::ArrayRef<int64_t> parts, bool storesSums,
                  mlir::function_ref<void()> inner);
  void emitMatrixOr(mlir::function_ref<void()> emitFew, mlir::ArrayRef<Access> reads);
  void emitMatrix(mlir::ArrayRef<Access> reads);
  void enterFragments();
  void finishFragments(mlir::Value sums);
  /// What the loops around matrix instructions share.
  struct MatrixLoop {
    mlir::ArrayRef<Access> reads;
    mlir::Value ring;                  // of both factors
    mlir::Value begin, end;            // of the depth
    mlir::Value parts, count;          // of the depth, and with the `outer` ranks
    mlir::SmallVector<unsigned> outer; // reduced ranks but the depth
    mlir::Value zero;                  // sums of nothing
  };
  mlir::Value multiplyStep(mlir::Value sums, mlir::ArrayRef<mlir::Value> factors);
  mlir::Value wholeParts(const MatrixLoop &loop);
  mlir::Value multiplyBySteps(mlir::Value sums, mlir::ValueRange slot);
  mlir::Value copiesAreAligned(const MatrixLoop &loop);
  mlir::Value emitRing(MatrixLoop loop);
  mlir::Value emitWholeParts(const MatrixLoop &loop, mlir::Value whole);
  mlir::Value emitPartByPart(MatrixLoop loop);
  void putPart(const MatrixLoop &loop, mlir::Value number, Filling filling);
  void putPartIf(const MatrixLoop &loop, mlir::Value number);
  void fillSlot(const MatrixLoop &loop, mlir::Value number, mlir::ValueRange slot, Filling filling,
                Piece piece = {});
  mlir::SmallVector<mlir::Value> loadStep(mlir::ValueRange slot, mlir::Value from);
  void clearTail(const Factor &factor, mlir::Value memory);
  void emitInChunks(mlir::ArrayRef<Access> reads, int64_t chunk);
  mlir::Value chunkOfPanels(int64_t chunk);
  void emitLanesInChunks(int64_t chunk);
  void joinPartial(TileValue value);
  PackedMemory layOutSums(int64_t columns, int64_t width, int64_t others = 1);
  PackedMemory turnSums(const PackedMemory &sums);
  /// Runs `inner` for tiles of several rows, or for each row: less code.
  void forTilesOfPacked(bool byRows, mlir::function_ref<void()> inner);
  bool readsPackedAlong(unsigned rank, mlir::ArrayRef<Access> reads);
  void dropRests(mlir::ArrayRef<Access> reads, bool storesSums, Schedule &packed);
  void storePacked(const PackedMemory &memory, TileValue value, int columns);
  PackedMemory inPanels(const Packed &value, const Schedule &packed);
  void pack(const Packed &value, const Schedule &packed, mlir::ArrayRef<int64_t> parts);
  void emitInStrips(mlir::ArrayRef<Access> reads);
  void forTurned(mlir::function_ref<void()> inner);
  int64_t turnedWidth();
  int64_t rowsOfPanels();
  PackedMemory layOutTurned();
  /// A factor of a product by matrix tiles, from the current tile on.
  struct TileFactor {
    mlir::Value buffer, offset, stride;
  };
  TileFactor rowsOfTile(mlir::Value factor, unsigned rows);
  bool comesFromAfar(unsigned rows, unsigned depth);
  llvm::SmallVector<mlir::Value> shareOfLines(const PackedMemory &memory, unsigned rank,
                                              int64_t step, int64_t lines, mlir::Value groups);
  void multiplyTile(const PackedMemory &sums, mlir::Value fresh, bool asksForPanels);
  void forSteps(unsigned rank, mlir::Value begin, mlir::Value end, int64_t step,
                mlir::function_ref<void()> inner);
  void emitTileProducts(const PackedMemory &sums, mlir::Value fresh);
  mlir::Value holdsRows(bool &holds);
  void emitTilePasses(const PackedMemory &sums, mlir::Value fresh, bool passesPanels);
  void emitGroups(PackedMemory &memory, mlir::function_ref<void()> inner);
  TileValue joinGroups(const PackedMemory &memory, TileValue value);
  bool runsByGroups(unsigned rank);
  void askForPages(const PackedMemory &memory);
  std::optional<PackedMemory::Next> nextPanels(const PackedMemory &memory, const Schedule &packed,
                                               const Panels &panels);
  void askForNextPanels(const PackedMemory &memory, mlir::Value offset);
  int aheadOfPacking(const Packed &value);
  void emitPack(PackedMemory &memory, mlir::ArrayRef<unsigned> order, int columns);
  mlir::Value startOf(unsigned rank);
  mlir::Value placeAlong(const PackedMemory &memory, unsigned i);
  mlir::Value offsetIn(const PackedMemory &memory, int columns);
  TileValue loadPacked(const PackedMemory &memory);
  mlir::Value hasPoints(unsigned rank);
  mlir::SmallVector<mlir::Value> reduceFrom(unsigned rank, mlir::ArrayRef<mlir::Value> running);
  int64_t timesAtOnce(unsigned rank);
  void
  emitMasked(unsigned rank, mlir::Value start, mlir::Value end, mlir::ArrayRef<mlir::Value> init,
             mlir::SmallVectorImpl<mlir::Value> &result,
             mlir::function_ref<mlir::SmallVector<mlir::Value>(mlir::ArrayRef<mlir::Value>)> inner);
  void
  emitSteps(unsigned rank, mlir::Value start, mlir::Value end, llvm::ArrayRef<mlir::Value> init,
            llvm::SmallVectorImpl<mlir::Value> &result,
            llvm::function_ref<llvm::SmallVector<mlir::Value>(llvm::ArrayRef<mlir::Value>)> inner);
  /// What comes after the columns of a tile, as far as it is asked for: an iteration of the sum
  /// asks for the line at `first` and `advance` more each time, of columns one after the other.
  struct NextColumns {
    mlir::Value buffer, base, first, advance;
    int64_t depth = 0, stride = 0; // of a column, in elements
  };
  std::optional<NextColumns> nextColumns(unsigned rank, int64_t times);
  void askFor(const NextColumns &next, mlir::Value iteration);
  void emitSumOfGroups(
      unsigned rank, mlir::ArrayRef<mlir::Value> init, mlir::SmallVectorImpl<mlir::Value> &result,
      mlir::function_ref<mlir::SmallVector<mlir::Value>(mlir::ArrayRef<mlir::Value>)> inner);
  void emitReducedRank(
      unsigned rank, mlir::ArrayRef<mlir::Value> init, mlir::SmallVectorImpl<mlir::Value> &result,
      mlir::function_ref<mlir::SmallVector<mlir::Value>(mlir::ArrayRef<mlir::Value>)> inner);
  void addNeeded(mlir::Value value, mlir::DenseSet<mlir::Value> &needed);
  uint32_t spanOf(mlir::Value value);
  mlir::SmallVector<mlir::Value> dotStep(mlir::ArrayRef<mlir::Value> running);
  mlir::SmallVector<mlir::Value> packedDotStep(mlir::ArrayRef<mlir::Value> running);
  TileValue withoutBias(unsigned rank, TileValue running);
  void sumBias();
  void askAhead();
  int64_t bytesAlongLanes(unsigned rank);
  TileValue reduceRoot();
  int64_t depthInTurn();
  void askForColumns(unsigned columns);
  int columnsInTurn();
  mlir::Value reduceInTurn(unsigned columns, mlir::TypedAttr init);
  void
  emitChains(unsigned rank, mlir::Value start, mlir::Value end,
             mlir::SmallVectorImpl<mlir::Value> &result,
             mlir::function_ref<mlir::SmallVector<mlir::Value>(mlir::ArrayRef<mlir::Value>)> inner);

  /// An inner reduction carries whether it had a point: without one it is
  /// nothing to the outer reduction, which its identity might be.
  bool countsPoints = false;
  /// Sums beside one another along the last reduced rank.
  int64_t chains = 1;
  /// In loops over joined neighbours, the number of the element along the last rank.
  mlir::Value groupNumber;
  /// Where sums stay between chunks, and whether this is the first and the last one.
  struct Partial {
    PackedMemory sums;
    mlir::Value isFirst, isLast;
  };
  std::optional<Partial> partial;
  /// What raised factors of a packed dot add to sums, by columns; of these are added up only now.
  std::optional<PackedMemory> bias;
  bool sumsBias = false;
  llvm::MapVector<mlir::Value, PackedMemory> packedValues;
  llvm::DenseMap<mlir::Value, PackedMemory> packedAhead;
  llvm::DenseMap<mlir::Operation *, mlir::Value> manyAhead; // whether they are packed; null: yes
  int64_t depthAtOnce = 0; ///< coordinates of the outermost reduced rank in packed memory, at most
};

} // namespace einfall

#endif
