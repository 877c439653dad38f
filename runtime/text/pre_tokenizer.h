//===- pre_tokenizer.h - Cutting text into words -------------------------===//
#ifndef EINFALL_TEXT_PRE_TOKENIZER_H
#define EINFALL_TEXT_PRE_TOKENIZER_H

#include "added_vocabulary.h"
#include "regex.h"

#include <variant>

namespace einfall::text {

/// What becomes of the matches of a Split.
enum class SplitBehavior {
  Removed,
  Isolated,
  MergedWithPrevious,
  MergedWithNext,
  Contiguous,
};

struct SplitStep {
  std::unique_ptr<Regex> regex; ///< Null: `literal` is looked for.
  std::string literal;
  SplitBehavior behavior = SplitBehavior::Isolated;
  bool invert = false;
};

struct DigitsStep {
  bool individual = false;
};

struct ByteLevelStep {
  bool addPrefixSpace = false;
  std::unique_ptr<Regex> regex; ///< Null: use_regex is false.
};

using PreTokenizerStep = std::variant<SplitStep, DigitsStep, ByteLevelStep>;

/// GPT-2's expression, which ByteLevel splits with.
extern const std::string_view byteLevelPattern;

/// The steps of a pre_tokenizer, nested sequences flattened.
class PreTokenizer {
public:
  void add(PreTokenizerStep step) { steps.push_back(std::move(step)); }

  /// Cuts every piece that is not an added token into words.
  void run(std::vector<Piece> &pieces) const;

private:
  std::vector<PreTokenizerStep> steps;
};

} // namespace einfall::text

#endif
