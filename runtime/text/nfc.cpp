//===- nfc.cpp - Unicode normalization form C ----------------------------===//
//
// Decompose, order the marks, compose again (Unicode Standard Annex 15). Hangul
// syllables are computed, the rest comes from tables. combiningRuns holds ranks
// of canonical combining classes, of which only the order matters here.
//
//===----------------------------------------------------------------------===//

#include "nfc.h"

#include "utf8.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <vector>

namespace einfall::text {

namespace {

#include "nfc_tables.inc"

constexpr uint32_t sBase = 0xAC00, lBase = 0x1100, vBase = 0x1161, tBase = 0x11A7, lCount = 19,
                   vCount = 21, tCount = 28, sCount = lCount * vCount * tCount;

struct Mark {
  uint32_t codePoint;
  uint32_t rank;
};

uint32_t combiningRank(uint32_t c) {
  if (c < 0x300)
    return 0;
  auto it = std::upper_bound(std::begin(combiningRuns), std::end(combiningRuns), c << 8 | 0xFF);
  return it == std::begin(combiningRuns) ? 0 : *std::prev(it) & 0xFF;
}

void push(std::vector<Mark> &out, uint32_t c) { out.push_back({c, combiningRank(c)}); }

void decompose(std::vector<Mark> &out, uint32_t c) {
  if (c - sBase < sCount) {
    uint32_t index = c - sBase;
    push(out, lBase + index / (vCount * tCount));
    push(out, vBase + index % (vCount * tCount) / tCount);
    if (index % tCount)
      push(out, tBase + index % tCount);
    return;
  }
  // Entries are pairs (code point, offset << 4 | length).
  size_t low = 0, high = std::size(decompositionIndex) / 2;
  while (low < high) {
    size_t middle = (low + high) / 2;
    if (decompositionIndex[2 * middle] < c)
      low = middle + 1;
    else
      high = middle;
  }
  if (2 * low < std::size(decompositionIndex) && decompositionIndex[2 * low] == c) {
    uint32_t where = decompositionIndex[2 * low + 1];
    for (uint32_t i = 0; i < (where & 15); ++i)
      push(out, decompositionText[(where >> 4) + i]);
    return;
  }
  push(out, c);
}

/// The composition of a and b, or 0.
uint32_t compose(uint32_t a, uint32_t b) {
  if (a - lBase < lCount && b - vBase < vCount)
    return sBase + ((a - lBase) * vCount + (b - vBase)) * tCount;
  if (a - sBase < sCount && (a - sBase) % tCount == 0 && b - (tBase + 1) < tCount - 1)
    return a + (b - tBase);
  size_t low = 0, high = std::size(compositionPairs) / 3;
  while (low < high) {
    size_t middle = (low + high) / 2;
    const uint32_t *entry = compositionPairs + 3 * middle;
    if (entry[0] < a || (entry[0] == a && entry[1] < b))
      low = middle + 1;
    else
      high = middle;
  }
  const uint32_t *entry = compositionPairs + 3 * low;
  if (3 * low < std::size(compositionPairs) && entry[0] == a && entry[1] == b)
    return entry[2];
  return 0;
}

/// Sorts each run of marks by rank, keeping the order within a rank.
void orderMarks(std::vector<Mark> &text) {
  auto byRank = [](const Mark &a, const Mark &b) { return a.rank < b.rank; };
  std::vector<uint64_t> keys;
  for (size_t i = 0, end = 0; i < text.size(); i = end + 1) {
    for (end = i; end < text.size() && text[end].rank;)
      ++end;
    if (std::is_sorted(text.begin() + i, text.begin() + end, byRank))
      continue;
    keys.clear();
    for (size_t k = i; k < end; ++k)
      keys.push_back(uint64_t(text[k].rank) << 53 | uint64_t(k - i) << 21 | text[k].codePoint);
    std::sort(keys.begin(), keys.end());
    for (size_t k = i; k < end; ++k)
      text[k] = {uint32_t(keys[k - i] & 0x1FFFFF), uint32_t(keys[k - i] >> 53)};
  }
}

} // namespace

std::string toNfc(std::string_view text) {
  std::vector<Mark> marks;
  marks.reserve(text.size());
  bool below300 = true;
  for (size_t pos = 0; pos < text.size();) {
    uint32_t c = nextCodePoint(text, pos);
    below300 &= c < 0x300;
    decompose(marks, c);
  }
  if (below300)
    return std::string(text);
  orderMarks(marks);

  // A mark joins the last starter unless one of its rank or a starter that
  // did not join stands between them.
  size_t kept = 0, starter = SIZE_MAX;
  uint32_t lastRank = 0;
  for (Mark mark : marks) {
    bool adjacent = starter != SIZE_MAX && kept == starter + 1;
    if (starter != SIZE_MAX && (adjacent || lastRank < mark.rank)) {
      if (uint32_t joined = compose(marks[starter].codePoint, mark.codePoint)) {
        marks[starter].codePoint = joined;
        continue;
      }
    }
    if (mark.rank == 0)
      starter = kept;
    lastRank = mark.rank;
    marks[kept++] = mark;
  }
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < kept; ++i)
    appendUtf8(out, marks[i].codePoint);
  return out;
}

} // namespace einfall::text
