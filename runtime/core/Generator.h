//===- Generator.h - Text from a causal language model --------------------===//
//
// Works on the entry next(ids: i64[b, s], start: i64[b]; t) -> f32[b, vocab].
// Rows of different lengths are aligned at the right: row b has start[b]
// padding slots on its left. t is the number of slots in use after the call;
// the call writes slots [t - s, t) of the states, whose extent is c.
//
//===----------------------------------------------------------------------===//
#ifndef EINFALL_CORE_GENERATOR_H
#define EINFALL_CORE_GENERATOR_H

#include "Session.h"

#include <functional>

namespace einfall::rt {

struct GenerateOptions {
  int64_t maxNewTokens = 48;
  double temperature = 0; ///< 0: greedy
  int64_t topK = 0;       ///< 0: all
  uint64_t seed = 0;
  bool ignoreEos = false;
  /// (row, index, token); false stops.
  std::function<bool(int64_t, int64_t, int64_t)> onToken;
};

struct GenerateStats {
  double prefillSeconds = 0, decodeSeconds = 0;
  int64_t promptTokens = 0, newTokens = 0, decodeSteps = 0;
};

using TokenRows = std::vector<std::vector<int64_t>>;

/// A session with the bounds a causal language model needs: b = batch,
/// s = chunk, t = c = context.
Result<std::unique_ptr<Session>> openLmSession(std::shared_ptr<Package> package, int64_t batch,
                                               int64_t context, int64_t chunk,
                                               std::string_view device = "cpu");

/// Resets the session, feeds the prompts (each at least one token) in chunks
/// of the bound s and generates; `out` gets the new tokens of each row.
Status generate(Session &session, const TokenRows &prompts, const GenerateOptions &options,
                TokenRows &out, GenerateStats &stats);

} // namespace einfall::rt
#endif
