//===- loader.cpp - Model and tokens of a tokenizer.json -----------------===//

#include "loader.h"

namespace einfall::text {

/// Leaves room for the ids that added tokens are given behind the others.
static constexpr int64_t maxId = 1 << 30;

const Loader::Json &Loader::member(const Json &object, const std::string &key) {
  static const Json none;
  if (!object.is_object())
    return none;
  auto it = object.find(key);
  return it == object.end() ? none : *it;
}

bool Loader::readType(const Json &object, const char *section, std::string &type) {
  const Json &value = member(object, "type");
  if (!value.is_string())
    return fail(std::string(section) + " has no type");
  type = value.get_ref<const std::string &>();
  return true;
}

bool Loader::readBool(const Json &object, const char *key, bool &value) {
  const Json &found = member(object, key);
  if (!found.is_boolean())
    return fail(std::string("'") + key + "' must be true or false");
  value = found.get<bool>();
  return true;
}

bool Loader::readOptionalBool(const Json &object, const char *key, bool &value) {
  return member(object, key).is_null() || readBool(object, key, value);
}

bool Loader::readText(const Json &object, const char *key, std::string &value) {
  const Json &found = member(object, key);
  if (!found.is_string())
    return fail(std::string("'") + key + "' must be a string");
  value = found.get_ref<const std::string &>();
  return true;
}

bool Loader::readId(const Json &value, const std::string &where, int32_t &id) {
  if (!value.is_number_integer())
    return fail("the id of " + where + " must be an integer");
  // Unsigned values beyond int64 come out negative, which is refused too.
  int64_t number = value.get<int64_t>();
  if (number < 0 || number > maxId)
    return fail("the id of " + where + " is out of range");
  id = static_cast<int32_t>(number);
  return true;
}

bool Loader::loadVocab(const Json &vocab, BpeConfig &config) {
  if (!vocab.is_object())
    return fail("model.vocab must map tokens to ids");
  config.vocab.reserve(vocab.size());
  for (auto it = vocab.begin(); it != vocab.end(); ++it) {
    int32_t id = 0;
    if (!readId(it.value(), "'" + it.key() + "'", id))
      return false;
    config.vocab.emplace_back(it.key(), id);
  }
  return true;
}

bool Loader::loadMerges(const Json &merges, BpeConfig &config) {
  if (!merges.is_array())
    return fail("model.merges must be a list");
  config.merges.reserve(merges.size());
  for (const Json &merge : merges) {
    if (merge.is_array() && merge.size() == 2 && merge[0].is_string() && merge[1].is_string()) {
      config.merges.emplace_back(merge[0].get_ref<const std::string &>(),
                                 merge[1].get_ref<const std::string &>());
      continue;
    }
    if (!merge.is_string())
      return fail("a merge must be a string or a pair of strings");
    const std::string &line = merge.get_ref<const std::string &>();
    if (line.starts_with("#version"))
      continue;
    size_t space = line.find(' ');
    if (space == std::string::npos || line.find(' ', space + 1) != std::string::npos)
      return fail("merge '" + line + "' is not two tokens");
    config.merges.emplace_back(line.substr(0, space), line.substr(space + 1));
  }
  return true;
}

bool Loader::loadModel(const Json &model) {
  if (!model.is_object())
    return fail("there is no model");
  const Json &type = member(model, "type");
  if (type.is_string() && type != "BPE")
    return unsupported("model", type.get_ref<const std::string &>());
  if (!type.is_string() && (!type.is_null() || !model.contains("merges")))
    return fail("the model has no type");

  BpeConfig config;
  bool byteFallback = false;
  if (!readOptionalBool(model, "byte_fallback", byteFallback) ||
      !readOptionalBool(model, "fuse_unk", config.fuseUnknown) ||
      !readOptionalBool(model, "ignore_merges", config.ignoreMerges))
    return false;
  if (byteFallback)
    return unsupported("model option", "byte_fallback");
  const Json &dropout = member(model, "dropout");
  if (!dropout.is_null() && dropout != 0)
    return unsupported("model option", "dropout");
  std::string unknown;
  if (!member(model, "unk_token").is_null()) {
    if (!readText(model, "unk_token", unknown))
      return false;
    config.unknown = unknown;
  }
  for (auto [key, value] : {std::pair("continuing_subword_prefix", &config.continuingPrefix),
                            std::pair("end_of_word_suffix", &config.endSuffix)})
    if (!member(model, key).is_null() && !readText(model, key, *value))
      return false;
  if (!loadVocab(member(model, "vocab"), config) || !loadMerges(member(model, "merges"), config))
    return false;
  std::string what;
  return parts.model.build(std::move(config), what) || fail(what);
}

bool Loader::loadAddedTokens(const Json &list) {
  if (list.is_null())
    return true;
  if (!list.is_array())
    return fail("added_tokens must be a list");
  std::vector<AddedToken> tokens;
  for (const Json &entry : list) {
    AddedToken token;
    int32_t id;
    if (!readText(entry, "content", token.content) ||
        !readId(member(entry, "id"), "added token '" + token.content + "'", id) ||
        !readBool(entry, "single_word", token.singleWord) ||
        !readBool(entry, "lstrip", token.lstrip) || !readBool(entry, "rstrip", token.rstrip) ||
        !readBool(entry, "normalized", token.normalized) ||
        !readBool(entry, "special", token.special))
      return false;
    tokens.push_back(std::move(token));
  }
  parts.added.build(tokens, parts.model, parts.nfc);
  return true;
}

bool Loader::load(const Json &file) {
  if (!file.is_object())
    return fail("not a JSON object");
  return loadModel(member(file, "model")) && loadNormalizer(member(file, "normalizer"), 0) &&
         loadAddedTokens(member(file, "added_tokens")) &&
         loadPreTokenizer(member(file, "pre_tokenizer"), 0) &&
         loadPostProcessor(member(file, "post_processor"), 0) &&
         loadDecoder(member(file, "decoder"));
}

bool loadParts(std::string_view json, TokenizerParts &parts, std::string &error) {
  nlohmann::json file = nlohmann::json::parse(json.begin(), json.end(), nullptr, false);
  if (file.is_discarded()) {
    error = "tokenizer.json: not valid JSON";
    return false;
  }
  return Loader(parts, error).load(file);
}

} // namespace einfall::text
