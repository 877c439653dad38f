//===- parts.h - What a tokenizer.json describes -------------------------===//
#ifndef EINFALL_TEXT_PARTS_H
#define EINFALL_TEXT_PARTS_H

#include "added_vocabulary.h"
#include "bpe.h"
#include "pre_tokenizer.h"

namespace einfall::text {

/// A part of the post-processor's template: the text, or special tokens.
struct TemplatePart {
  bool isText = true;
  std::vector<int32_t> ids;
};

enum class DecoderKind {
  SpaceJoined, ///< No decoder: tokens with a space between.
  Joined,      ///< An empty sequence: tokens one after another.
  ByteLevel,   ///< Tokens read back through the byte alphabet.
};

struct TokenizerParts {
  bool nfc = false;
  AddedVocabulary added;
  PreTokenizer preTokenizer;
  BpeModel model;
  std::vector<TemplatePart> postProcessor{TemplatePart()};
  DecoderKind decoder = DecoderKind::SpaceJoined;

  /// Null if there is no such id.
  const std::string *tokenOf(int32_t id) const {
    const std::string *token = added.tokenOf(id);
    return token ? token : model.tokenOf(id);
  }
};

/// False and a sentence in `error` if the file is malformed or unsupported.
bool loadParts(std::string_view json, TokenizerParts &parts, std::string &error);

} // namespace einfall::text

#endif
