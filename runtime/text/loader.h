//===- loader.h - Reading the sections of a tokenizer.json ---------------===//
//
// loader.cpp reads the model and its tokens, loader_steps.cpp what stands
// before and behind it. Every access checks the type: no JSON text may trap.
//
//===----------------------------------------------------------------------===//
#ifndef EINFALL_TEXT_LOADER_H
#define EINFALL_TEXT_LOADER_H

#include "parts.h"

#include <nlohmann/json.hpp>

namespace einfall::text {

class Loader {
public:
  Loader(TokenizerParts &parts, std::string &error) : parts(parts), error(error) {}

  bool load(const nlohmann::json &file);

private:
  using Json = nlohmann::json;
  static constexpr int maxDepth = 16;

  bool fail(const std::string &what) {
    error = "tokenizer.json: " + what;
    return false;
  }
  bool unsupported(const std::string &section, const std::string &kind) {
    return fail(section + " '" + kind +
                "' is not supported (only byte-level BPE is); pass token ids "
                "instead of text");
  }
  static const Json &member(const Json &object, const std::string &key);
  bool readType(const Json &object, const char *section, std::string &type);
  bool readBool(const Json &object, const char *key, bool &value);
  bool readOptionalBool(const Json &object, const char *key, bool &value);
  bool readText(const Json &object, const char *key, std::string &value);
  bool readId(const Json &value, const std::string &where, int32_t &id);

  bool loadModel(const Json &model);
  bool loadVocab(const Json &vocab, BpeConfig &config);
  bool loadMerges(const Json &merges, BpeConfig &config);
  bool loadAddedTokens(const Json &list);
  bool loadNormalizer(const Json &normalizer, int depth);
  bool loadPreTokenizer(const Json &step, int depth);
  bool loadSplit(const Json &step);
  bool loadPostProcessor(const Json &processor, int depth);
  bool loadTemplate(const Json &processor);
  bool loadEnds(const Json &processor);
  bool loadDecoder(const Json &decoder);

  TokenizerParts &parts;
  std::string &error;
  bool hasTemplate = false;
};

} // namespace einfall::text

#endif
